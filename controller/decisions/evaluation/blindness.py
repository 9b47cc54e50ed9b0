"""The periods in which a location was blind, merged from the recorded ones. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple


class Blind(NamedTuple):
    """A period in which a location was blind, for one reason; `checks` is how many checks are missing."""

    reason: str
    from_at: datetime
    to_at: datetime
    checks: int


def merged_periods(periods: Iterable[Blind]) -> list[Blind]:
    """Merge periods of one reason that overlap or touch; the latest period comes first."""
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
