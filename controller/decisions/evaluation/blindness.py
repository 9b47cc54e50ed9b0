"""When a location could not see, put together from what was noted of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple


class Blind(NamedTuple):
    """Nothing was seen from a moment to another, for one reason; so many checks should have."""

    reason: str
    from_at: datetime
    to_at: datetime
    checks: int


def joined(periods: Iterable[Blind]) -> list[Blind]:
    """Those of one reason that overlap or touch become one; the latest first."""
    last: dict[str, Blind] = {}
    done: list[Blind] = []
    for period in sorted(periods, key=lambda one: one.from_at):
        before = last.get(period.reason)
        if before is not None and period.from_at <= before.to_at:
            to_at = max(before.to_at, period.to_at)
            last[period.reason] = before._replace(to_at=to_at, checks=before.checks + period.checks)
        else:
            if before is not None:
                done.append(before)
            last[period.reason] = period
    return sorted([*done, *last.values()], key=lambda one: (one.from_at, one.reason), reverse=True)
