"""One open stream: first the events that the client missed, from the database, the ring or EVENTS, then new events.

Nothing awaits between these two parts, so no event is lost or sent twice there.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from typing import NamedTuple

from controller.broker.replay import StreamState, read_after, stream_state
from controller.store.platform.pool import Database, StoreUnavailableError
from controller.streaming.event_filter import matches, replay_subjects
from controller.streaming.frames import (
    RETRY_MS,
    AnyPosition,
    EndReason,
    ReplayPosition,
    StreamPosition,
    comment_frame,
    end_frame,
    epoch_of,
    expired_frame,
    replaced_frame,
    retry_frame,
)
from controller.streaming.hub import StreamHub
from controller.streaming.passed_events import passed
from controller.streaming.replay import Replay, ReplaySpan, span_from
from controller.streaming.stream_event import StreamEvent, event_of
from controller.streaming.subscription import CHUNK_BYTES, Subscription
from shared.clock import utc_now
from shared.nats.bus import Bus
from shared.nats.errors import BusError
from shared.nats.lost_cancellation import raise_lost_cancellation
from shared.wire import subjects

_PAGE = 250
_FROM_RING = 500
_AWAY_SECONDS = 1.0
_LAG_SECONDS = 0.1


class _Gone(NamedTuple):
    """EVENTS in this state no longer has what is behind the position of a stream; `oldest` is behind what is gone."""

    state: StreamState
    oldest: StreamPosition
    notice: bytes


class Stream:
    """The client has everything up to `resume_at` and receives what comes behind it; None means from now on. The
    `database` has what the broker no longer has.
    """

    _position: StreamPosition
    """The client has received everything up to here. It is set once the hub has reached EVENTS."""

    def __init__(
        self,
        hub: StreamHub,
        bus: Bus,
        database: Database,
        subscription: Subscription,
        resume_at: AnyPosition | None,
    ) -> None:
        self._hub = hub
        self._bus = bus
        self._database = database
        self._subscription = subscription
        self._resume_at = resume_at
        self._comment_at = time.monotonic() + subscription.bounds.comment_seconds

    async def chunks(self) -> AsyncGenerator[bytes]:
        """The bytes to write, in chunks of whole frames, until the subscription is over."""
        yield retry_frame(secrets.choice(RETRY_MS))
        for part in (self._start, self._missed, self._live):
            async with aclosing(part()) as chunks:
                async for chunk in chunks:
                    yield chunk
        if self._subscription.ended is not None:
            yield end_frame(self._subscription.ended)

    async def _start(self) -> AsyncGenerator[bytes]:
        """Send the position to resume at early, because the client may disconnect before the first event."""
        if self._resume_at is not None:
            yield comment_frame(self._resume_at)
        # An error status is final for a browser: EventSource reconnects after a lost connection, never after an error.
        while (now := self._hub.now) is None and not self._subscription.over:
            await self._subscription.wait(self._comment_at - time.monotonic())
            if comment := self._comment(self._resume_at):
                yield comment
        if now is None:
            return
        self._subscription.take()  # resets its event; no frame is queued before it joins
        if isinstance(self._resume_at, ReplayPosition):
            self._position = self._resume_at.behind or now
            span = span_from(self._resume_at, utc_now())
            async with aclosing(self._replayed(span, self._position)) as chunks:
                async for chunk in chunks:
                    yield chunk
        else:
            self._position = self._resume_at or now
        if not isinstance(self._resume_at, StreamPosition) and not self._subscription.over:
            yield comment_frame(self._position)

    async def _missed(self) -> AsyncGenerator[bytes]:
        """Events up to the position at which the subscription joins the hub."""
        checked = False  # whether EVENTS was found to contain our position
        while not self._subscription.over:
            hub_at = self._hub.position
            ahead = (
                hub_at is not None
                and hub_at.epoch == self._position.epoch
                and hub_at.sequence < self._position.sequence
            )
            events = None if ahead and not checked else self._hub.after(self._position, _FROM_RING)
            if events is None:
                async with aclosing(self._from_events()) as chunks:
                    async for chunk in chunks:
                        yield chunk
                checked = True
            elif events:
                for chunk in _grouped(self._matching(events)):
                    yield chunk
                self._position = StreamPosition(self._position.epoch, events[-1].sequence)
                await asyncio.sleep(0)  # writes to a fast client never block, and the ring is long
            else:
                self._hub.join(self._subscription, self._position.sequence)
                return

    async def _live(self) -> AsyncGenerator[bytes]:
        while not self._subscription.over:
            await self._subscription.wait(self._comment_at - time.monotonic())
            if self._subscription.over:
                return  # the queue was dropped, so the client has not received everything up to the hub's position
            chunk = self._subscription.take()
            hub_at = self._hub.position
            if hub_at is not None and not self._subscription.waiting:  # it has every event that the hub has
                self._position = StreamPosition(hub_at.epoch, max(hub_at.sequence, self._subscription.since))
                chunk += self._comment(self._position)
            else:
                chunk += self._comment(None)
            if chunk:
                yield chunk

    async def _from_events(self) -> AsyncGenerator[bytes]:
        """A page of EVENTS, and comments while the read takes long or the broker is unavailable."""
        reading = asyncio.create_task(self._read_page(), name="live-read")
        try:
            while not (reading.done() or self._subscription.over):
                await asyncio.wait([reading], timeout=_LAG_SECONDS)
                if comment := self._comment(self._position):
                    yield comment
            if self._subscription.over:
                return
            page = reading.result()
        except BusError:
            await self._subscription.wait(_AWAY_SECONDS)
            return
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        if isinstance(page, _Gone):
            async with aclosing(self._passed(page)) as chunks:
                async for chunk in chunks:
                    yield chunk
            return
        position, frames = page
        for chunk in _grouped(frames):
            yield chunk
        unchanged, self._position = position == self._position, position
        if unchanged and self._hub.after(position, 1) is None:
            await self._subscription.wait(_LAG_SECONDS)  # the hub has not reached this position yet

    async def _passed(self, gone: _Gone) -> AsyncGenerator[bytes]:
        """What EVENTS no longer has, from the database, or the notice that it may be missing."""
        try:
            found = await passed(self._database, self._position, gone.state)
        except StoreUnavailableError:
            self._subscription.end(EndReason.UNAVAILABLE)
            return
        if found is None:
            self._position = gone.oldest
            yield gone.notice
            return
        async with aclosing(self._replayed(found.span, found.behind)) as chunks:
            async for chunk in chunks:
                yield chunk
        if not self._subscription.over:
            self._position = found.behind
            yield comment_frame(self._position)

    async def _replayed(self, span: ReplaySpan, behind: StreamPosition) -> AsyncGenerator[bytes]:
        subscription = self._subscription
        replay = Replay(
            self._database, subscription.holder.principal, subscription.event_filter, span, behind, self._hub.reading
        )
        try:
            async with aclosing(replay.parts()) as parts:
                async for frames in parts:
                    for chunk in _grouped(frames):
                        yield chunk
                    if comment := self._comment(replay.position):
                        yield comment
                    if subscription.over:
                        return
                    await asyncio.sleep(0)
        except StoreUnavailableError:
            subscription.end(EndReason.UNAVAILABLE)

    async def _read_page(self) -> tuple[StreamPosition, list[bytes]] | _Gone:
        """Raises BusError."""
        async with self._hub.reading:
            state = await stream_state(self._bus, subjects.EVENTS)
            raise_lost_cancellation()
            epoch, beginning = epoch_of(state.created), state.first - 1
            if epoch != self._position.epoch or self._position.sequence > state.last:
                position = StreamPosition(epoch, beginning)
                return _Gone(state, position, replaced_frame(self._position, position))
            if self._position.sequence < beginning:
                oldest = StreamPosition(epoch, beginning)
                return _Gone(state, oldest, expired_frame(self._position, state.first))
            narrow = replay_subjects(self._subscription.event_filter)
            if not narrow:
                return StreamPosition(epoch, state.last), []
            page = await read_after(self._bus, subjects.EVENTS, self._position.sequence, narrow, at_most=_PAGE)
        events = [event for stored in page.messages if (event := event_of(epoch, stored)) is not None]
        last = page.messages[-1].sequence if page.messages else self._position.sequence
        # When no more messages are pending, every match up to the state's last sequence has been read.
        return StreamPosition(epoch, last if page.more else max(last, state.last)), self._matching(events)

    def _matching(self, events: Iterable[StreamEvent]) -> list[bytes]:
        return [each.frame for each in events if matches(self._subscription.event_filter, each)]

    def _comment(self, position: AnyPosition | None) -> bytes:
        """A comment when one is due, else nothing. `position` is the one to resume at after reading it."""
        if time.monotonic() < self._comment_at:
            return b""
        self._comment_at = time.monotonic() + self._subscription.bounds.comment_seconds
        return comment_frame(position)


def _grouped(frames: Iterable[bytes]) -> Iterator[bytes]:
    """Join frames into chunks of about 64 KiB, so that a write blocks when the client does not read."""
    group: list[bytes] = []
    size = 0
    for frame in frames:
        group.append(frame)
        size += len(frame)
        if size >= CHUNK_BYTES:
            yield b"".join(group)
            group, size = [], 0
    if group:
        yield b"".join(group)
