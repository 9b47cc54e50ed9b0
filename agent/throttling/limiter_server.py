"""The limiter as the parent process of an agent serves it, with one socket to each child."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import NamedTuple

import msgspec
import structlog

from agent.metrics.counts import Counts, States
from agent.metrics.reading import Reading
from agent.throttling.limiter import Limiter
from agent.throttling.permits import NoPermitError
from agent.throttling.protocol import (
    LINE_BYTES,
    Answered,
    Ended,
    Found,
    Granted,
    MetricsReported,
    NotGranted,
    PermitRequested,
    Read,
    Taken,
    TakeRequested,
    from_child,
)
from agent.throttling.refused_logins import Outcome
from agent.throttling.taken import TakenRequests
from shared.wire.failures import Failure
from shared.wire.messages import Unfitness

log = structlog.get_logger()

_READING_SECONDS = 1.0


class Readings(NamedTuple):
    """Readings of the children that answered, and the last known counts of the others, ended ones included."""

    living: list[Reading]
    past: list[States]


class LimiterServer:
    """A limiter with children: `serve` runs once for each, `found` informs all, `readings` queries all."""

    def __init__(self, limiter: Limiter) -> None:
        self._limiter = limiter
        self._taken = TakenRequests()
        self._children: dict[asyncio.StreamWriter, _Child] = {}
        self._ended_counts = Counts()

    def found(self, unfit: list[Unfitness]) -> None:
        self._limiter.found(unfit)
        for writer in self._children:
            _send(writer, Found(unfit))

    async def readings(self) -> Readings:
        """The metrics of all children. A child that does not answer in time contributes its last known counts, so that
        no sum falls, but not its gauges.
        """
        children = list(self._children.items())
        for writer, child in children:
            if child.answer is None or child.answer.done():  # one request at a time, so that none pile up unread
                child.answer = asyncio.get_running_loop().create_future()
                _send(writer, Read())
        answers = [child.answer for _, child in children if child.answer is not None]
        if answers:
            await asyncio.wait(answers, timeout=_READING_SECONDS)
        running = [child for _, child in children if not child.ended and child.last is not None]
        living = [child.last for child in running if child.last and child.answer and child.answer.done()]
        silent = [child.last.counts for child in running if child.last and child.answer and not child.answer.done()]
        return Readings(living, [*silent, self._ended_counts.states()])

    def _end(self, writer: asyncio.StreamWriter) -> None:
        self._taken.left(writer)
        child = self._children.pop(writer)
        child.ended = True
        if child.last is not None:
            self._ended_counts.merge(child.last.counts)
        if child.answer is not None:
            child.answer.cancel()

    async def serve(self, end: socket.socket) -> None:
        """Serve one child until it closes its end; then all its permits are given back."""
        reader, writer = await asyncio.open_unix_connection(sock=end, limit=LINE_BYTES)
        held: dict[int, _ChildPermit] = {}
        self._children[writer] = _Child()
        if self._limiter.examined.is_set():
            _send(writer, Found(self._limiter.unfit))
        try:
            async with asyncio.TaskGroup() as group:
                try:
                    await self._answer(reader, writer, held, group)
                except ConnectionError:
                    log.debug("child_gone")  # it had not read everything when it ended
                except (OSError, ValueError, RecursionError) as error:
                    log.error("child_message_unreadable", error=type(error).__name__)
                finally:
                    for child_permit in held.values():
                        child_permit.end()
        finally:
            self._end(writer)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _answer(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        held: dict[int, _ChildPermit],
        group: asyncio.TaskGroup,
    ) -> None:
        while line := await reader.readline():
            message = from_child.decode(line)
            if isinstance(message, PermitRequested):
                if message.number in held:
                    raise ValueError("a number that another permit has")  # which would never be given back
                child_permit = held[message.number] = _ChildPermit()
                child_permit.task = group.create_task(self._grant(message, child_permit, writer), name="hold-permit")
                child_permit.task.add_done_callback(partial(_forget, held, message.number))
            elif isinstance(message, MetricsReported):
                self._children[writer].take_reading(message.reading)
            elif isinstance(message, TakeRequested):
                _send(writer, Taken(message.number, self._taken.take(writer, message.requests, monotonic())))
            elif isinstance(message, Answered):
                self._taken.answered(writer, message.check_id)
            elif message.number in held:
                held[message.number].end(message)

    async def _grant(
        self, requested: PermitRequested, child_permit: _ChildPermit, writer: asyncio.StreamWriter
    ) -> None:
        try:
            async with self._limiter.permit(requested.query) as permit:
                child_permit.granted = True
                _send(writer, Granted(requested.number, permit.withheld, permit.tries))
                await child_permit.ended.wait()
                permit.record_outcome(*child_permit.reported)
        except NoPermitError as error:
            _send(writer, NotGranted(requested.number, str(error)))
        except Exception:
            log.exception("permit_failed")


class _Child:
    """A connected child and its last metrics."""

    def __init__(self) -> None:
        self.last: Reading | None = None
        self.answer: asyncio.Future[None] | None = None
        self.ended = False

    def take_reading(self, reading: Reading) -> None:
        self.last = reading
        if self.answer is not None and not self.answer.done():
            self.answer.set_result(None)


class _ChildPermit:
    """A permit that a child requested."""

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None
        self.granted = False
        self.ended = asyncio.Event()
        self.reported: tuple[Outcome, Failure | None, int] = (Outcome.UNCLEAR, None, 1)

    def end(self, message: Ended | None = None) -> None:
        """The child no longer needs the permit, whether it has it or still waits for it; it may have died instead."""
        if message is not None:
            self.reported = message.outcome, message.failure, message.refusals
        self.ended.set()
        if self.task and not self.granted:
            self.task.cancel()


def _forget(held: dict[int, _ChildPermit], number: int, _task: asyncio.Task[None]) -> None:
    held.pop(number, None)


def _send(writer: asyncio.StreamWriter, what: Granted | NotGranted | Found | Read | Taken) -> None:
    """Send without waiting for a child that does not read. The child's own requests bound what is unread."""
    if not writer.is_closing():
        writer.write(msgspec.json.encode(what) + b"\n")
