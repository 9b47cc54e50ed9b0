"""What texts say about a kind: its own words where it states some, the usual ones elsewhere."""

from __future__ import annotations

import pytest

from controller.decisions.evaluation.policy import STANDARD
from controller.decisions.evaluation.quorum import Ballot, Vote, count_rechecked, count_votes
from controller.decisions.evaluation.wording import USUAL
from controller.kinds import BY_NAME, label_of, phases_of, subject_of, words_of
from controller.kinds.words import KindWords
from controller.pages.check import words as check_words
from controller.pages.words.incidents import failure_words
from shared.wire.explanations import FAILURES, PHASES
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from tests.fakes import kinds
from tests.unit.controller.pages.checks import a_check

GONE = Failure(kind=FailureKind.DNS_NOT_FOUND, source=FailureSource.TARGET, phase=Phase.RESOLVE)


@pytest.fixture(autouse=True)
def other_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds.install(monkeypatch)


def test_a_label_is_for_people() -> None:
    assert [label_of(kind) for kind in ("smtp", "imap", "pop3", "pair", "newer")] == [
        *("SMTP", "IMAP", "POP3", "Round trip", "newer")
    ]


def test_a_kind_without_words_has_the_usual_ones() -> None:
    words = words_of("smtp")
    assert words is words_of("of_a_newer_version")
    assert words == KindWords()
    assert words.explained(GONE) is FAILURES[FailureKind.DNS_NOT_FOUND]
    assert words.about_phase(Phase.RESOLVE) == PHASES[Phase.RESOLVE]
    assert words.phase_name(Phase.RESOLVE) == "resolve"
    assert (words.subject, words.meaning("down"), words.meaning(None)) == ("server", "", "")


def test_a_kind_is_explained_in_its_own_words() -> None:
    words = words_of("zone")
    assert words.explained(GONE).meaning == "The record is gone."
    assert words.meaning("down") == "Nobody finds its servers."
    assert words.meaning("partial") == ""
    assert failure_words(GONE, "zone") == "find no record of it: dns not found"
    assert failure_words(GONE, "imap") == "cannot resolve the name: dns not found"


def test_the_page_of_a_check_uses_them() -> None:
    check = a_check(failure=GONE)
    assert check_words.outcome_of(check, "zone") == "dns not found in ask"
    assert check_words.outcome_of(check, "smtp") == "dns not found in resolve"
    assert check_words.explained(check, "zone") == (
        "The record is gone.",
        "It failed in the phase “ask”: every name server is asked.",
        "The fault is the domain's or its network's, so it counts against the monitor.",
        "Publish it again.",
    )
    assert check_words.explained(check, "smtp")[2] == (
        "The fault is the mail server's or its network's, so it counts against the monitor."
    )


def test_a_reason_uses_them() -> None:
    votes = [
        Vote(1, "de-1", "DE", Ballot.FAILED, GONE),
        Vote(2, "fi-1", "FI", Ballot.PASSED),
        Vote(3, "us-1", "US", Ballot.PASSED),
    ]
    words = words_of("zone").verdict
    assert count_votes(votes, STANDARD, words).reason == (
        "1 of 3 countries find no record of it: dns not found; FI, US answer"
    )
    assert count_votes(votes, STANDARD).reason == (
        "1 of 3 countries cannot resolve the name: dns not found; FI, US pass"
    )
    assert count_rechecked(votes[1:2], 3, words).reason == "FI answers again"


def test_a_failure_without_a_phase_has_words() -> None:
    assert USUAL.failed(None) == "fail"
    assert USUAL.failed(Failure(kind=FailureKind.AGENT_ERROR, source=FailureSource.AGENT)) == "fail: agent error"
    unknown = Failure(kind=FailureKind.UNKNOWN, source=FailureSource.UNKNOWN, phase=Phase.UNKNOWN)
    assert USUAL.failed(unknown) == "fail: unknown"


def test_what_is_checked_has_a_name() -> None:
    assert {subject_of(kind) for kind in BY_NAME if kind not in ("pair", "zone")} >= {"mail server"}
    assert (subject_of("zone"), subject_of("pair"), subject_of("newer")) == ("domain", "server", "server")


def test_phases_come_in_the_order_of_the_kind() -> None:
    assert phases_of("zone") == (Phase.RESOLVE,)
    assert phases_of("newer") == ()
