"""After a person has resolved an incident, a monitor that still fails is confirmed anew, and one that passes is up."""

from __future__ import annotations

import pytest

from controller.decisions.evaluation.policy import STANDARD
from controller.decisions.evaluation.quorum import Ballot, Vote, count_votes
from controller.decisions.evaluation.state import (
    ChangeKind,
    Evaluation,
    MonitorState,
    Severity,
    VerdictKind,
    closed_by_hand,
    take,
)
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase

REFUSED = Failure(kind=FailureKind.REFUSED, source=FailureSource.TARGET, phase=Phase.CONNECT)
DOWN = MonitorState(verdict=VerdictKind.DOWN, severity=Severity.DOWN, taken_ms=1, failing_evaluations=5,
                failing_rounds=5, by_location={0: 5, 1: 5, 2: 5}, first_failing_ms=1)  # fmt: skip


def evaluate_all(state: MonitorState, *ballots: str) -> tuple[MonitorState, list[ChangeKind]]:
    """Evaluate once for each ballot, which three locations give alike."""
    changes = []
    for number, ballot in enumerate(ballots):
        failure = REFUSED if ballot == "failed" else None
        votes = [Vote(position, str(position), str(position), Ballot(ballot), failure) for position in range(3)]
        evaluation = Evaluation(1000 * (number + 1), number, number == 0, 3, count_votes(votes, STANDARD))
        step = take(state, evaluation, STANDARD)
        state = step.state
        changes += [change.kind for change in step.changes]
    return state, changes


@pytest.mark.parametrize("verdict", [VerdictKind.DOWN, VerdictKind.PARTIAL])
def test_one_failing_evaluation_opens_no_new_incident(verdict: VerdictKind) -> None:
    closed = closed_by_hand(
        MonitorState(verdict=verdict, severity=Severity(verdict.value), taken_ms=1, failing_evaluations=5)
    )
    state, changes = evaluate_all(closed, "failed")
    assert (state.verdict, changes) == (VerdictKind.UP, [])


def test_what_fails_again_after_a_recheck_does() -> None:
    state, changes = evaluate_all(closed_by_hand(DOWN), "failed", "failed")
    assert (state.verdict, changes) == (VerdictKind.DOWN, [ChangeKind.OPENED])


def test_what_passes_is_up_and_nothing_is_resolved_twice() -> None:
    state, changes = evaluate_all(closed_by_hand(DOWN), "passed")
    assert (state.verdict, state.stable, changes) == (VerdictKind.UP, True, [])


def test_it_is_stable_at_once() -> None:
    assert closed_by_hand(DOWN).stable
