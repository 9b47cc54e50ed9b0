"""Replayed under another policy, checks give what living under that policy would have given."""

from __future__ import annotations

import pytest

from controller.decisions.evaluation.policy import PRESETS, STANDARD, Policy
from controller.decisions.evaluation.state import Severity
from controller.decisions.replay.comparison import PolicyDifference, differing, lasted_ms
from controller.decisions.replay.recorded import RecordedCheck
from controller.decisions.replay.replay import ReplayedIncident
from controller.model import Mode
from shared.wire.failures import Failure
from shared.wire.messages import ResultStatus
from shared.wire.rounds import Purpose
from tests.unit.controller.evaluation.evaluations import REFUSED
from tests.unit.controller.evaluation.rounds_and_rechecks import always
from tests.unit.controller.replay.recorded_weeks import RecordedClockwork

INTERVAL = 300
OTHERS = [
    Policy(quorum="any"),
    Policy(quorum=2),
    Policy(quorum="all"),
    Policy(rechecks=0),
    Policy(rechecks=3),
    Policy(consecutive_rounds=3),
    Policy(recovery_rounds=3),
    PRESETS[Mode.PRIMARY],
]


def failing(here: int, seconds: float) -> Failure | None:
    """Some hours apart: everybody for an hour, two for half an hour, one for an hour."""
    outages = [(3000, 6600, 5), (14_000, 15_800, 2), (25_000, 28_600, 1)]
    return REFUSED if any(begin <= seconds < end and here <= many for begin, end, many in outages) else None


@pytest.mark.parametrize("policy", OTHERS, ids=range(len(OTHERS)))
def test_long_outages_are_found_under_every_policy(policy: Policy) -> None:
    recorded, living = (RecordedClockwork(failing, interval=INTERVAL, policy=one) for one in (STANDARD, policy))
    for clockwork in (recorded, living):
        clockwork.run(36_000)
    replayed = recorded.replayed(policy, 36_000).incidents
    assert [one.severity for one in replayed] == [one.severity for one in living.lived]
    for found, lived in zip(replayed, living.lived, strict=True):
        assert abs(found.opened_ms - lived.opened_ms) <= INTERVAL * 1000
        assert found.resolved_ms is not None
        assert lived.resolved_ms is not None
        assert abs(found.resolved_ms - lived.resolved_ms) <= INTERVAL * 1000


def test_a_recheck_that_was_never_made_is_decided_by_the_next_check_of_each_location() -> None:
    """Under a policy without rechecks none was made; a failed round that the next one does not repeat opens nothing."""
    without = Policy(rechecks=0)
    once, twice = (
        RecordedClockwork(always(1, 2, 3, begin=begin, end=1000), interval=INTERVAL, policy=without)
        for begin in (800, 500)
    )
    for clockwork, number in ((once, 0), (twice, 1)):
        clockwork.run(3000)
        assert not [one for one in clockwork.recorded if one.purpose is Purpose.RECHECK]
        assert len(clockwork.lived) == 1
        assert len(clockwork.replayed(STANDARD, 3000).incidents) == number


def test_a_check_that_was_requested_and_is_missing_stays_missing() -> None:
    clockwork = RecordedClockwork(always(1, 2, 3, begin=500, end=1600), interval=INTERVAL)
    clockwork.run(3000)
    assert len(clockwork.replayed(Policy(quorum=3), 3000).incidents) == 1
    lost = [one for one in clockwork.recorded if one.location_id != 3]
    assert clockwork.replayed(Policy(quorum=3), 3000, lost).incidents == []


def test_a_result_that_came_late_counts_for_nothing() -> None:
    clockwork = RecordedClockwork(always(1, 2, 3, begin=500, end=1600), interval=INTERVAL)
    clockwork.run(3000)
    late = [_stored_later(one) if one.status is ResultStatus.FAILURE else one for one in clockwork.recorded]
    assert clockwork.replayed(STANDARD, 3000, late).incidents == []


def _stored_later(check: RecordedCheck) -> RecordedCheck:
    return RecordedCheck(
        check.due_ms, check.location_id, check.purpose, check.status, check.stored_ms + 3_600_000, check.failure
    )


def incident(opened: int, resolved: int | None, severity: Severity = Severity.DOWN) -> ReplayedIncident:
    return ReplayedIncident(opened_ms=opened, resolved_ms=resolved, severity=severity, reason="")


def test_incidents_that_overlap_are_one_and_may_have_changed() -> None:
    before = [incident(10_000, 20_000), incident(50_000, 60_000), incident(90_000, None)]
    after = [incident(10_500, 20_000), incident(30_000, 31_000), incident(95_000, None)]
    found = differing(before, after, 100_000)
    assert [one.difference for one in found] == [
        PolicyDifference.ADDED,
        PolicyDifference.REMOVED,
        PolicyDifference.CHANGED,
    ]
    assert [one.opened_ms for one in found] == [30_000, 50_000, 90_000]
    assert lasted_ms(before, 100_000) == 30_000
