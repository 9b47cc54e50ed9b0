"""When a refused login is tried again, and when it is withheld."""

from __future__ import annotations

import gc
from uuid import uuid4

import msgspec
import pytest

from agent.dialogue.login import Tries
from agent.throttling.refused_logins import (
    FIRST_PAUSE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    MOST_REFUSALS,
    Outcome,
    RefusedLogins,
    digest,
    outcome_in,
    outcome_of,
)
from shared.clock import utc_now
from shared.secret import Secret
from shared.wire.failures import CheckWarning, Failure, FailureKind, FailureSource, Phase, WarningKind
from shared.wire.messages import CheckResult, PhaseTiming
from shared.wire.rounds import Purpose
from shared.wire.targets import Login
from shared.wire.targets.imap import ImapTarget

REFUSED = Failure(kind=FailureKind.LOGIN_REFUSED, source=FailureSource.TARGET, phase=Phase.AUTH, detail="no")
LOGIN = b"a login"
KEY = Secret("of the location")
FOUND = CheckResult(
    check_id=uuid4(),
    monitor_id=uuid4(),
    location="de",
    country="DE",
    agent="one",
    purpose=Purpose.SCHEDULED,
    due_at=utc_now(),
    started_at=utc_now(),
    duration_ms=1.0,
)


def try_at(logins: RefusedLogins, now: float, outcome: Outcome = Outcome.REFUSED) -> bool:
    """Whether the login was tried at `now`; a login that is tried ends with `outcome`."""
    if logins.withheld(LOGIN, now) is not None:
        return False
    logins.record(LOGIN, outcome, REFUSED if outcome is Outcome.REFUSED else None, now)
    return True


def refused_thrice() -> RefusedLogins:
    logins = RefusedLogins()
    assert all(try_at(logins, 0) for _ in range(MOST_REFUSALS))
    return logins


def test_after_three_refusals_in_a_row_the_pauses_double_from_a_quarter_of_an_hour_to_six_hours() -> None:
    logins = refused_thrice()
    tried = [minute for minute in range(24 * 60) if try_at(logins, minute * 60)]
    assert tried == [15, 45, 105, 225, 465, 825, 1185]


@pytest.mark.parametrize(
    ("refusals", "tries"),
    [
        pytest.param([], 2, id="a new login: a proof and the password"),
        pytest.param([1], 2, id="two are left"),
        pytest.param([2], 1, id="one is left"),
        pytest.param([1, 1], 1, id="one is left after two checks"),
        pytest.param([2, 1], 1, id="after a pause"),
    ],
)
def test_a_check_may_try_as_often_as_the_three_refusals_allow(refusals: list[int], tries: int) -> None:
    logins = RefusedLogins()
    for count in refusals:
        logins.record(LOGIN, Outcome.REFUSED, REFUSED, 0, refusals=count)
    assert (logins.withheld(LOGIN, 0) is not None) == (sum(refusals) >= MOST_REFUSALS)
    assert logins.begin(LOGIN) == tries


@pytest.mark.parametrize(
    ("refusals", "begun", "most"),
    [
        pytest.param(0, 2, 3, id="a new login: the second check may try only the password"),
        pytest.param(1, 1, 2, id="one is refused: the second check repeats the failure"),
        pytest.param(2, 1, 1, id="one is left"),
    ],
)
def test_checks_that_overlap_do_not_try_more_often_together(refusals: int, begun: int, most: int) -> None:
    """A server that takes ten seconds to refuse a login meets the next check meanwhile."""
    logins = RefusedLogins()
    if refusals:
        logins.record(LOGIN, Outcome.REFUSED, REFUSED, 0, refusals=refusals)
    tries = [logins.begin(LOGIN) for _ in range(2) if logins.withheld(LOGIN, 0) is None]
    assert (len(tries), sum(tries)) == (begun, most)
    for number in tries:
        logins.record(LOGIN, Outcome.REFUSED, REFUSED, 0, tries=number, refusals=number)
    assert logins.withheld(LOGIN, 0) == REFUSED
    assert logins.withheld(LOGIN, FIRST_PAUSE_SECONDS) is None
    assert logins.begin(LOGIN) == 1


