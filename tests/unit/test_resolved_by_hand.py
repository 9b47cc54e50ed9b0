"""After a person has resolved an incident: what still fails is confirmed anew, what passes is up."""

from __future__ import annotations

import pytest

from controller.decisions.evaluation.policy import STANDARD
from controller.decisions.evaluation.quorum import Ballot, Vote, look_at
from controller.decisions.evaluation.state import (
    ChangeKind,
    Look,
    Severity,
    Standing,
    VerdictKind,
    closed_by_hand,
    take,
)
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase

REFUSED = Failure(kind=FailureKind.REFUSED, source=FailureSource.TARGET, phase=Phase.CONNECT)
DOWN = Standing(verdict=VerdictKind.DOWN, severity=Severity.DOWN, taken_ms=1, failing_looks=5, failing_rounds=5,
                by_location={0: 5, 1: 5, 2: 5}, first_failing_ms=1)  # fmt: skip


def looks(standing: Standing, *ballots: str) -> tuple[Standing, list[ChangeKind]]:
    """One look after another, each with the same ballot of three locations."""
    changes = []
    for number, ballot in enumerate(ballots):
        failure = REFUSED if ballot == "failed" else None
        votes = [Vote(place, str(place), str(place), Ballot(ballot), failure) for place in range(3)]
        look = Look(1000 * (number + 1), number, number == 0, 3, look_at(votes, STANDARD))
        step = take(standing, look, STANDARD)
        standing = step.standing
        changes += [change.kind for change in step.changes]
    return standing, changes


@pytest.mark.parametrize("verdict", [VerdictKind.DOWN, VerdictKind.PARTIAL])
def test_one_failing_look_opens_no_new_incident(verdict: VerdictKind) -> None:
    closed = closed_by_hand(Standing(verdict=verdict, severity=Severity(verdict.value), taken_ms=1, failing_looks=5))
    standing, changes = looks(closed, "failed")
    assert (standing.verdict, changes) == (VerdictKind.UP, [])


def test_what_fails_again_after_a_recheck_does() -> None:
    standing, changes = looks(closed_by_hand(DOWN), "failed", "failed")
    assert (standing.verdict, changes) == (VerdictKind.DOWN, [ChangeKind.OPENED])


def test_what_passes_is_up_and_nothing_is_resolved_twice() -> None:
    standing, changes = looks(closed_by_hand(DOWN), "passed")
    assert (standing.verdict, standing.at_rest, changes) == (VerdictKind.UP, True, [])


def test_it_is_at_rest_at_once() -> None:
    assert closed_by_hand(DOWN).at_rest
