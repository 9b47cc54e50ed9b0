"""The desk as a child process of an agent has it: at the other end of a line to its parent."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec
import structlog

from agent.metrics.reading import Reading
from agent.throttling.limiter import Ask, Permit
from agent.throttling.permits import NoTurnError
from agent.throttling.protocol import LINE_BYTES, Asked, Ended, Found, Granted, NotGranted, Read, Told, from_parent
from shared.wire.messages import Unfitness

log = structlog.get_logger()

_PARENT_SECONDS = 5.0


class ParentGoneError(Exception):
    """The process that keeps the desk has ended."""


class FarDesk:
    """A child's way to the desk (agent.courtesy.desk.Counter). Made by `reaching`."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.unfit: list[Unfitness] = []
        self.looked = asyncio.Event()
        self.gone = asyncio.Event()
        self.read: Callable[[], Reading] | None = None
        """What the parent is told when it asks; while there is none it gets no answer."""
        self._writer = writer
        self._asked: dict[int, asyncio.Future[Permit]] = {}
        self._last = 0

    @asynccontextmanager
    async def turn(self, ask: Ask) -> AsyncIterator[Permit]:
        """See Counter. Raises ParentGoneError too."""
        if self.gone.is_set():
            raise ParentGoneError
        self._last += 1
        number = self._last
        answer: asyncio.Future[Permit] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        permit = Permit()
        self._say(Asked(number, ask))
        try:
            permit = await self._answer(answer, ask)
            yield permit
        finally:
            self._asked.pop(number, None)
            self._say(Ended(number, permit.outcome, permit.failure))

    async def _answer(self, answer: asyncio.Future[Permit], ask: Ask) -> Permit:
        try:
            async with asyncio.timeout(ask.seconds + _PARENT_SECONDS):
                return await answer
        except TimeoutError:
            raise NoTurnError("no turn in time: the parent process does not answer") from None

    async def listen(self, reader: asyncio.StreamReader) -> None:
        """Hear the parent until it is gone."""
        try:
            while line := await reader.readline():
                self._hear(from_parent.decode(line))
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            log.error("parent_not_understood", error=type(error).__name__)
        finally:
            self.gone.set()
            for answer in self._asked.values():
                if not answer.done():
                    answer.set_exception(ParentGoneError())

    def _hear(self, told: Granted | NotGranted | Found | Read) -> None:
        if isinstance(told, Found):
            self.unfit = told.unfit
            self.looked.set()
            return
        if isinstance(told, Read):
            if self.read is not None:
                self._say(Told(self.read()))
            return
        answer = self._asked.get(told.number)
        if answer is None or answer.done():
            return
        if isinstance(told, Granted):
            answer.set_result(Permit(told.withheld))
        else:
            answer.set_exception(NoTurnError(told.detail))

    def _say(self, what: Asked | Ended | Told) -> None:
        if not self._writer.is_closing():
            self._writer.write(msgspec.json.encode(what) + b"\n")


@asynccontextmanager
async def reaching(end: socket.socket) -> AsyncIterator[FarDesk]:
    """The desk at the other end of this socket."""
    reader, writer = await asyncio.open_unix_connection(sock=end, limit=LINE_BYTES)
    desk = FarDesk(writer)
    listening = asyncio.create_task(desk.listen(reader), name="hear-parent")
    try:
        yield desk
    finally:
        listening.cancel()
        await asyncio.wait([listening])
        writer.close()
