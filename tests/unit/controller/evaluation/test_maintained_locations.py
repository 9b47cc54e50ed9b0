"""Locations under maintenance have no vote."""

from __future__ import annotations

import msgspec
import pytest

from controller.decisions.evaluation.evaluate import EvaluationOutcome, WaitingEvaluation, evaluate
from controller.decisions.evaluation.not_judged import ALL_MAINTAINED
from controller.decisions.evaluation.policy import STANDARD
from controller.decisions.evaluation.state import MonitorState, Severity, VerdictKind
from controller.decisions.evaluation.votes import CheckOutcome
from controller.decisions.maintenance.at_locations import LocationTime, MaintainedLocations, maintained_for
from shared.wire.rounds import Purpose, next_due_ms
from tests.unit.controller.evaluation.test_arrival_order import BEGIN_MS, LOCATIONS, MONITOR, OUTCOMES

DUE_MS = next_due_ms(MONITOR.public_id, 60_000, BEGIN_MS, BEGIN_MS)
UP = MonitorState(verdict=VerdictKind.UP, since_ms=1)
DOWN = MonitorState(verdict=VerdictKind.DOWN, severity=Severity.DOWN, failing_evaluations=3, since_ms=1)


def quiet(*locations: int, since: int = DUE_MS, until: int | None = None) -> MaintainedLocations:
    return MaintainedLocations(tuple(LocationTime(1, None, here, since, until) for here in locations))


def evaluated(letters: str, maintained: MaintainedLocations, state: MonitorState = UP) -> EvaluationOutcome:
    """A round with these outcomes of the three locations; "-" is one of which nothing is known."""
    outcomes = [
        CheckOutcome(here, DUE_MS, *OUTCOMES[letter], DUE_MS + 1)
        for here, letter in enumerate(letters, start=1)
        if letter != "-"
    ]
    waiting = WaitingEvaluation(DUE_MS, Purpose.SCHEDULED, DUE_MS + 10_000, outcomes, [])
    return evaluate(MONITOR, STANDARD, LOCATIONS, state, [waiting], DUE_MS + 20, maintained=maintained)


def test_what_such_a_location_finds_is_no_vote() -> None:
    made = evaluated("fpp", quiet(1))
    assert (made.taken, made.state.verdict, made.state.by_location) == (1, VerdictKind.UP, {})
    assert made.state.reason == "2 of 2 countries pass"


@pytest.mark.parametrize("letter", ["-", "b"], ids=["no result yet", "no result"])
def test_its_absence_is_neither_awaited_nor_blind(letter: str) -> None:
    made = evaluated(f"{letter}pp", quiet(1))
    assert (made.taken, made.wait_until_ms, made.blind_ids) == (1, None, frozenset())


def test_the_others_decide_as_if_there_were_no_more() -> None:
    made = evaluated("pff", quiet(1))
    assert made.recheck_of_ms == DUE_MS
    assert made.state.reason.startswith("2 of 2 countries")


@pytest.mark.parametrize(
    ("since", "until", "has_vote"),
    [
        pytest.param(DUE_MS, DUE_MS + 1, False, id="due as it begins"),
        pytest.param(DUE_MS + 1, None, True, id="due just before it begins"),
        pytest.param(DUE_MS - 5, DUE_MS, True, id="due as it ends"),
    ],
)
def test_the_due_moment_decides(since: int, until: int | None, *, has_vote: bool) -> None:
    made = evaluated("fpp", quiet(1, since=since, until=until))
    assert (1 in made.state.by_location) is has_vote


def test_without_any_vote_the_verdict_stays() -> None:
    made = evaluated("fff", quiet(1, 2, 3))
    assert (made.taken, made.state, made.changes, made.recheck_of_ms) == (1, UP, [], None)
    made = evaluated("ppp", quiet(1, 2, 3), DOWN)
    assert made.state == msgspec.structs.replace(DOWN, reason=ALL_MAINTAINED)


def test_a_window_of_a_customer_concerns_its_monitors_only() -> None:
    times = [LocationTime(1, None, 4, 0, None), LocationTime(1, 7, 5, 0, None), LocationTime(2, None, 6, 0, None)]
    assert maintained_for(times, 1, 7).at(9) == {4, 5}
    assert maintained_for(times, 1, 8).at(9) == {4}
