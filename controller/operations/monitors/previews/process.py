"""Runs replays in a process of their own, so that a preview computes for seconds and the controller serves on."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import msgspec

import controller
from controller.errors import LimitedError
from controller.model import Principal
from controller.operations.monitors.previews.orders import LENGTH_BYTES, ReplayAnswer, ReplayOrder

AT_ONCE = 2
RETRY_SECONDS = 10
_PROGRAM = "controller.operations.monitors.previews.child"
_CODE = str(Path(controller.__file__).parents[1])
_INHERITED_VARIABLES = ("PATH", "LANG", "LC_ALL")


class ReplayEndedError(Exception):
    """The process that replays ended by itself: a fault of ours."""


class Previews:
    """Limits how many previews run at once on this controller, and lets each principal have one. `seconds` is how long
    one may take; so many of them, from the beginning, it may read which checks failed.
    """

    def __init__(self, *, seconds: float = 9.0, reading_seconds: float = 6.0) -> None:
        self.seconds = seconds
        self.reading_seconds = reading_seconds
        self._running: Counter[tuple[int | None, int | None]] = Counter()

    @contextmanager
    def one_of(self, principal: Principal) -> Iterator[None]:
        """Run one preview. Raises LimitedError when too many run already."""
        who = (principal.token_id, principal.account_id)
        if self._running[who]:
            raise LimitedError("a preview of yours is running already: try again when it has ended", RETRY_SECONDS)
        if self._running.total() >= AT_ONCE:
            raise LimitedError(f"{AT_ONCE} previews are running already: try again in a moment", RETRY_SECONDS)
        self._running[who] += 1
        try:
            yield
        finally:
            del self._running[who]


class Replayer:
    """A running process that replays one order at a time."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def replay(self, order: ReplayOrder) -> ReplayAnswer:
        """Raises ReplayEndedError."""
        process = self._process
        assert process.stdin is not None  # noqa: S101 - opened as a pipe
        assert process.stdout is not None  # noqa: S101
        frame = msgspec.msgpack.encode(order)
        try:
            process.stdin.write(len(frame).to_bytes(LENGTH_BYTES) + frame)
            await process.stdin.drain()
            length = int.from_bytes(await process.stdout.readexactly(LENGTH_BYTES))
            answer = await process.stdout.readexactly(length)
        except (OSError, EOFError) as error:
            raise ReplayEndedError(process.returncode) from error
        return msgspec.msgpack.decode(answer, type=ReplayAnswer)


@asynccontextmanager
async def replaying() -> AsyncIterator[Replayer]:
    """A process that lives as long as the block. It inherits nothing but where programs and our own code are."""
    environment = {name: os.environ[name] for name in _INHERITED_VARIABLES if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", _PROGRAM, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=environment | {"PYTHONPATH": _CODE}
    )
    try:
        yield Replayer(process)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await asyncio.shield(process.wait())
