"""A replay of recorded checks finds what the evaluator found when they were made."""

from __future__ import annotations

from functools import cache
from random import Random  # noqa: TID251 - chance is what is simulated

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.decisions.evaluation.evaluate import WaitingEvaluation, evaluate
from controller.decisions.evaluation.policy import PRESETS, STANDARD, Policy
from controller.decisions.evaluation.state import MonitorState
from controller.decisions.evaluation.votes import CheckOutcome
from controller.decisions.monitors.inherited import policy_fields
from controller.decisions.replay.recorded import Window
from controller.decisions.replay.windows import windows
from shared.wire.failures import Failure
from shared.wire.messages import ResultStatus
from shared.wire.rounds import Purpose
from tests.unit.controller.evaluation.evaluations import REFUSED
from tests.unit.controller.evaluation.rounds_and_rechecks import LOCATIONS, Failing, always
from tests.unit.controller.replay.recorded_weeks import RecordedClockwork

POLICIES = [
    STANDARD,
    *PRESETS.values(),
    Policy(quorum=2, consecutive_rounds=3, recovery_rounds=2),
    Policy(rechecks=0),
    Policy(quorum="any", rechecks=3, recovery_rounds=4),
]


def outages(seed: int, seconds: int, number: int = 12) -> Failing:
    """Some outages of some locations, of a few seconds to some hours, and single failed checks."""
    random = Random(seed)  # noqa: S311 - a repeatable time
    spans = []
    for _ in range(number):
        begin = random.uniform(0, seconds)
        length = random.choice([4, 15, 70, 400, 4000, 12_000])
        here = random.sample(range(1, 6), random.choice([1, 1, 2, 3, 5]))
        spans.append((begin, begin + length, frozenset(here)))

    def failing(here: int, at: float) -> Failure | None:
        if any(begin <= at < end and here in where for begin, end, where in spans):
            return REFUSED
        return REFUSED if hash((seed, here, round(at * 1000))) % 400 == 0 else None

    return failing


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("policy", POLICIES, ids=range(len(POLICIES)))
@pytest.mark.parametrize(("interval", "failing_ms"), [(60, 200), (300, 30_000), (20, 15_000)])
def test_the_same_policy_gives_the_same_incidents(policy: Policy, seed: int, interval: int, failing_ms: int) -> None:
    seconds = 120 * interval
    failing = outages(seed, seconds)
    clockwork = RecordedClockwork(failing, interval=interval, failing_ms=failing_ms, policy=policy)
    clockwork.run(seconds)
    assert clockwork.replayed(policy, seconds).incidents == clockwork.lived


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("policy", POLICIES, ids=range(len(POLICIES)))
def test_what_lies_around_failed_checks_suffices(policy: Policy, seed: int) -> None:
    """Under each policy over checks that were made under the standard one; where it does not suffice, it says so."""
    seconds = 86_400
    clockwork = recorded_day(seed)
    read = windows(
        clockwork.monitor, LOCATIONS, [STANDARD, policy], clockwork.failing_ms, clockwork.begin_ms + seconds * 1000
    )
    near = [one for one in clockwork.recorded if any(here.from_ms <= one.due_ms <= here.to_ms for here in read)]
    assert len(near) < len(clockwork.recorded)
    found = clockwork.replayed(policy, seconds, near, read)
    assert found.uncovered or found.incidents == clockwork.replayed(policy, seconds).incidents


@cache
def recorded_day(seed: int) -> RecordedClockwork:
    clockwork = RecordedClockwork(outages(seed, 86_400, 6), interval=300)
    clockwork.run(86_400)
    assert clockwork.lived
    return clockwork


def test_an_incident_that_outlasts_what_was_read_is_not_passed_over() -> None:
    clockwork = RecordedClockwork(always(1, 2, 3, end=600), interval=60)
    clockwork.run(7200)
    begin = clockwork.begin_ms
    read = [Window(begin, begin + 500_000)]
    near = [one for one in clockwork.recorded if one.due_ms <= read[0].to_ms]
    assert clockwork.replayed(STANDARD, 7200, near, read).uncovered
    assert not clockwork.replayed(STANDARD, 7200).uncovered


@given(
    blind=st.sets(st.tuples(st.integers(1, 5), st.integers(0, 30))),
    late=st.sets(st.tuples(st.integers(1, 5), st.integers(0, 30))),
    policy=st.builds(
        Policy,
        quorum=st.sampled_from(["any", "majority", "all", 1, 2, 7]),
        voters=st.sampled_from(["all", "home"]),
        order=st.sampled_from(["parallel", "sequential"]),
        rechecks=st.sampled_from([None, 0, 1, 5]),
        consecutive_rounds=st.integers(1, 3),
        recovery_rounds=st.integers(1, 3),
        regional_after_seconds=st.sampled_from([0, 60, 600]),
    ),
)
def test_without_a_failed_check_no_policy_opens_an_incident(
    blind: set[tuple[int, int]], late: set[tuple[int, int]], policy: Policy
) -> None:
    """Locations that could not check, or whose results came late, are blind. That is why monitors without a failed
    check are not read. Every round is evaluated here, none is passed over.
    """
    clockwork = RecordedClockwork(always(), interval=60)
    monitor = msgspec.structs.replace(clockwork.monitor, **policy_fields(policy))
    state, now = MonitorState(), 0
    for number in range(31):
        due = clockwork.begin_ms + number * 60_000
        outcomes = []
        for here in LOCATIONS:
            status = ResultStatus.UNKNOWN if (here.id, number) in blind else ResultStatus.SUCCESS
            stored = due + (500_000 if (here.id, number) in late else 200)
            outcomes.append(CheckOutcome(here.id, due, status, None, None, stored))
        now = max(now, due + 90_000)
        waiting = WaitingEvaluation(due, Purpose.SCHEDULED, due + 60_000, outcomes, [])
        made = evaluate(monitor, policy, LOCATIONS, state, [waiting], now)
        assert (made.changes, made.recheck_of_ms, list(made.rechecks)) == ([], None, [])
        state = made.state