def test_a_check_that_has_ended_leaves_its_tries_to_the_next() -> None:
    logins = RefusedLogins()
    for _ in range(3):
        tries = logins.begin(LOGIN)
        assert tries == 2
        logins.record(LOGIN, Outcome.UNTRIED, None, 0, tries=tries)


def test_a_mailbox_that_was_not_opened_neither_adds_a_refusal_nor_clears_those_before() -> None:
    logins = RefusedLogins()
    for outcome in (Outcome.REFUSED, Outcome.REFUSED, Outcome.UNCLEAR, Outcome.REFUSED):
        assert try_at(logins, 0, outcome)
    assert not try_at(logins, 0)


def test_between_two_tries_the_last_failure_is_repeated() -> None:
    logins = refused_thrice()
    assert logins.withheld(LOGIN, 1) == REFUSED
    assert logins.withheld(b"another login", 1) is None


def test_an_accepted_login_is_forgotten() -> None:
    logins = refused_thrice()
    assert try_at(logins, FIRST_PAUSE_SECONDS, Outcome.ACCEPTED)
    assert len(logins) == 0
    assert all(try_at(logins, FIRST_PAUSE_SECONDS) for _ in range(MOST_REFUSALS))


def test_refusals_count_only_in_a_row() -> None:
    logins = RefusedLogins()
    for _ in range(5):
        assert all(try_at(logins, 0) for _ in range(MOST_REFUSALS - 1))
        assert try_at(logins, 0, Outcome.ACCEPTED)


def test_a_check_that_does_not_reach_its_login_leaves_the_try_for_the_next() -> None:
    logins = refused_thrice()
    assert try_at(logins, FIRST_PAUSE_SECONDS, Outcome.UNTRIED)
    assert try_at(logins, FIRST_PAUSE_SECONDS)
    assert not try_at(logins, 2 * FIRST_PAUSE_SECONDS)


def test_a_login_without_a_clear_answer_is_not_tried_again_at_once() -> None:
    logins = refused_thrice()
    assert try_at(logins, FIRST_PAUSE_SECONDS, Outcome.UNCLEAR)
    assert not try_at(logins, 2 * FIRST_PAUSE_SECONDS - 1)
    assert try_at(logins, 2 * FIRST_PAUSE_SECONDS)


def test_of_two_checks_at_the_same_moment_one_tries() -> None:
    logins = refused_thrice()
    assert logins.withheld(LOGIN, FIRST_PAUSE_SECONDS) is None
    assert logins.withheld(LOGIN, FIRST_PAUSE_SECONDS) == REFUSED


def test_the_longest_unseen_login_is_forgotten_first() -> None:
    logins = RefusedLogins(most=2)
    for login in (b"1", b"2"):
        logins.record(login, Outcome.REFUSED, REFUSED, 0)
    logins.withheld(b"1", 0)
    logins.record(b"3", Outcome.REFUSED, REFUSED, 0)
    assert len(logins) == 2
    for login, refusals_left in ((b"1", 2), (b"3", 2)):
        for _ in range(refusals_left):
            logins.record(login, Outcome.REFUSED, REFUSED, 0)
        assert logins.withheld(login, 1) == REFUSED


def test_no_pause_is_longer_than_six_hours() -> None:
    logins = refused_thrice()
    now = FIRST_PAUSE_SECONDS
    for _ in range(20):
        assert try_at(logins, now)
        now += LONGEST_PAUSE_SECONDS


