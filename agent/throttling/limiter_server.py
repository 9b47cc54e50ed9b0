"""The desk as the parent process of an agent keeps it: one line to each child."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from functools import partial
from typing import NamedTuple

import msgspec
import structlog

from agent.metrics.counts import Counts, States
from agent.metrics.reading import Reading
from agent.throttling.limiter import Desk
from agent.throttling.permits import NoTurnError
from agent.throttling.protocol import LINE_BYTES, Asked, Found, Granted, NotGranted, Read, Told, from_child
from agent.throttling.refused_logins import Outcome
from shared.wire.failures import Failure
from shared.wire.messages import Unfitness

log = structlog.get_logger()

_READING_SECONDS = 1.0


class Readings(NamedTuple):
    """Of the children that answered, and what others had counted when they answered last, the dead included."""

    living: list[Reading]
    past: list[States]


class ServedDesk:
    """A desk with children. `serve` one for each, `found` tells them all, `readings` asks them all."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lines: dict[asyncio.StreamWriter, _Line] = {}
        self._dead = Counts()

    def found(self, unfit: list[Unfitness]) -> None:
        self._desk.found(unfit)
        for writer in self._lines:
            _say(writer, Found(unfit))

    async def readings(self) -> Readings:
        """What all children count. Who does not answer in time is told of with what it had counted before, so that no
        sum falls, but not with what it seemed to be doing.
        """
        lines = list(self._lines.items())
        for writer, line in lines:
            if line.answer is None or line.answer.done():  # else it still owes one: nothing piles up unread
                line.answer = asyncio.get_running_loop().create_future()
                _say(writer, Read())
        answers = [line.answer for _, line in lines if line.answer is not None]
        if answers:
            await asyncio.wait(answers, timeout=_READING_SECONDS)
        there = [line for _, line in lines if not line.ended and line.last is not None]
        living = [line.last for line in there if line.last and line.answer and line.answer.done()]
        silent = [line.last.counts for line in there if line.last and line.answer and not line.answer.done()]
        return Readings(living, [*silent, self._dead.states()])

    def _end(self, writer: asyncio.StreamWriter) -> None:
        line = self._lines.pop(writer)
        line.ended = True
        if line.last is not None:
            self._dead.merge(line.last.counts)
        if line.answer is not None:
            line.answer.cancel()

    async def serve(self, end: socket.socket) -> None:
        """Answer one child until its end closes; then nothing of it is left."""
        reader, writer = await asyncio.open_unix_connection(sock=end, limit=LINE_BYTES)
        held: dict[int, _Held] = {}
        self._lines[writer] = _Line()
        if self._desk.looked.is_set():
            _say(writer, Found(self._desk.unfit))
        try:
            async with asyncio.TaskGroup() as group:
                try:
                    await self._answer(reader, writer, held, group)
                except (OSError, ValueError, msgspec.MsgspecError) as error:
                    log.error("child_not_understood", error=type(error).__name__)
                finally:
                    for each in held.values():
                        each.end()
        finally:
            self._end(writer)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _answer(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        held: dict[int, _Held],
        group: asyncio.TaskGroup,
    ) -> None:
        while line := await reader.readline():
            told = from_child.decode(line)
            if isinstance(told, Asked):
                each = held[told.number] = _Held()
                each.task = group.create_task(self._turn(told, each, writer), name="hold-turn")
                each.task.add_done_callback(partial(_forget, held, told.number))
            elif isinstance(told, Told):
                self._lines[writer].hear(told.reading)
            elif told.number in held:
                held[told.number].end(told.outcome, told.failure)

    async def _turn(self, asked: Asked, each: _Held, writer: asyncio.StreamWriter) -> None:
        try:
            async with self._desk.turn(asked.ask) as permit:
                each.granted = True
                _say(writer, Granted(asked.number, permit.withheld))
                await each.ended.wait()
                permit.fared(each.outcome, each.failure)
        except NoTurnError as error:
            _say(writer, NotGranted(asked.number, str(error)))
        except Exception:
            log.exception("turn_broke")


class _Line:
    """A child that is there, and what it told last of its metrics."""

    def __init__(self) -> None:
        self.last: Reading | None = None
        self.answer: asyncio.Future[None] | None = None
        self.ended = False

    def hear(self, reading: Reading) -> None:
        self.last = reading
        if self.answer is not None and not self.answer.done():
            self.answer.set_result(None)


class _Held:
    """A turn that a child has asked for."""

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None
        self.granted = False
        self.ended = asyncio.Event()
        self.outcome = Outcome.UNCLEAR
        self.failure: Failure | None = None

    def end(self, outcome: Outcome = Outcome.UNCLEAR, failure: Failure | None = None) -> None:
        """The child needs it no more, whether it had it or still waits for it."""
        self.outcome, self.failure = outcome, failure
        self.ended.set()
        if self.task and not self.granted:
            self.task.cancel()


def _forget(held: dict[int, _Held], number: int, _task: asyncio.Task[None]) -> None:
    held.pop(number, None)


def _say(writer: asyncio.StreamWriter, what: Granted | NotGranted | Found | Read) -> None:
    """The parent never waits for a child that does not read; what is unread is bounded by what the child asked."""
    if not writer.is_closing():
        writer.write(msgspec.json.encode(what) + b"\n")
