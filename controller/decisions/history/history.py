"""How results of many monitors are read in the order of time: from when to when, in which steps, by which index. Pure.

A step is one statement. It brings a bounded number of rows and takes a bounded time, however many results there are and
however few of them are wanted, so nothing ever sorts a day or holds a connection for long.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from controller.errors import InvalidError
from shared.wire.rounds import Purpose, to_datetime, to_ms

DEFAULT_LENGTH = timedelta(hours=24)
AHEAD = timedelta(days=1)
"""No result is due later than this from now, whatever is asked for."""

_DAY_MS = 86_400_000.0
_LONG_SECONDS = 0.25
_FILL = 0.75
_MOST_CHANGE = 4.0
_LOOKUP = 6
"""To find the results of one monitor costs as much as this many rows read in the order of time (measured)."""


class Order(StrEnum):
    ASC = "asc"
    DESC = "desc"


class Period(NamedTuple):
    """Half-open: what is due at `until` is not in it."""

    since: datetime
    until: datetime


class Position(NamedTuple):
    """A place in the order of results: by due moment, then by these numbers, then by purpose as the database orders it.
    With zeros it is the place before all results that are due at that moment.
    """

    due_at: datetime
    monitor_id: int = 0
    location_id: int = 0
    purpose: Purpose = Purpose.SCHEDULED


class Slice(NamedTuple):
    """What one statement reads: a part of the period, beyond `position` in the order of the walk."""

    since: datetime
    until: datetime
    position: Position


def period(since: datetime | None, until: datetime | None, *, now: datetime, kept: timedelta) -> Period:
    """The time that is asked for, as far as results are `kept`; the last 24 hours when nothing is said.

    Raises InvalidError when it ends before it begins.
    """
    if since is not None and since >= (until or now):
        raise InvalidError("from", "must be before to" if until else "must be before now, where to is not given")
    oldest, latest = now - kept, now + AHEAD
    ends = min(max(until or now, oldest), latest)
    begins = ends - DEFAULT_LENGTH if since is None else since
    return Period(_whole_ms(min(max(begins, oldest), ends)), _whole_ms(ends))


def start(walked: Period, order: Order) -> Position:
    return Position(walked.until if order is Order.DESC else walked.since)


def reads_by_monitor(monitors: int, of_all: int, rows: int) -> bool:
    """Whether so many rows of these monitors are found sooner monitor by monitor than in the order of time, where the
    rows of all others lie between them.
    """
    return _LOOKUP * monitors * monitors <= rows * of_all


class Walk:
    """The steps through a period: short at first, and then so long that each brings nearly as many rows as it may.

    `monitors` is how many there are to read of; `rows` is how many a step brings at most.
    """

    def __init__(self, walked: Period, order: Order, position: Position, *, monitors: int, rows: int) -> None:
        self.order = order
        self.position = position
        self._period = walked
        self._rows = rows
        self._width_ms = max(1.0, _DAY_MS / max(1, monitors))

    @property
    def ended(self) -> bool:
        if self.order is Order.DESC:
            return self.position <= Position(self._period.since)
        return self.position.due_at >= self._period.until

    def next_slice(self) -> Slice:
        since, until = self._period
        # Whole milliseconds, which is all that a cursor keeps of a position.
        here, width = self.position.due_at, timedelta(milliseconds=round(self._width_ms))
        if self.order is Order.DESC:
            return Slice(here - min(width, here - since), here, self.position)
        return Slice(here, here + min(width, until - here), self.position)

    def took(self, step: Slice, rows: int, last: Position | None, seconds: float) -> None:
        """A step brought so many rows, the last one there, in that time; there may be more of it when it was full."""
        width_ms = max(1.0, (step.until - step.since) / timedelta(milliseconds=1))
        if rows >= self._rows and last is not None:
            self.position = last
        else:
            self.position = Position(step.since if self.order is Order.DESC else step.until)
        if rows:
            covered_ms = abs(self.position.due_at - step.position.due_at) / timedelta(milliseconds=1)
            wanted_ms = _FILL * covered_ms * self._rows / rows
        else:
            wanted_ms = _MOST_CHANGE * width_ms
        if seconds > _LONG_SECONDS:
            wanted_ms = min(wanted_ms, width_ms / 2)
        self._width_ms = max(1.0, width_ms / _MOST_CHANGE, min(wanted_ms, width_ms * _MOST_CHANGE))


def _whole_ms(at: datetime) -> datetime:
    """The first whole millisecond that is not before; results are due at whole ones."""
    ms = to_ms(at.astimezone(UTC))
    return to_datetime(ms) if to_datetime(ms) == at else to_datetime(ms + 1)
