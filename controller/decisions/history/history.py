"""How results of many monitors are read in time order: which period, in which steps, by which index. Pure.

A step is one statement. It returns a bounded number of rows and takes a bounded time, however many results there are
and however few of them match, so no statement sorts a whole day or holds a connection for long.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from controller.errors import InvalidError
from shared.epoch import to_datetime, to_ms
from shared.wire.rounds import Purpose

DEFAULT_LENGTH = timedelta(hours=24)
AHEAD = timedelta(days=1)
"""No result is due later than this from now, whatever period is requested."""

_DAY_MS = 86_400_000.0
_CHECKS_A_DAY = 1_440
_LONG_SECONDS = 0.25
_FILL = 0.75
_MOST_CHANGE = 4.0
_HARDLY_LESS, _HARDLY_MORE = 0.75, 2.0
"""A step of half the width in which the width decides takes half as long."""
_LOOKUP = 6
"""Finding the results of one monitor costs as much as reading this many rows in time order (measured)."""


class Order(StrEnum):
    ASC = "asc"
    DESC = "desc"


class Period(NamedTuple):
    """Half-open: what is due at `until` is not in it."""

    since: datetime
    until: datetime


class Position(NamedTuple):
    """A position in the order of results: by due moment, then by these numbers, then by purpose as the database orders
    it. With zeros it is the position before all results that are due at that moment.
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
    """The requested time, as far as results are `kept`; the last 24 hours by default.

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


def reads_by_monitor(monitors: int, total_monitors: int, rows: int) -> bool:
    """Whether so many rows of these monitors are found sooner monitor by monitor than in time order, where the rows of
    all other monitors lie between them.
    """
    return _LOOKUP * monitors * monitors <= rows * total_monitors


class Walk:
    """The steps through a period: short at first, then so long that each returns nearly as many rows as it may.

    `monitors` is how many monitors are read; `rows` is how many rows a step returns at most. With `reads_all` a step
    reads all that it covers even if that is more, so the first one covers no more than brings `rows` of monitors that
    one location checks once a minute.
    """

    def __init__(
        self,
        walked: Period,
        order: Order,
        position: Position,
        *,
        monitors: int,
        rows: int,
        reads_all: bool = False,
    ) -> None:
        self.order = order
        self.position = position
        self._period = walked
        self._rows = rows
        share = min(1.0, rows / _CHECKS_A_DAY) if reads_all else 1.0
        self._width_ms = max(1.0, _DAY_MS * share / max(1, monitors))
        self._seconds_if_wider: float | None = None
        self._least_seconds = 0.0

    @property
    def ended(self) -> bool:
        if self.order is Order.DESC:
            return self.position <= Position(self._period.since)
        return self.position.due_at >= self._period.until

    def next_slice(self) -> Slice:
        since, until = self._period
        # Whole milliseconds, since a cursor stores a position in milliseconds.
        here, width = self.position.due_at, timedelta(milliseconds=round(self._width_ms))
        if self.order is Order.DESC:
            return Slice(here - min(width, here - since), here, self.position)
        return Slice(here, here + min(width, until - here), self.position)

    def record_step(self, step: Slice, rows: int, last: Position | None, seconds: float) -> None:
        """Record that a step returned `rows` rows, the last one at `last`, in `seconds`. A full step may have left
        some out.
        """
        width_ms = max(1.0, (step.until - step.since) / timedelta(milliseconds=1))
        if rows >= self._rows and last is not None:
            self.position = last
        else:
            self.position = Position(step.since if self.order is Order.DESC else step.until)
        if rows:
            covered_ms = abs(self.position.due_at - step.position.due_at) / timedelta(milliseconds=1)
            needed_ms = _FILL * covered_ms * self._rows / rows
        else:
            needed_ms = _MOST_CHANGE * width_ms
        if self._is_too_wide(seconds):
            needed_ms = min(needed_ms, width_ms / 2)
        self._width_ms = max(1.0, width_ms / _MOST_CHANGE, min(needed_ms, width_ms * _MOST_CHANGE))

    def _is_too_wide(self, seconds: float) -> bool:
        """Whether a step that took so long shall be followed by a shorter one. When that took no less, most of the time
        goes into what every step costs, such as finding the blocks around it: shorter steps would only be more of them.
        """
        wider, self._seconds_if_wider = self._seconds_if_wider, None
        if seconds <= max(_LONG_SECONDS, _HARDLY_MORE * self._least_seconds):
            return False
        if wider is not None and seconds > _HARDLY_LESS * wider:
            self._least_seconds = seconds
            return False
        self._seconds_if_wider = seconds
        return True


def _whole_ms(at: datetime) -> datetime:
    """The first whole millisecond that is not earlier; results are due at whole milliseconds."""
    ms = to_ms(at.astimezone(UTC))
    return to_datetime(ms) if to_datetime(ms) == at else to_datetime(ms + 1)
