"""The bounded queue of one open stream, and how the stream ends. A slow client never blocks other streams."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from controller.model import Principal
from controller.streaming.event_filter import EventFilter
from controller.streaming.frames import EndReason
from controller.streaming.stream_event import StreamEvent

CHUNK_BYTES = 64 * 1024


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """The principal that opened a stream. `credential` is the SHA-256 of its token or of its session's secret."""

    principal: Principal
    credential: bytes


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of the queue of one client, and of the seconds that one write to it may take; beyond them it is too slow.
    `grace_seconds` is the time for the end event. A comment is sent every `comment_seconds`. What pages show is sent at
    most every `pace_seconds`.
    """

    events: int = 10_000
    bytes: int = 4 * 1024 * 1024
    write_seconds: float = 30.0
    grace_seconds: float = 0.5
    comment_seconds: float = 15.0
    pace_seconds: float = 2.0


class Subscription:
    """The frames that wait to be written to one client."""

    def __init__(self, event_filter: EventFilter, holder: Holder, bounds: Bounds) -> None:
        self.event_filter = event_filter
        self.holder = holder
        self.bounds = bounds
        self.since = 0
        """Events up to this sequence were sent before the subscription joined the hub."""
        self.ended: EndReason | None = None
        self.left = False
        """The client has disconnected."""
        self._frames: deque[bytes] = deque()
        self._bytes = 0
        self._awake = asyncio.Event()
        self._writing: asyncio.Timeout | None = None

    @property
    def over(self) -> bool:
        return self.left or self.ended is not None

    @property
    def waiting(self) -> bool:
        """Whether there are frames to write."""
        return bool(self._frames)

    def offer(self, event: StreamEvent) -> None:
        """Queue an event unless it was sent before or the stream is over. A client that lags too far is ended."""
        if event.sequence > self.since:
            self.queue(event.frame)

    def queue(self, frame: bytes) -> None:
        if self.over:
            return
        if len(self._frames) >= self.bounds.events or self._bytes + len(frame) > self.bounds.bytes:
            self.end(EndReason.SLOW_READER)
            return
        self._frames.append(frame)
        self._bytes += len(frame)
        self._awake.set()

    def end(self, reason: EndReason) -> None:
        """End the stream. The client gets an end event if it can be written within the grace seconds."""
        if self.over:
            return
        self.ended = reason
        self._clear_and_wake()
        if self._writing is not None and not self._writing.expired():
            soon = asyncio.get_running_loop().time() + self.bounds.grace_seconds
            self._writing.reschedule(min(self._writing.when() or soon, soon))

    def leave(self) -> None:
        self.left = True
        self._clear_and_wake()

    def wake(self) -> None:
        """Make `wait` return, even if there is nothing to write. The next `take` resets this."""
        self._awake.set()

    def _clear_and_wake(self) -> None:
        self._frames.clear()
        self._bytes = 0
        self._awake.set()

    async def wait(self, seconds: float) -> None:
        """Return when there are frames to write, after `wake`, when the stream is over, or when the time has passed."""
        try:
            async with asyncio.timeout(seconds):
                await self._awake.wait()
        except TimeoutError:
            return

    def take(self) -> bytes:
        """The queued frames, about 64 KiB at once; empty when there are none."""
        taken: list[bytes] = []
        size = 0
        while self._frames and size < CHUNK_BYTES:
            frame = self._frames.popleft()
            taken.append(frame)
            size += len(frame)
        self._bytes -= size
        if not self._frames and not self.over:
            self._awake.clear()
        return b"".join(taken)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """The context of one write. Its deadline is shortened if the stream is ended meanwhile. Raises TimeoutError."""
        async with asyncio.timeout(self.bounds.grace_seconds if self.ended else self.bounds.write_seconds) as deadline:
            self._writing = deadline
            try:
                yield
            finally:
                self._writing = None
