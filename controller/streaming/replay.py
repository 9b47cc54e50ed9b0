"""Events from the database, for a stream that begins before what EVENTS still has: results by due moment, and what is
kept of all other types by the moment of its publication. Gaps are not sent again.

An event may be sent twice around the borders of a replay, so that none is missing there: `eventId` tells.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from datetime import datetime, timedelta
from operator import itemgetter
from typing import NamedTuple, TypeAlias
from uuid import UUID

from controller.model import Principal
from controller.off_loop import off_loop
from controller.operations.results.results import kept_since
from controller.store.checks.result_history import HistoryRecord
from controller.store.events import kept, marks
from controller.store.events.kept import KeptEvent
from controller.store.platform.pool import Database
from controller.streaming.event_filter import EventFilter, matches
from controller.streaming.frames import ReplayPosition, StreamPosition, event_frame, not_kept_frame
from controller.streaming.replayed_results import replayed_body, results_between
from controller.streaming.stream_event import StreamEvent
from shared.clock import utc_now
from shared.epoch import to_datetime, to_ms
from shared.wire.messages import EventType

LATE = timedelta(hours=1)
"""A result that is stored later than this after it was due may be missing in a replay that begins in between."""

_RELAYING = timedelta(minutes=1)
"""An event is kept within this time after it was published."""

_PAGE = 500
_MOST_MS = 253_402_300_799_999

_Timed: TypeAlias = tuple[int, str, bytes]
"""When it happened (epoch milliseconds), its type, its JSON."""


class ReplaySpan(NamedTuple):
    """What is replayed: events since a moment, and results that were due since an earlier one; both up to `until`. With
    `to_now` also what is being published now.
    """

    since: datetime
    results_since: datetime
    until: datetime
    to_now: bool


def span_from(position: ReplayPosition, now: datetime) -> ReplaySpan:
    """From the position of an earlier replay, or a moment that a client named, until now."""
    since = min(to_datetime(min(position.at_ms, _MOST_MS)), now)
    return ReplaySpan(since, since, now, to_now=True)


class Replay:
    """The events of one span that match a filter; `behind` is where in EVENTS the stream goes on after it."""

    def __init__(
        self,
        database: Database,
        principal: Principal,
        event_filter: EventFilter,
        span: ReplaySpan,
        behind: StreamPosition,
        reading: asyncio.Semaphore,
    ) -> None:
        self.position = ReplayPosition(to_ms(span.since), behind)
        """Everything before it was sent."""
        self._database = database
        self._principal = principal
        self._filter = event_filter
        self._span = span
        self._behind = behind
        self._reading = reading
        self._kept_after = (span.since, 0)

    async def parts(self) -> AsyncGenerator[list[bytes]]:
        """Frames in the order of time, with a notice first when some are not kept; sometimes none. Raises
        StoreUnavailableError.
        """
        notices = await self._notices()
        if notices:
            yield notices
        if EventType.RESULT in self._filter.types:
            span = self._span
            steps = results_between(
                self._database, self._principal, self._filter, span.results_since, span.until, self._reading
            )
            async with aclosing(steps) as found:
                async for records, reached in found:
                    timed = await off_loop(_timed_results, self._filter, records)
                    yield self._frames(timed + await self._kept_until(min(reached, span.until - _RELAYING)), reached)
        yield self._frames(await self._kept_until(self._span.until), self._span.until)
        if self._span.to_now:
            yield self._frames(await self._kept_until(None), self._span.until)

    async def _notices(self) -> list[bytes]:
        """What the database does not have of this span, which then begins later."""
        span, here = self._span, self.position
        oldest = await kept_since(self._database, self._principal, utc_now())
        notices: list[bytes] = []
        if span.since < oldest:
            notices.append(not_kept_frame(here, self._at(to_ms(oldest)), None))
            self._span = span = span._replace(since=oldest, results_since=oldest, until=max(oldest, span.until))
            self._kept_after, self.position = (oldest, 0), self._at(to_ms(oldest))
        until = self._at(to_ms(span.until))
        if EventType.GAP in self._filter.types:
            notices.append(not_kept_frame(self.position, until, [EventType.GAP]))
        others = self._filter.types - {EventType.RESULT, EventType.GAP}
        if others:
            began = await marks.began(self._database)
            if began is None or span.since < began:
                there = until if began is None else self._at(to_ms(min(began, span.until)))
                notices.append(not_kept_frame(self.position, there, others))
        return notices

    async def _kept_until(self, until: datetime | None) -> list[_Timed]:
        """The next kept events before this moment that match; with None all, and those that are being published."""
        timed: list[_Timed] = []
        if self._filter.types <= {EventType.RESULT, EventType.GAP}:
            return timed
        organization = UUID(self._filter.organization)
        while True:
            async with self._reading:
                if until is None:
                    page = await kept.latest(self._database, organization, self._kept_after, at_most=_PAGE)
                else:
                    page = await kept.between(self._database, organization, self._kept_after, until, at_most=_PAGE)
            timed += [found for event in page if (found := self._matching(event)) is not None]
            if page:
                self._kept_after = (page[-1].at, page[-1].id)
            if len(page) < _PAGE:
                return timed

    def _matching(self, found: KeptEvent) -> _Timed | None:
        event = StreamEvent(self.position, found.subject, found.body)
        if not matches(self._filter, event):
            return None
        return to_ms(found.at), event.event_type, b'%b,"replayed":true}' % found.body[:-1]

    def _frames(self, timed: Iterable[_Timed], reached: datetime) -> list[bytes]:
        first_ms = self.position.at_ms
        frames = [
            event_frame(self._at(max(first_ms, at_ms)), event_type, body)
            for at_ms, event_type, body in sorted(timed, key=itemgetter(0))
        ]
        self.position = self._at(max(first_ms, to_ms(reached)))
        return frames

    def _at(self, at_ms: int) -> ReplayPosition:
        return ReplayPosition(at_ms, self._behind)


def _timed_results(event_filter: EventFilter, records: Iterable[HistoryRecord]) -> list[_Timed]:
    organization = UUID(event_filter.organization)
    return [(to_ms(record.due_at), EventType.RESULT.value, replayed_body(organization, record)) for record in records]
