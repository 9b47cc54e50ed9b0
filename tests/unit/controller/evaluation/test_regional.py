"""A regional outage is said a minute after it began, whatever the interval, and not for anything that passes before."""

from __future__ import annotations

import pytest

from controller.decisions.evaluation.doubts import Doubts
from controller.decisions.evaluation.evaluate import WaitingEvaluation, evaluate
from controller.decisions.evaluation.policy import STANDARD, Policy
from controller.decisions.evaluation.state import ChangeKind, Severity
from controller.decisions.evaluation.votes import CheckOutcome
from controller.decisions.schedule.rounds import RECHECK_SECONDS
from shared.wire.failures import Failure, FailureKind, FailureSource
from shared.wire.messages import ResultStatus
from shared.wire.rounds import Purpose
from tests.unit.controller.evaluation.evaluations import GREYLISTED, REFUSED
from tests.unit.controller.evaluation.rounds_and_rechecks import LOCATIONS, Clockwork, always

INTERVALS = (10, 12, 15, 20, 25, 45, 55, 60, 90, 300, 900, 3600)


@pytest.mark.parametrize("interval", INTERVALS)
def test_it_is_said_after_a_minute_at_every_interval(interval: int) -> None:
    clockwork = Clockwork(always(3), interval=interval)
    clockwork.run(150)
    [opened] = clockwork.opened
    assert opened.severity is Severity.PARTIAL
    assert 60 <= opened.seconds <= 62
    assert opened.reason == "1 of 5 countries cannot connect: refused; BR, DE, JP, US pass"


@pytest.mark.parametrize("interval", [interval for interval in INTERVALS if interval >= 30])
@pytest.mark.parametrize(("timeout", "latest"), [(10, 71), (30, 102)])
def test_rechecks_do_not_wait_for_those_that_time_out(interval: int, timeout: int, latest: int) -> None:
    """The failure is known only after the first timeout; the last check, at the earliest a minute after the first one,
    takes another.
    """
    clockwork = Clockwork(always(3), interval=interval, failing_ms=timeout * 1000)
    clockwork.run(200)
    [opened] = clockwork.opened
    assert 60 + timeout <= opened.seconds <= latest


@pytest.mark.parametrize(("seconds", "said"), [(0, 60), (30, 60), (60, 60), (90, 90), (600, 600)])
@pytest.mark.parametrize("interval", [10, 60, 3600])
def test_the_policy_says_after_how_long_but_never_before_a_minute(seconds: int, said: int, interval: int) -> None:
    clockwork = Clockwork(always(3), interval=interval, policy=Policy(regional_after_seconds=seconds))
    clockwork.run(700)
    [opened] = clockwork.opened
    assert said <= opened.seconds <= said + 11


@pytest.mark.parametrize("interval", INTERVALS)
@pytest.mark.parametrize("end", [5, 15, 35, 55])
def test_what_passes_before_is_no_outage(interval: int, end: float) -> None:
    clockwork = Clockwork(always(3, end=end), interval=interval)
    clockwork.run(200)
    assert clockwork.opened == []
    assert clockwork.verdicts == ["up"]
    assert clockwork.state.stable
    assert "cannot" not in clockwork.state.reason
    latest = max((seconds for seconds, _ in clockwork.seconds()), default=0)
    assert latest <= end + 10, "rechecks end with the first that passes"


def test_only_those_that_failed_are_asked_again_between_the_first_recheck_and_the_last() -> None:
    clockwork = Clockwork(always(2, 3), interval=300)
    clockwork.run(280)
    assert clockwork.seconds() == [(10, 5), (20, 2), (30, 2), (40, 2), (50, 2), (60, 5)]


@pytest.mark.parametrize(
    ("interval", "rechecks"),
    [
        pytest.param(10, [], id="each round takes the place of a recheck"),
        pytest.param(60, [10, 20, 30, 40, 50], id="the round confirms"),
        pytest.param(15, [10, 25, 40], id="rechecks between rounds"),
        pytest.param(45, [10, 20, 30, 40, 60], id="a round among the rechecks"),
    ],
)
def test_a_round_takes_the_place_of_a_recheck(interval: int, rechecks: list[int]) -> None:
    clockwork = Clockwork(always(3), interval=interval)
    clockwork.run(100)
    assert [seconds for seconds, _ in clockwork.seconds()] == rechecks


@pytest.mark.parametrize("interval", [10, 20, 60, 300])
def test_rounds_of_other_locations_take_no_place(interval: int) -> None:
    """Where locations take turns, the next round does not ask the location that failed."""
    clockwork = Clockwork(always(3), interval=interval, per_round=2, policy=Policy(quorum=2))
    clockwork.run(5 * interval + 100)
    [opened] = clockwork.opened
    failed = min(one.due_ms for one in clockwork.checked if 3 in one.location_ids) - clockwork.begin_ms
    assert {count for _, count in clockwork.seconds(Purpose.SCHEDULED)} == {2}
    assert opened.seconds - failed / 1000 <= 75
    assert clockwork.state.severity is Severity.PARTIAL, "rounds that did not ask the location have not ended it"


@pytest.mark.parametrize("interval", [10, 60, 300])
def test_it_is_not_over_because_its_location_is_blind(interval: int) -> None:
    """Our own agent may be in trouble for the same reason as the server's visitors."""
    out_of_order = Failure(kind=FailureKind.AGENT_ERROR, source=FailureSource.AGENT)

    def failing(here: int, seconds: float) -> Failure | None:
        if here != 3 or seconds >= 8 * interval + 100:
            return None
        return out_of_order if 2 * interval + 100 <= seconds < 5 * interval + 100 else REFUSED

    clockwork = Clockwork(failing, interval=interval)
    clockwork.run(12 * interval + 100)
    assert len(clockwork.opened) == 1
    assert clockwork.verdicts == ["up", "partial", "up"]
    assert clockwork.state.severity is None, "it ends when the location passes"