def test_a_digest_changes_with_monitor_target_and_login_and_shows_none_of_them() -> None:
    monitor, target = uuid4(), ImapTarget(host="imap.example.com", port=993)
    login = Login("anna", Secret("hunter2"))
    same = digest(monitor, target, login, KEY)
    assert same == digest(monitor, ImapTarget(host="imap.example.com", port=993, login=login), login, KEY)
    others = {
        digest(uuid4(), target, login, KEY),
        digest(monitor, ImapTarget(host="imap.example.com", port=143), login, KEY),
        digest(monitor, target, Login("anna", Secret("hunter3")), KEY),
        digest(monitor, target, Login("berta", Secret("hunter2")), KEY),
        digest(monitor, target, login, Secret("of another location")),
    }
    assert len(others | {same}) == 6


def test_no_password_stays_in_memory_for_its_digest() -> None:
    digest(uuid4(), ImapTarget(host="imap.example.com", port=993), Login("anna", Secret("only in this test")), KEY)
    kept = [each for each in gc.get_objects() if isinstance(each, Secret) and each == Secret("only in this test")]
    assert kept == []


@pytest.mark.parametrize(
    ("kind", "phase", "outcome"),
    [
        pytest.param(FailureKind.REFUSED, Phase.CONNECT, Outcome.UNTRIED, id="never connected"),
        pytest.param(FailureKind.TIMEOUT, None, Outcome.UNTRIED, id="before any phase"),
        pytest.param(FailureKind.LOGIN_MECHANISM_MISSING, Phase.AUTH, Outcome.UNTRIED, id="nothing to log in with"),
        pytest.param(FailureKind.LOGIN_REFUSED, Phase.AUTH, Outcome.REFUSED, id="refused"),
        pytest.param(FailureKind.LOGIN_UNAVAILABLE, Phase.AUTH, Outcome.UNCLEAR, id="temporary error"),
        pytest.param(FailureKind.TIMEOUT, Phase.AUTH, Outcome.UNCLEAR, id="no answer to the login"),
        pytest.param(FailureKind.MAILBOX_MISSING, Phase.MAILBOX, Outcome.ACCEPTED, id="the mailbox came after it"),
    ],
)
def test_what_a_failure_says_about_the_login(kind: FailureKind, phase: Phase | None, outcome: Outcome) -> None:
    assert outcome_of(Failure(kind=kind, source=FailureSource.TARGET, phase=phase)) is outcome


@pytest.mark.parametrize(
    ("warnings", "phases", "outcome"),
    [
        pytest.param([WarningKind.MAILBOX_BUSY], [Phase.AUTH], Outcome.UNCLEAR, id="in use, said at the login"),
        pytest.param([WarningKind.MAILBOX_FULL], [Phase.AUTH], Outcome.UNCLEAR, id="full, said at the login"),
        pytest.param(
            [WarningKind.MAILBOX_BUSY], [Phase.AUTH, Phase.MAILBOX], Outcome.ACCEPTED, id="in use, said after the login"
        ),
        pytest.param([WarningKind.SLOW], [Phase.AUTH], Outcome.ACCEPTED, id="another warning"),
    ],
)
def test_what_a_warning_says_about_the_login(
    warnings: list[WarningKind], phases: list[Phase], outcome: Outcome
) -> None:
    found = msgspec.structs.replace(
        FOUND,
        warnings=[CheckWarning(kind=kind) for kind in warnings],
        phases=[PhaseTiming(phase=phase, start_ms=0, duration_ms=1) for phase in phases],
    )
    assert outcome_in(found, Tries()) is outcome


@pytest.mark.parametrize(("accepted", "outcome"), [(False, Outcome.UNTRIED), (True, Outcome.ACCEPTED)])
def test_a_login_that_was_accepted_before_a_repeat_is_accepted(accepted: bool, outcome: Outcome) -> None:
    tries = Tries()
    tries.accepted = accepted
    failure = Failure(kind=FailureKind.AGENT_ERROR, source=FailureSource.AGENT, phase=Phase.GREETING)
    assert outcome_in(msgspec.structs.replace(FOUND, failure=failure), tries) is outcome


def test_a_passed_check_says_that_the_login_was_accepted() -> None:
    assert outcome_of(None) is Outcome.ACCEPTED
