"""What one scope sees, made once for all its streams: the same bytes go to everybody who has the same page open."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import structlog

from controller.errors import DomainError
from controller.http.problems import UNAVAILABLE
from controller.operations.monitors.verdict_counts import VerdictCounts, count_verdicts
from controller.pages.live.addresses import view_of
from controller.pages.live.changes import Changes
from controller.pages.live.frames import beat_frame, stale_frame, view_frame
from controller.pages.live.views import Context, LiveView
from controller.streaming.event_filter import EventFilter, matches
from controller.streaming.frames import StreamPosition
from controller.streaming.stream_event import StreamEvent
from controller.streaming.subscription import Subscription
from shared.clock import utc_now

log = structlog.get_logger()

BEAT_TURNS = 2
REFRESH_TURNS = 5
"""A beat is sent, and what has no events is looked up, once in so many turns. A turn takes the hub's `pace_seconds`."""

MOST_MISSED = 2000
"""A stream that missed more events than this fetches its pages anew."""

_AT_ONCE = 50


class Feed:
    """`event_filter` says whose events the scope sees. A feed runs while it has streams."""

    def __init__(self, context: Context, event_filter: EventFilter) -> None:
        self._context = context
        self._hub = context.services.live
        self._filter = event_filter
        self._views: dict[str, LiveView] = {}
        self._streams: dict[Subscription, list[LiveView]] = {}
        self._changes = Changes()
        self._counts: VerdictCounts | None = None
        self._turns = 0
        self._running: asyncio.Task[None] | None = None

    def is_last(self, stream: Subscription) -> bool:
        return self._streams.keys() == {stream}

    # Events.

    def notice(self, event: StreamEvent) -> None:
        if matches(self._filter, event):
            self._changes.add(event)

    def miss(self) -> None:
        self._changes.lost = True

    # Streams.

    def attach(self, stream: Subscription, addresses: Sequence[str], since: StreamPosition | None) -> None:
        """Send what happens to these pages from now on. `since` is the position that they are true of; when too much
        happened after it, or it is None, they are fetched anew.
        """
        if self._running is None:
            self._hub.observe(self._filter.organization, self)
            self._running = asyncio.create_task(self._run(), name="live-pages")
        missed = self._missed(since)
        views = [self._views.setdefault(address, view_of(address)) for address in dict.fromkeys(addresses)]
        self._streams[stream] = views
        for view in views:
            view.join(stream)
            if missed is None:
                stream.queue(stale_frame(view.address))
            else:
                view.pending.merge(missed)
        if beat := self._beat(None):
            stream.queue(beat)

    async def detach(self, stream: Subscription) -> None:
        """Returns when nothing runs any more, if it was the last stream."""
        for view in self._streams.pop(stream, ()):
            view.streams.discard(stream)
            if not view.streams:
                del self._views[view.address]
        if not self._streams and self._running is not None:
            self._hub.forget(self._filter.organization, self)
            ended, self._running = self._running, None
            ended.cancel()
            await asyncio.gather(ended, return_exceptions=True)

    def _missed(self, since: StreamPosition | None) -> Changes | None:
        events = None if since is None else self._hub.after(since, MOST_MISSED)
        if events is None or len(events) == MOST_MISSED:
            return None
        found = Changes()
        for event in events:
            if matches(self._filter, event):
                found.add(event)
        return found

    # Turns.

    async def _run(self) -> None:
        while True:
            try:
                await self._turn()
            except UNAVAILABLE:
                pass  # no beat is sent, so pages say that they are out of date
            except Exception:
                log.exception("live_pages_failed")
            await asyncio.sleep(self._hub.bounds.pace_seconds)

    async def _turn(self) -> None:
        """Make and send what is due. What cannot be made now is made in a later turn; until then no beat is sent."""
        position, changes = self._hub.now, self._changes
        self._changes = Changes()
        self._turns += 1
        refresh, beats = self._turns % REFRESH_TURNS == 0, self._turns % BEAT_TURNS == 1
        for view in self._views.values():
            view.pending.merge(changes)
        before = self._counts
        if refresh or changes.judged or changes.lost:
            self._counts = None
        frames = dict[LiveView, bytes]()
        try:
            for view in list(self._views.values()):
                if frame := await self._frame(view, refresh=refresh):
                    frames[view] = frame
            if self._counts is None:
                self._counts = await count_verdicts(self._context.services.database, self._context.principal)
        except UNAVAILABLE:
            self._counts = None
        await self._send(frames, self._beat(position) if beats or self._counts != before else None)

    async def _send(self, frames: Mapping[LiveView, bytes], beat: bytes | None) -> None:
        if not (frames or beat):
            return
        for number, (stream, views) in enumerate(list(self._streams.items())):
            for view in views:
                if view in frames:
                    stream.queue(frames[view])
            if beat:
                stream.queue(beat)
            if number % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)  # somebody else's page does not wait for hundreds of streams

    async def _frame(self, view: LiveView, *, refresh: bool) -> bytes | None:
        """Raises StoreUnavailableError."""
        pending, view.pending = view.pending, Changes()
        try:
            message = await view.message(self._context, pending, refresh=refresh)
        except UNAVAILABLE:
            view.pending.merge(pending)
            raise
        except DomainError:
            return None  # there is no such page, or not for this scope
        except Exception:
            log.exception("live_page_failed", view=view.address)
            return None
        return None if message is None else view_frame(message)

    def _beat(self, position: StreamPosition | None) -> bytes | None:
        """None while events or numbers cannot be read: a page that gets no beat says that it is not live."""
        if self._hub.now is None or self._counts is None or not self._context.services.bus.connected:
            return None
        return beat_frame(position, utc_now(), self._counts)
