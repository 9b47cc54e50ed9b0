"""Runs what computes for long beside the event loop, on which everything else of a controller waits for its turn.

There is one thread for it. The interpreter runs one thread at a time, so more would compute no sooner; but the loop
would have to wait for each of them whenever it comes back from a system call.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

THREAD = "off-loop"
"""What the names of these threads begin with."""

SWITCH_SECONDS = 0.001
"""How long a thread that computes keeps the interpreter when the loop wants it, after each of the loop's system calls.
With Python's 5 ms an answer to each of 20 clients was up to 131 ms late while a thread computed, with this 12 ms."""

_AT_ONCE = 200

_threads = ThreadPoolExecutor(1, thread_name_prefix=THREAD)


async def off_loop(work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """What `work` returns or raises. It must touch nothing that the loop changes meanwhile. If the caller is cancelled,
    it runs to its end nevertheless, for nobody.
    """
    return await asyncio.get_running_loop().run_in_executor(_threads, lambda: work(*arguments, **named))


async def in_turns(items: Iterable[T], at_once: int = _AT_ONCE) -> AsyncIterator[T]:
    """These, with a turn for everything else on the loop after every so many."""
    for number, item in enumerate(items, 1):
        yield item
        if not number % at_once:
            await asyncio.sleep(0)


def share_interpreter() -> None:
    """Let the loop have the interpreter soon while a thread computes; once for a process that serves."""
    sys.setswitchinterval(SWITCH_SECONDS)
