"""One open stream's share of what is told: a bounded queue, and how it ends. It never makes anybody else wait."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from controller.model import Principal
from controller.streaming.event_filter import Wanted
from controller.streaming.frames import EndReason
from controller.streaming.stream_event import Told

CHUNK_BYTES = 64 * 1024


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who opened a stream, and by what: the SHA-256 of a token, or of a session's secret."""

    principal: Principal
    credential: bytes

    @property
    def name(self) -> str:
        """All streams of a person, or of a token, count together."""
        if self.principal.token_id is not None:
            return f"token:{self.principal.token_id}"
        return f"account:{self.principal.account_id}"


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """Of what waits for one reader, and of the seconds that something handed to it may wait: beyond, it is too slow.
    `grace_seconds` are for the word that it ends. A comment comes every `comment_seconds`.
    """

    events: int = 10_000
    bytes: int = 4 * 1024 * 1024
    write_seconds: float = 30.0
    grace_seconds: float = 0.5
    comment_seconds: float = 15.0


class Subscription:
    """What waits to be written to one client."""

    def __init__(self, wanted: Wanted, holder: Holder, bounds: Bounds) -> None:
        self.wanted = wanted
        self.holder = holder
        self.bounds = bounds
        self.since = 0
        """Events up to this sequence were told in another way."""
        self.ended: EndReason | None = None
        self.left = False
        """The client is gone: there is nobody to tell."""
        self._frames: deque[bytes] = deque()
        self._bytes = 0
        self._something = asyncio.Event()
        self._writing: asyncio.Timeout | None = None

    @property
    def over(self) -> bool:
        return self.left or self.ended is not None

    @property
    def waiting(self) -> bool:
        """Whether there is something to write."""
        return bool(self._frames)

    def offer(self, told: Told) -> None:
        """Queue an event that it wants and has not had, unless it is over; a reader that lags too far is ended."""
        if told.sequence > self.since:
            self.queue(told.frame)

    def queue(self, frame: bytes) -> None:
        if self.over:
            return
        if len(self._frames) >= self.bounds.events or self._bytes + len(frame) > self.bounds.bytes:
            self.end(EndReason.SLOW_READER)
            return
        self._frames.append(frame)
        self._bytes += len(frame)
        self._something.set()

    def end(self, reason: EndReason) -> None:
        """End it, with a word to the client as far as that can be told soon."""
        if self.over:
            return
        self.ended = reason
        self._wake()
        if self._writing is not None and not self._writing.expired():
            soon = asyncio.get_running_loop().time() + self.bounds.grace_seconds
            self._writing.reschedule(min(self._writing.when() or soon, soon))

    def leave(self) -> None:
        self.left = True
        self._wake()

    def rouse(self) -> None:
        """Have whoever waits look around, though there may be nothing to write; who takes is not roused any more."""
        self._something.set()

    def _wake(self) -> None:
        self._frames.clear()
        self._bytes = 0
        self._something.set()

    async def wait(self, seconds: float) -> None:
        """Until there is something to write, it was roused, it is over, or the time has passed."""
        try:
            async with asyncio.timeout(seconds):
                await self._something.wait()
        except TimeoutError:
            return

    def take(self) -> bytes:
        """The frames that wait, some 64 KiB at once; empty when there are none."""
        taken: list[bytes] = []
        size = 0
        while self._frames and size < CHUNK_BYTES:
            frame = self._frames.popleft()
            taken.append(frame)
            size += len(frame)
        self._bytes -= size
        if not self._frames and not self.over:
            self._something.clear()
        return b"".join(taken)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Around one write: its deadline comes nearer when the stream is ended meanwhile. Raises TimeoutError."""
        async with asyncio.timeout(self.bounds.grace_seconds if self.ended else self.bounds.write_seconds) as deadline:
            self._writing = deadline
            try:
                yield
            finally:
                self._writing = None
