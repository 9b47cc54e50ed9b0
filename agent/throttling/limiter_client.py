"""The limiter as a child process uses it: over a socket to the parent process."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import msgspec
import structlog

from agent.metrics.reading import Reading
from agent.throttling.limiter import Permit, PermitQuery
from agent.throttling.permits import NoPermitError
from agent.throttling.protocol import (
    LINE_BYTES,
    MOST_TAKEN,
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
    from_parent,
)
from agent.throttling.taken import TakenRequest
from shared.wire.messages import Unfitness

log = structlog.get_logger()

_PARENT_SECONDS = 5.0
_TAKING_SECONDS = 1.0


class ParentGoneError(Exception):
    """The parent process, which has the limiter, has ended."""


class LimiterClient:
    """Uses the parent's limiter (agent.throttling.limiter.PermitSource) and its memory of what other processes took
    (agent.throttling.taken.OtherProcesses). Made by `connect_to_limiter`.
    """

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.unfit: list[Unfitness] = []
        self.examined = asyncio.Event()
        self.gone = asyncio.Event()
        self.read: Callable[[], Reading] | None = None
        """Returns the metrics when the parent requests them; without it the parent gets no answer."""
        self._writer = writer
        self._waiting: dict[int, asyncio.Future[Permit]] = {}
        self._taking: dict[int, asyncio.Future[list[int]]] = {}
        self._last = 0

    @asynccontextmanager
    async def permit(self, query: PermitQuery) -> AsyncIterator[Permit]:
        """See PermitSource. Also raises ParentGoneError."""
        if self.gone.is_set():
            raise ParentGoneError
        self._last += 1
        number = self._last
        answer: asyncio.Future[Permit] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        permit = Permit()
        self._send(PermitRequested(number, query))
        try:
            permit = await self._answer(answer, query)
            yield permit
        finally:
            self._waiting.pop(number, None)
            self._send(Ended(number, permit.outcome, permit.failure, permit.refusals))

    async def _answer(self, answer: asyncio.Future[Permit], query: PermitQuery) -> Permit:
        try:
            async with asyncio.timeout(query.seconds + _PARENT_SECONDS):
                return await answer
        except TimeoutError:
            raise NoPermitError("no permit in time: the agent's parent process does not answer") from None

    async def replayed(self, requests: Sequence[TakenRequest]) -> frozenset[int]:
        """See OtherProcesses. Without an answer in time none count as replayed: a parent that is gone or hangs must not
        stop checks, and this process still knows its own.
        """
        found: set[int] = set()
        for start in range(0, len(requests), MOST_TAKEN):
            found.update(start + place for place in await self._take(requests[start : start + MOST_TAKEN]))
        return frozenset(found)

    async def _take(self, requests: Sequence[TakenRequest]) -> list[int]:
        if self.gone.is_set():
            return []
        self._last += 1
        number = self._last
        answer: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
        self._taking[number] = answer
        self._send(TakeRequested(number, list(requests)))
        try:
            async with asyncio.timeout(_TAKING_SECONDS):
                return await answer
        except TimeoutError:
            log.warning("parent_silent")
            return []
        finally:
            del self._taking[number]

    def answered(self, check_id: UUID) -> None:
        """See OtherProcesses."""
        self._send(Answered(check_id))

    async def listen(self, reader: asyncio.StreamReader) -> None:
        """Read the parent's messages until it is gone."""
        try:
            while line := await reader.readline():
                self._receive(from_parent.decode(line))
        except (OSError, ValueError, RecursionError) as error:
            log.error("parent_message_unreadable", error=type(error).__name__)
        finally:
            self.gone.set()
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(ParentGoneError())
            for taking in self._taking.values():
                if not taking.done():
                    taking.set_result([])

    def _receive(self, message: Granted | NotGranted | Found | Read | Taken) -> None:
        if isinstance(message, Found):
            self.unfit = message.unfit
            self.examined.set()
            return
        if isinstance(message, Read):
            if self.read is not None:
                self._send(MetricsReported(self.read()))
            return
        if isinstance(message, Taken):
            taking = self._taking.get(message.number)
            if taking is not None and not taking.done():
                taking.set_result(message.replayed)
            return
        answer = self._waiting.get(message.number)
        if answer is None or answer.done():
            return
        if isinstance(message, Granted):
            answer.set_result(Permit(message.withheld, message.tries))
        else:
            answer.set_exception(NoPermitError(message.detail))

    def _send(self, what: PermitRequested | Ended | MetricsReported | TakeRequested | Answered) -> None:
        if not self._writer.is_closing():
            self._writer.write(msgspec.json.encode(what) + b"\n")


@asynccontextmanager
async def connect_to_limiter(end: socket.socket) -> AsyncIterator[LimiterClient]:
    """A client of the limiter at the other end of this socket."""
    reader, writer = await asyncio.open_unix_connection(sock=end, limit=LINE_BYTES)
    limiter = LimiterClient(writer)
    listening = asyncio.create_task(limiter.listen(reader), name="read-parent")
    try:
        yield limiter
    finally:
        listening.cancel()
        await asyncio.wait([listening])
        writer.close()
