"""What findings of the comparison mean for votes, and which failures may be our own fault."""

from __future__ import annotations

import pytest

from controller.decisions.comparison.signs import SignKind
from controller.decisions.evaluation.doubts import Doubts, SaidWarning, doubted, with_absent
from controller.decisions.evaluation.policy import Policy
from controller.decisions.evaluation.quorum import Ballot, Outcome, Vote, count_votes
from controller.decisions.evaluation.votes import Cast
from shared.wire.failures import Failure, FailureKind, FailureSource

_SAID = SaidWarning(2, "fr", "FR", SignKind.DOWNGRADE_SUSPECTED, "STARTTLS is not offered")
_WORDS = "downgrade suspected: only FR is not offered STARTTLS"


def _cast(location: int, country: str, ballot: Ballot, kind: FailureKind | None = None, warning: str = "") -> Cast:
    failure = None if kind is None else Failure(kind=kind, source=FailureSource.TARGET)
    return Cast(Vote(location, country.lower(), country, ballot, failure, warning), None)


def test_a_finding_makes_a_passing_check_warn() -> None:
    [cast] = doubted([_cast(2, "FR", Ballot.PASSED)], Doubts([_SAID]))
    assert (cast.vote.ballot, cast.vote.warning) == (Ballot.WARNED, _WORDS)


def test_a_finding_stands_before_the_checks_own_warning() -> None:
    [cast] = doubted([_cast(2, "FR", Ballot.WARNED, warning="slow")], Doubts([_SAID]))
    assert cast.vote.warning == f"{_WORDS}; slow"


def test_a_finding_hides_no_failure() -> None:
    failed = _cast(2, "FR", Ballot.FAILED, FailureKind.REFUSED)
    assert doubted([failed], Doubts([_SAID])) == [failed]


@pytest.mark.parametrize(
    ("doubts", "kind", "ballot"),
    [
        (Doubts(starttls=frozenset({2})), FailureKind.STARTTLS_MISSING, Ballot.BLIND),
        (Doubts(starttls=frozenset({2})), FailureKind.REFUSED, Ballot.FAILED),
        (Doubts(starttls=frozenset({1})), FailureKind.STARTTLS_MISSING, Ballot.FAILED),
        (Doubts(disliked=frozenset({2})), FailureKind.TEMPORARY_REFUSAL, Ballot.BLIND),
        (Doubts(disliked=frozenset({2})), FailureKind.UNREACHABLE, Ballot.FAILED),
    ],
)
def test_only_a_failure_that_may_be_ours_is_blind(doubts: Doubts, kind: FailureKind, ballot: Ballot) -> None:
    [cast] = doubted([_cast(2, "FR", Ballot.FAILED, kind)], doubts)
    assert cast.vote.ballot is ballot


def test_a_finding_holds_while_its_location_takes_no_part() -> None:
    casts = [_cast(1, "DE", Ballot.PASSED)]
    found = with_absent(count_votes([one.vote for one in casts], Policy()), casts, Doubts([_SAID]))
    assert found.outcome is Outcome.WARNING
    assert found.reason.endswith(_WORDS)
