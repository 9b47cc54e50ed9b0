"""How long a location is blind, and its recorded periods merged. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from controller.decisions.sql_function import SqlFunction
from shared.wire.failures import FailureKind, FailureSource

LONGEST_SECONDS = 3600


class Blind(NamedTuple):
    """A period in which a location was blind, for one reason; `checks` is how many checks are missing."""

    reason: str
    from_at: datetime
    to_at: datetime
    checks: int


class BlindCount(NamedTuple):
    """How many checks failed in this way by a fault of `source`."""

    kind: FailureKind
    source: FailureSource
    checks: int


def blind_until(due_at: datetime, interval_seconds: int) -> datetime:
    """A missing check makes its location blind until the monitor is due again, but for an hour at most."""
    return due_at + timedelta(seconds=min(interval_seconds, LONGEST_SECONDS))


BLIND_UNTIL = SqlFunction(
    "blind_until(timestamptz, integer)",
    """
CREATE OR REPLACE FUNCTION blind_until(
  due_at timestamptz, interval_seconds integer
) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT due_at + make_interval(secs => LEAST(interval_seconds, 3600))
$$
""",
)
"""blind_until in SQL."""


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
