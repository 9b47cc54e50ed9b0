"""Happy eyeballs (RFC 8305): tries addresses one after the other, each with a head start; the first to answer wins.

The library for this is not used: it returns a bare socket, which costs a third more to read from under uvloop, and one
text for all failures, while a check must report the outcome at each address.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import chain, zip_longest

from agent.net.stream import LineStream

HEAD_START_SECONDS = 0.25
"""How long an address may stay silent before the next one is tried in parallel (RFC 8305 section 5)."""


def interleaved(addresses: Sequence[str]) -> list[str]:
    """Alternate the families, beginning with that of the first address; keep the order within a family (section 4)."""
    first: list[str] = []
    second: list[str] = []
    for address in addresses:
        (first if (":" in address) is (":" in addresses[0]) else second).append(address)
    return [address for address in chain(*zip_longest(first, second)) if address is not None]


async def first_to_connect(
    addresses: Sequence[str], connect: Callable[[str], Awaitable[LineStream]], *, head_start: float
) -> LineStream:
    """The connection to the first address that `connect` reaches; all others are closed, also on cancellation.

    An address is tried when the one before it has failed, or `head_start` seconds after it. If none is reached, raises
    the last failure: OSError or CheckError.
    """
    tries: list[asyncio.Task[LineStream]] = []
    won: asyncio.Task[LineStream] | None = None
    running: set[asyncio.Task[LineStream]] = set()
    waiting = list(reversed(addresses))
    try:
        while waiting or running:
            if waiting:
                tries.append(asyncio.ensure_future(connect(waiting.pop())))
                running.add(tries[-1])
            done, running = await asyncio.wait(
                running, timeout=head_start if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            won = next((task for task in tries if task in done and task.exception() is None), None)
            if won is not None:
                break
        return (won or tries[-1]).result()
    except asyncio.CancelledError:
        won = None
        raise
    finally:
        await _end(tries, won)


async def _end(tries: Sequence[asyncio.Task[LineStream]], won: asyncio.Task[LineStream] | None) -> None:
    for task in tries:
        task.cancel()
    try:
        await asyncio.wait(tries)
    except asyncio.CancelledError:
        won = None
        raise
    finally:
        for task in tries:
            if task is not won and task.done() and not task.cancelled() and task.exception() is None:
                task.result().close()
