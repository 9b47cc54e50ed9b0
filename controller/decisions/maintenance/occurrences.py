"""From when to when a window is, as instants. Pure.

The start and the end of an occurrence are computed on the wall clock and each turned into an instant, so that a window
from 01:00 to 04:00 is one hour shorter or longer on the nights of summer time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import NamedTuple
from zoneinfo import ZoneInfo

from controller.decisions.maintenance.recurrence import starts
from controller.decisions.maintenance.wall_clock import end_instant, start_instant
from controller.model.maintenance import Recurrence

LONGEST = timedelta(days=31)
"""How long a window with an end may last."""

_WIDEST = timedelta(days=2)
"""More than a wall clock can differ from UTC, and than a change of a zone can move it (Samoa skipped a day)."""

_WEEK = timedelta(days=7)


class Occurrence(NamedTuple):
    """From one instant (included) to another (excluded), both UTC; without an end while `to_at` is None. One that a
    change of the clock leaves nothing of (`is_empty`) does not take place.
    """

    from_at: datetime
    to_at: datetime | None

    @property
    def is_empty(self) -> bool:
        return self.to_at is not None and self.to_at <= self.from_at

    @property
    def seconds(self) -> int | None:
        return None if self.to_at is None else max(0, round((self.to_at - self.from_at).total_seconds()))

    def holds(self, at: datetime) -> bool:
        return self.from_at <= at and (self.to_at is None or at < self.to_at)


class Timetable(NamedTuple):
    """When a window is: the wall clock's times of its first start and end (naive) in a zone, and how it recurs. Without
    an end it lasts until somebody ends it, and does not recur.
    """

    zone: ZoneInfo
    start: datetime
    end: datetime | None
    recurrence: Recurrence | None = None


def occurrences(table: Timetable, since: datetime, until: datetime) -> list[Occurrence]:
    """Those that take place and have some time within these instants, in order of their starts."""
    return [found for found in takewhile(lambda one: one.from_at < until, _from(table, since)) if not found.is_empty]


def upcoming(table: Timetable, now: datetime) -> Iterator[Occurrence]:
    """Those that are not over, in order of their starts; also such as do not take place."""
    return _from(table, now)


def _from(table: Timetable, since: datetime) -> Iterator[Occurrence]:
    """Those that end after `since`."""
    if table.end is None or table.recurrence is None:
        found = iter([table.start])
    else:
        earliest = since.astimezone(UTC).replace(tzinfo=None) - (table.end - table.start) - _WIDEST
        found = starts(table.recurrence, table.start, earliest)
    for start in found:
        one = _occurrence(table, start)
        if one.to_at is None or max(one.from_at, one.to_at) > since:
            yield one


def _occurrence(table: Timetable, start: datetime) -> Occurrence:
    """One whose end is beyond the calendar has none."""
    try:
        end = None if table.end is None else end_instant(start + (table.end - table.start), table.zone)
    except OverflowError:
        end = None
    return Occurrence(start_instant(start, table.zone), end)


def merged(spans: Iterable[Occurrence]) -> list[Occurrence]:
    """The times that any of them covers, in order; such as overlap or touch are one."""
    whole: list[Occurrence] = []
    for one in sorted(spans, key=lambda one: one.from_at):
        last = whole[-1] if whole else None
        if last is None or (last.to_at is not None and last.to_at < one.from_at):
            whole.append(one)
        elif last.to_at is not None and (one.to_at is None or one.to_at > last.to_at):
            whole[-1] = last._replace(to_at=one.to_at)
    return whole


def busiest_week(table: Timetable, now: datetime) -> timedelta:
    """The most time that the window takes of any seven days in the five weeks from its next occurrence on."""
    coming = next((one.from_at for one in upcoming(table, now)), now)
    found = merged(occurrences(table, now, max(now, coming) + 5 * _WEEK))
    return max((_covered(found, one.from_at, one.from_at + _WEEK) for one in found), default=timedelta())


def _covered(spans: Iterable[Occurrence], since: datetime, until: datetime) -> timedelta:
    within = (min(until, one.to_at or until) - max(since, one.from_at) for one in spans)
    return sum((time for time in within if time > timedelta()), timedelta())
