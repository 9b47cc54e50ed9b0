"""How far a trial is, who may read it, and which location runs it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from controller.decisions.trials import KEPT, TrialStatus, answer_by, chosen, runs_trials, sees, status_of
from controller.kinds import BY_NAME
from controller.model import Location, Principal, Role
from controller.model.trials import Trial, TrialCheck
from shared.wire.failures import Failure, FailureKind, FailureSource
from shared.wire.messages import CANARY, TRIAL, CheckResult
from shared.wire.rounds import Purpose

DUE = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
TRIAL_OF_ONE = Trial(
    id=UUID(int=1),
    organization_id=1,
    token_id=5,
    account_id=None,
    kind="smtp",
    timeout_seconds=30,
    due_at=DUE,
    answer_by=answer_by(DUE, 30),
    expires_at=DUE + KEPT,
)


def here(number: int, *reads: str) -> Location:
    code = f"de-{number}"
    return Location(
        id=number, code=code, name=code, country_code="DE", enabled=True, public_key="k", reads=frozenset(reads)
    )


def result(source: FailureSource | None) -> CheckResult:
    failure = Failure(kind=FailureKind.REFUSED, source=source, detail="") if source else None
    return CheckResult(
        check_id=uuid4(),
        monitor_id=UUID(int=1),
        location="de-1",
        country="DE",
        agent="a",
        purpose=Purpose.TRIAL,
        due_at=DUE,
        started_at=DUE,
        duration_ms=1.0,
        failure=failure,
    )


@pytest.mark.parametrize(
    ("check", "later", "expected"),
    [
        (TrialCheck(country_code="DE", location_id=1), 0, (TrialStatus.PENDING, None)),
        (TrialCheck(country_code="DE", location_id=1), 104, (TrialStatus.PENDING, None)),
        (TrialCheck(country_code="DE", location_id=1), 105, (TrialStatus.NO_RESULT, "no result came in time")),
        (TrialCheck(country_code="DE", reason="none"), 0, (TrialStatus.NO_RESULT, "none")),
        (TrialCheck(country_code="DE", location_id=1, result=result(None)), 500, (TrialStatus.SUCCESS, None)),
        (
            TrialCheck(country_code="DE", location_id=1, result=result(FailureSource.TARGET)),
            0,
            (TrialStatus.FAILURE, None),
        ),
        (
            TrialCheck(country_code="DE", location_id=1, result=result(FailureSource.AGENT)),
            0,
            (TrialStatus.UNKNOWN, None),
        ),
    ],
)
def test_the_status_of_a_country(check: TrialCheck, later: int, expected: tuple[TrialStatus, str | None]) -> None:
    assert status_of(check, TRIAL_OF_ONE, DUE + timedelta(seconds=later)) == expected


def test_every_result_comes_before_the_trial_is_forgotten() -> None:
    longest = max(kind.longest_timeout_seconds for kind in BY_NAME.values())
    assert answer_by(DUE, longest) < DUE + KEPT


def test_the_locations_of_a_country_take_turns() -> None:
    locations = [here(number) for number in range(3)]
    chosen_ones = [chosen(uuid4(), locations).id for _ in range(600)]
    assert {chosen_ones.count(number) > 100 for number in range(3)} == {True}
    one = uuid4()
    assert chosen(one, locations) is chosen(one, locations)


def test_a_location_runs_trials_when_its_agents_announce_it() -> None:
    assert runs_trials(here(1, CANARY, TRIAL))
    assert not runs_trials(here(1, CANARY))


def test_who_is_limited_to_customers_sees_the_own_trials_only() -> None:
    unlimited = Principal(works_in=1, role=Role.USER, account_id=9)
    limited = Principal(works_in=1, role=Role.USER, account_id=5, customer_ids=frozenset({1}))
    its_own = Principal(works_in=1, role=Role.USER, token_id=5, customer_ids=frozenset({1}))
    assert [sees(who, TRIAL_OF_ONE) for who in (unlimited, limited, its_own)] == [True, False, True]
