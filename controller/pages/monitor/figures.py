"""Uptime, and what each figure leaves out. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from controller.decisions.history.uptime import uptime_percent
from controller.model import Monitor
from controller.operations.monitors.course import Uptime
from controller.pages.shell.texts import span

_NAMES = {"day": "Last day", "month": "Last 30 days", "year": "Last year"}
_NEGLIGIBLE = timedelta(seconds=60)


class UptimeView(msgspec.Struct, frozen=True, kw_only=True):
    """`percent` is of the judged time, None when nothing was judged. `words` say how much was judged and what was left
    out.
    """

    name: str
    since: datetime
    until: datetime
    percent: float | None
    down: timedelta
    words: str
    left_out: str


def uptime_views(monitor: Monitor, uptimes: Iterable[Uptime], *, ranged: bool) -> list[UptimeView]:
    """The figure of the time shown comes first, unless `ranged` says that it is among the others."""
    views = [_view(monitor, one) for one in uptimes if one.range or not ranged]
    return [*(one for one in views if one.name == _SHOWN), *(one for one in views if one.name != _SHOWN)]


_SHOWN = "Time shown"


def _view(monitor: Monitor, one: Uptime) -> UptimeView:
    since = min(max(one.since, monitor.created_at), one.until)
    length = one.until - since
    judged = min(length, timedelta(milliseconds=one.judged.evaluated.evaluated_ms))
    maintenance = timedelta(milliseconds=sum(part.to_ms - part.from_ms for part in one.judged.maintenance))
    rest = length - judged - maintenance
    parts = []
    if one.since < monitor.created_at:
        parts.append(f"the monitor has existed for {_exactly(length)}")
    if maintenance >= _NEGLIGIBLE:
        parts.append(f"{_exactly(maintenance)} of maintenance")
    if rest >= _NEGLIGIBLE:
        parts.append(f"{_exactly(rest)} without a check that counts (none ran, or every location was blind)")
    return UptimeView(
        name=_NAMES[one.range.value] if one.range else _SHOWN,
        since=since,
        until=one.until,
        percent=uptime_percent(one.judged.evaluated),
        down=timedelta(milliseconds=one.judged.evaluated.down_ms),
        words=f"judged {_exactly(judged)} of {_exactly(length)}",
        left_out="; ".join(parts),
    )


def _exactly(length: timedelta) -> str:
    """In two units, so that what is left out adds up: 29 d 4 h, 23 h 40 min, 12 min."""
    minutes = int(length.total_seconds()) // 60
    units = ((minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "min"))
    first = next((number for number, (count, _) in enumerate(units) if count), None)
    if first is None:
        return span(length)
    return " ".join(f"{count} {unit}" for count, unit in units[first : first + 2] if count)
