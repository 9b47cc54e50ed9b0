"""A time axis: where moments lie on it, in percent, and which of them are labelled. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from controller.decisions.history.views import ceil

_STEPS = tuple(
    [60 * minutes for minutes in (1, 2, 5, 10, 15, 30)]
    + [3600 * hours for hours in (1, 2, 3, 6, 12)]
    + [86_400 * days for days in (1, 2, 7, 14, 30, 60)]
)
_MOST = 7
_DAY = 86_400
_NARROWEST = 0.5


class AxisTick(NamedTuple):
    """A labelled moment. `clock` says whether its label is a time of day, else it is a date."""

    x: float
    at: datetime
    clock: bool


class Extent(NamedTuple):
    """A part of the axis, in percent of its width."""

    x: float
    width: float


def position(at: datetime, since: datetime, until: datetime) -> float:
    """In percent from the beginning; moments outside lie at the ends."""
    return round(100 * min(1.0, max(0.0, (at - since) / (until - since))), 2)


def extent(from_at: datetime, to_at: datetime, since: datetime, until: datetime) -> Extent:
    """Wide enough to be found, however short the time is."""
    x = position(from_at, since, until)
    width = max(_NARROWEST, position(to_at, since, until) - x)
    return Extent(min(x, 100 - width), round(width, 2))


def ticks(since: datetime, until: datetime) -> list[AxisTick]:
    """At most eight round moments (UTC)."""
    whole = (until - since).total_seconds()
    step = next((seconds for seconds in _STEPS if whole / seconds <= _MOST), _STEPS[-1])
    found, at = list[AxisTick](), ceil(since, step)
    while at < until:
        found.append(AxisTick(position(at, since, until), at, step < _DAY and bool(at.hour or at.minute)))
        at += timedelta(seconds=step)
    return found
