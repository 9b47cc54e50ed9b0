"""Which times of a week have to be read to replay it: those around failed checks. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from controller.decisions.evaluation.policy import Policy
from controller.decisions.replay.recorded import Window, reach_ms
from controller.model import Location, ScheduledMonitor

_SHORTEST_SETTLING_MS = 10 * 60_000
_LONGEST_SETTLING_MS = 6 * 3_600_000
_SETTLING_ROUNDS = 4
"""How many rounds after a failure are read, besides those that end an incident. Where that is not enough, the replay
says so, and the whole time is read.
"""


def windows(
    monitor: ScheduledMonitor,
    locations: Sequence[Location],
    policies: Iterable[Policy],
    failing_ms: Sequence[int],
    until_ms: int,
) -> list[Window]:
    """The times around failed checks that were due at `failing_ms`, in order; those that meet are one."""
    reach = reach_ms(monitor, locations)
    rounds = _SETTLING_ROUNDS + max((policy.recovery_rounds for policy in policies), default=1)
    settling = min(max(_SHORTEST_SETTLING_MS, reach + rounds * reach), max(_LONGEST_SETTLING_MS, 2 * reach))
    found: list[Window] = []
    for due_ms in failing_ms:
        from_ms, to_ms = due_ms - reach, min(due_ms + settling, until_ms)
        if found and from_ms <= found[-1].to_ms:
            found[-1] = Window(found[-1].from_ms, max(found[-1].to_ms, to_ms))
        else:
            found.append(Window(from_ms, to_ms))
    return found
