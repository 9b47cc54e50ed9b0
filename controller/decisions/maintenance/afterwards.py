"""Whether people are notified, now that a maintenance is over, of an outage that began inside and may last. Pure.

They are notified once an evaluation of checks that were due after the end shows that it lasts. Where no evaluation
shows anything, by a fault of ours, they are notified after a while of what was known, and that nothing confirms it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from controller.decisions.evaluation.state import MonitorState, Severity, VerdictKind
from controller.decisions.maintenance.covering import covering
from controller.decisions.maintenance.occurrences import Occurrence, merged
from controller.model.maintenance import WindowTime
from shared.epoch import to_datetime, to_ms

PATIENCE = timedelta(minutes=15)
"""How long after the end checks are awaited that show whether an outage lasts."""

_SOON = timedelta(minutes=1)
_BAD = frozenset({VerdictKind.PARTIAL, VerdictKind.DOWN})


class AfterwardsStep(StrEnum):
    NOTHING = "nothing"  # no maintenance kept it quiet, or one still does
    CHECK = "check"  # nothing is known yet since the end: all locations check again
    NOTIFY = "notify"  # it lasts
    NOTIFY_UNCONFIRMED = "notify_unconfirmed"  # no check could show for a long time whether it lasts


class Afterwards(NamedTuple):
    """What to do. The maintenance was from `since` to `until`; both are None with NOTHING."""

    step: AfterwardsStep
    since: datetime | None = None
    until: datetime | None = None


_NOTHING = Afterwards(AfterwardsStep.NOTHING)


def afterwards(
    times: Iterable[WindowTime], confirmed: Collection[datetime], state: MonitorState, now: datetime
) -> Afterwards:
    """`times` are those of the monitor's windows; `confirmed` the due moments of the evidence for the changes of an
    open incident that nobody was notified of: that it opened, or that it became worse.
    """
    times = list(times)
    spans = merged(Occurrence(one.from_at, one.to_at) for one in times)
    held = [span for span in spans if any(span.holds(at) for at in confirmed)]
    if not held or covering(times, now) is not None:
        return _NOTHING
    over = [span for span in spans if span.to_at is not None and held[0].from_at <= span.from_at <= now]
    until = max((span.to_at for span in over if span.to_at is not None), default=None)
    if until is None or until > now:
        return _NOTHING
    evaluated = to_datetime(state.taken_ms)
    # Between two maintenances, checks may have shown that it lasts; then the second one does not matter.
    fresh = evaluated >= min(span.to_at for span in held if span.to_at is not None)
    if fresh and covering(times, evaluated) is None and lasts(state):
        return Afterwards(AfterwardsStep.NOTIFY, held[0].from_at, until)
    if now - until >= PATIENCE and (evaluated < until or state.verdict is VerdictKind.UNKNOWN):
        return Afterwards(AfterwardsStep.NOTIFY_UNCONFIRMED, held[0].from_at, until)
    return Afterwards(AfterwardsStep.CHECK, held[0].from_at, until)


def lasts(state: MonitorState) -> bool:
    """Whether the latest evaluation shows the outage, and nothing of its end yet."""
    if state.verdict not in _BAD or state.good_evaluations:
        return False
    return state.severity is Severity.PARTIAL or state.failing_evaluations > 0


def next_check_ms(until: datetime, now: datetime) -> int:
    """When all locations check again, for an outage in a maintenance that ended at `until`: the same on every
    controller.
    """
    every = 10_000 if now - until < _SOON else 60_000
    end_ms = to_ms(until)
    return end_ms + ((to_ms(now) - end_ms) // every + 1) * every
