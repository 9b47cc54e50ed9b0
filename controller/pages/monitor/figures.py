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
        parts.append(f"the monitor has existed for {span(length)}")
    if maintenance >= _NEGLIGIBLE:
        parts.append(f"{span(maintenance)} of maintenance")
    if rest >= _NEGLIGIBLE:
        parts.append(f"{span(rest)} without a check that counts (none ran, or every location was blind)")
    return UptimeView(
        name=_NAMES[one.range.value] if one.range else _SHOWN,
        since=since,
        until=one.until,
        percent=uptime_percent(one.judged.evaluated),
        down=timedelta(milliseconds=one.judged.evaluated.down_ms),
        words=f"judged {span(judged)} of {span(length)}",
        left_out="; ".join(parts),
    )
