"""What a policy would have opened beside what today's would have: how long, and the incidents that differ. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from controller.decisions.replay.replay import ReplayedIncident

_SAME_MS = 1000


class PolicyDifference(StrEnum):
    """How an incident of one policy differs from those of the other."""

    ADDED = "added"  # today's policy opens none at that time
    REMOVED = "removed"  # only today's policy opens it
    CHANGED = "changed"  # both open one, at another moment, for another time, or of another severity


class DifferingIncident(NamedTuple):
    """`before` is that of today's policy, `after` that of the other one; one of them may be None."""

    difference: PolicyDifference
    before: ReplayedIncident | None
    after: ReplayedIncident | None

    @property
    def opened_ms(self) -> int:
        """When the earlier one was opened."""
        return min(incident.opened_ms for incident in (self.before, self.after) if incident is not None)


def lasted_ms(incidents: Sequence[ReplayedIncident], until_ms: int) -> int:
    """How long these incidents were open, all together."""
    return sum((until_ms if one.resolved_ms is None else one.resolved_ms) - one.opened_ms for one in incidents)


def differing(
    before: Sequence[ReplayedIncident], after: Sequence[ReplayedIncident], until_ms: int
) -> list[DifferingIncident]:
    """Incidents of one monitor that are not the same under both policies, in order. Those that overlap are one."""
    left = list(before)
    found: list[DifferingIncident] = []
    for one in after:
        match = next((other for other in left if _overlap(one, other, until_ms)), None)
        if match is None:
            found.append(DifferingIncident(PolicyDifference.ADDED, None, one))
            continue
        left.remove(match)
        if not _same(match, one, until_ms):
            found.append(DifferingIncident(PolicyDifference.CHANGED, match, one))
    found += [DifferingIncident(PolicyDifference.REMOVED, one, None) for one in left]
    return sorted(found, key=lambda one: one.opened_ms)


def _overlap(one: ReplayedIncident, other: ReplayedIncident, until_ms: int) -> bool:
    return one.opened_ms <= _end(other, until_ms) and other.opened_ms <= _end(one, until_ms)


def _same(one: ReplayedIncident, other: ReplayedIncident, until_ms: int) -> bool:
    return (
        one.severity is other.severity
        and abs(one.opened_ms - other.opened_ms) < _SAME_MS
        and abs(_end(one, until_ms) - _end(other, until_ms)) < _SAME_MS
    )


def _end(one: ReplayedIncident, until_ms: int) -> int:
    return until_ms if one.resolved_ms is None else one.resolved_ms
