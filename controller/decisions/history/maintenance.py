"""When a monitor was in maintenance: that time is not judged. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import NamedTuple

from controller.decisions.history.uptime import Span


class MaintenanceTime(NamedTuple):
    """From one moment to another, in epoch milliseconds; it lasts while the end is None. `suspended`: nothing was
    checked.
    """

    from_ms: int
    to_ms: int | None
    suspended: bool = False


def spans(times: Iterable[MaintenanceTime], until_ms: int) -> list[Span]:
    """In order and apart from each other, which the times of several windows are not. One that lasts longer than
    `until_ms`, or has no end, ends there.
    """
    found: list[Span] = []
    for time in sorted(times, key=attrgetter("from_ms")):
        end_ms = until_ms if time.to_ms is None else min(time.to_ms, until_ms)
        if time.from_ms >= end_ms:
            continue
        if found and time.from_ms <= found[-1].to_ms:
            found[-1] = Span(found[-1].from_ms, max(found[-1].to_ms, end_ms))
        else:
            found.append(Span(time.from_ms, end_ms))
    return found