def test_it_is_over_when_it_turns_out_to_be_the_fault_of_our_network() -> None:
    stripped = Failure(kind=FailureKind.STARTTLS_MISSING, source=FailureSource.TARGET)
    clockwork = Clockwork(always(3, failure=stripped), interval=60)
    clockwork.run(100)
    assert clockwork.state.severity is Severity.PARTIAL
    due = clockwork.begin_ms + 120_000
    doubts = Doubts(starttls=frozenset({3}))
    waiting = [round_of(due, {3}, stripped)]
    made = evaluate(clockwork.monitor, STANDARD, LOCATIONS, clockwork.state, waiting, due + 1000, doubts=doubts)
    assert [one.change.kind for one in made.changes] == [ChangeKind.RESOLVED]


def test_a_recheck_by_the_failing_locations_is_no_quorum() -> None:
    """All who were asked fail, and that is one of five."""
    clockwork = Clockwork(always(3), interval=3600, policy=Policy(quorum=2))
    clockwork.run(59)
    assert [count for _, count in clockwork.seconds()] == [5, 1, 1, 1, 1]
    assert (clockwork.opened, clockwork.verdicts) == ([], ["up"])
    assert clockwork.state.failing_evaluations == 0


def test_another_location_that_fails_in_turn_begins_anew() -> None:
    def in_turn(here: int, seconds: float) -> Failure | None:
        return REFUSED if here == 1 + int(seconds // 20) % 5 else None

    clockwork = Clockwork(in_turn, interval=10)
    clockwork.run(600)
    assert clockwork.opened == []


def test_a_location_that_fails_later_than_one_that_recovers_is_rechecked_too() -> None:
    def failing(here: int, seconds: float) -> Failure | None:
        return REFUSED if (here == 1 and seconds < 15) or (here == 2 and seconds >= 10) else None

    clockwork = Clockwork(failing, interval=3600)
    clockwork.run(120)
    [opened] = clockwork.opened
    assert 70 <= opened.seconds <= 73


def test_an_outage_that_becomes_everybodys_meanwhile_is_down() -> None:
    def failing(here: int, seconds: float) -> Failure | None:
        return REFUSED if here == 1 or seconds >= 25 else None

    clockwork = Clockwork(failing, interval=60)
    clockwork.run(120)
    [opened] = clockwork.opened
    assert opened.severity is Severity.DOWN
    assert 70 <= opened.seconds <= 72


def test_a_recheck_of_an_outage_does_not_coincide_with_one_of_a_suspicion() -> None:
    """A controller that was away finds both in one evaluation: first one location failed, then all did."""
    clockwork = Clockwork(always(3), interval=60)
    first, second = clockwork.begin_ms, clockwork.begin_ms + 60_000
    now = second + 15_000
    waiting = [round_of(first, {3}), round_of(second, {here.id for here in LOCATIONS})]
    made = evaluate(clockwork.monitor, STANDARD, LOCATIONS, clockwork.state, waiting, now)
    assert made.recheck_of_ms == second
    assert made.rechecks
    assert now + RECHECK_SECONDS * 1000 not in {one.due_ms for one in made.rechecks}


def round_of(due_ms: int, failing: set[int], failure: Failure = REFUSED) -> WaitingEvaluation:
    """A round in which these locations failed in this way and the others passed."""
    outcomes = [
        CheckOutcome(here.id, due_ms, ResultStatus.FAILURE, failure, None, due_ms)
        if here.id in failing
        else CheckOutcome(here.id, due_ms, ResultStatus.SUCCESS, None, None, due_ms)
        for here in LOCATIONS
    ]
    return WaitingEvaluation(due_ms, Purpose.SCHEDULED, due_ms + 25_000, outcomes, [])


def test_a_refusal_in_a_recheck_is_the_probes_problem() -> None:
    def failing(here: int, seconds: float) -> Failure | None:
        return None if here != 1 else REFUSED if seconds < 15 else GREYLISTED

    clockwork = Clockwork(failing, interval=3600)
    clockwork.run(3500)
    assert clockwork.opened == []
    assert clockwork.state.stable


def test_without_rechecks_only_rounds_count() -> None:
    clockwork = Clockwork(always(3), interval=60, policy=Policy(rechecks=0))
    clockwork.run(310)
    assert clockwork.seconds() == []
    [opened] = clockwork.opened
    assert opened.seconds > 300


def test_an_open_regional_outage_is_not_rechecked_any_more() -> None:
    clockwork = Clockwork(always(3), interval=300)
    clockwork.run(1000)
    assert max(seconds for seconds, _ in clockwork.seconds()) == 60
    assert len(clockwork.opened) == 1
    assert clockwork.state.severity is Severity.PARTIAL


def test_a_state_from_before_counts_the_minute_from_the_next_failure() -> None:
    """States that were stored without the moment of the first failure stay readable, and confirm nothing too early."""
    clockwork = Clockwork(always(3), interval=60, policy=STANDARD)
    clockwork.state = type(clockwork.state)(by_location={3: 5})
    clockwork.run(50)
    assert clockwork.opened == []
    again = Clockwork(always(3), interval=60)
    again.state = type(again.state)(by_location={3: 5})
    again.run(100)
    assert [round(opened.seconds) for opened in again.opened] == [60]
