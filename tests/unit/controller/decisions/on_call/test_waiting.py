"""Which incidents wait for somebody, when their receivers are reminded, and which steps are due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.decisions.on_call.escalation import check_policy, escalating, policy_for, steps_in_force
from controller.decisions.on_call.reminders import ReminderTimes, check_reminders, in_force, next_reminder
from controller.decisions.on_call.taking import WaitingIncident, lapses_at, waiting, waits_since
from controller.errors import InvalidError, InvalidFieldsError
from controller.model.notification.on_call import EscalationPolicy, EscalationStep, NamedRota, Reminders

AT = datetime(2027, 3, 28, 1, 0, tzinfo=UTC)
NOBODY = UUID(int=0)
ROTA = NamedRota(1, NOBODY, "first line")


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def incident(**fields: Any) -> WaitingIncident:
    values: dict[str, Any] = {
        "id": 1,
        "public_id": NOBODY,
        "customer_id": 1,
        "monitor_name": "mx",
        "severity": "down",
        "outage_started_at": AT - minutes(1),
        "started_at": AT,
    }
    return WaitingIncident(**(values | fields))


def policy(*after: int, **fields: Any) -> EscalationPolicy:
    values: dict[str, Any] = {
        "id": 1,
        "public_id": NOBODY,
        "organization_id": 1,
        "customer_id": None,
        "customer_public_id": None,
        "customer_name": None,
        "name": "Night",
        "severity": "down",
        "enabled": True,
        "steps": tuple(EscalationStep(minutes=one, rota=ROTA) for one in after),
        "created_at": AT,
        "updated_at": AT,
    }
    return EscalationPolicy(**(values | fields))


@pytest.mark.parametrize(
    ("fields", "since"),
    [
        pytest.param({}, AT, id="since it was confirmed, when nobody has taken it"),
        pytest.param({"acknowledged_at": AT}, None, id="not while somebody has it until it is resolved"),
        pytest.param(
            {"acknowledged_at": AT, "acknowledged_until": AT + minutes(61)},
            None,
            id="not while somebody has it for now",
        ),
        pytest.param(
            {"acknowledged_at": AT, "acknowledged_until": AT + minutes(30)},
            AT + minutes(30),
            id="since its acknowledgement lapsed",
        ),
        pytest.param({"held": True}, None, id="not while another monitor's incident holds it"),
        pytest.param({"released_at": AT + minutes(5)}, AT + minutes(5), id="since it was released"),
        pytest.param({"in_maintenance": True}, None, id="not in maintenance"),
        pytest.param({"maintenance_ended_at": AT + minutes(9)}, AT + minutes(9), id="since the maintenance was over"),
        pytest.param({"notify_on_error": False}, None, id="not when nobody is ever notified of its monitor"),
        pytest.param({"flapping": True}, AT, id="also while it comes and goes"),
    ],
)
def test_an_incident_waits_for_somebody(fields: dict[str, Any], since: datetime | None) -> None:
    assert waits_since(incident(**fields), AT + minutes(60)) == since


def test_the_oldest_that_waits_comes_first_and_the_next_lapse_is_known() -> None:
    found = [
        incident(id=1, started_at=AT + minutes(1)),
        incident(id=2),
        incident(id=3, acknowledged_at=AT, acknowledged_until=AT + minutes(90)),
        incident(id=4, acknowledged_at=AT, acknowledged_until=AT + minutes(70)),
        incident(id=5, acknowledged_at=AT),
    ]
    assert [one.id for one in waiting(found, AT + minutes(60))] == [2, 1]
    assert lapses_at(found, AT + minutes(60)) == AT + minutes(70)


def test_reminders_come_after_pauses_that_double_up_to_the_limit() -> None:
    times = ReminderTimes(True, minutes(15), minutes(60))
    at, found = AT, []
    for number in range(5):
        at = next_reminder(times, number, at)
        found.append((at - AT) // minutes(1))
    assert found == [15, 45, 105, 165, 225]


@given(st.integers(1, 1440), st.integers(1, 1440), st.integers(0, 10**6))
def test_no_pause_is_shorter_than_the_first_or_longer_than_the_limit(first: int, longest: int, already: int) -> None:
    times = in_force(Reminders(enabled=True, first_minutes=first, max_minutes=longest))
    pause = next_reminder(times, already, AT) - AT
    assert minutes(first) <= pause <= minutes(max(first, longest))
    assert pause <= next_reminder(times, already + 1, AT) - AT


@pytest.mark.parametrize(
    ("organization", "customer", "expected"),
    [
        pytest.param(None, None, (False, 15, 240), id="nothing is set: off"),
        pytest.param(Reminders(enabled=True), None, (True, 15, 240), id="only switched on: with its defaults"),
        pytest.param(Reminders(enabled=True), Reminders(enabled=False), (False, 15, 240), id="off for one customer"),
        pytest.param(
            Reminders(enabled=True, first_minutes=5), Reminders(max_minutes=30), (True, 5, 30), id="each part apart"
        ),
        pytest.param(Reminders(first_minutes=300), None, (False, 300, 300), id="a limit is never below the first"),
    ],
)
def test_a_customers_settings_are_on_top(
    organization: Reminders | None, customer: Reminders | None, expected: tuple[bool, int, int]
) -> None:
    enabled, first, longest = expected
    assert in_force(organization, customer) == ReminderTimes(enabled, minutes(first), minutes(longest))


@pytest.mark.parametrize(
    ("reminders", "message"),
    [
        pytest.param(Reminders(first_minutes=0), "reminders.firstMinutes must be from 1 to 1440", id="no pause"),
        pytest.param(Reminders(max_minutes=1441), "reminders.maxMinutes must be from 1 to 1440", id="over a day"),
        pytest.param(
            Reminders(first_minutes=30, max_minutes=10),
            "reminders.maxMinutes must not be less than firstMinutes",
            id="limit below the first",
        ),
    ],
)
def test_wrong_settings_are_refused(reminders: Reminders, message: str) -> None:
    with pytest.raises(InvalidError, match=message):
        check_reminders(reminders)


@pytest.mark.parametrize(
    ("after", "done", "due", "next_step"),
    [
        pytest.param(0, set(), (0,), 1, id="the first step is due at once"),
        pytest.param(0, {0}, (), 1, id="a step that was done is not due again"),
        pytest.param(10, {0}, (1,), 2, id="the second one when nobody took it"),
        pytest.param(45, set(), (0, 1, 2), None, id="all that were missed while no controller ran"),
        pytest.param(45, {0, 1, 2}, (), None, id="nothing is left"),
    ],
)
def test_steps_are_due(after: int, done: set[int], due: tuple[int, ...], next_step: int | None) -> None:
    at = dict.fromkeys(done, AT)
    found = escalating(policy(0, 10, 30), [incident()], at, AT + minutes(after))
    assert (found.due, found.next_step) == (due, next_step)


def test_steps_count_anew_from_the_moment_an_acknowledgement_lapses() -> None:
    lapsed = incident(acknowledged_at=AT, acknowledged_until=AT + minutes(30))
    assert escalating(policy(0, 10), [lapsed], {0: AT}, AT + minutes(20)) == ((), None, (), None, None)
    found = escalating(policy(0, 10), [lapsed], {0: AT}, AT + minutes(35))
    assert (found.due, found.next_at) == ((0,), AT + minutes(40))
    found = escalating(policy(0, 10), [lapsed], {0: AT + minutes(35)}, AT + minutes(36))
    assert (found.due, found.next_at) == ((), AT + minutes(40))


def test_an_incident_that_joins_when_the_others_are_taken_begins_with_the_first_step() -> None:
    joins = incident(id=2, started_at=AT + minutes(90))
    done = {0: AT, 1: AT + minutes(10)}
    taken = escalating(policy(0, 10), [incident(acknowledged_at=AT + minutes(20)), joins], done, AT + minutes(91))
    assert ([one.id for one in taken.incidents], taken.due) == ([2], (0,))
    untaken = escalating(policy(0, 10), [incident(), joins], done, AT + minutes(91))
    assert ([one.id for one in untaken.incidents], untaken.due) == ([1, 2], ())


def test_of_what_joins_hears_who_was_told_of_others_that_still_wait() -> None:
    joins = incident(id=2, started_at=AT + minutes(90))
    done = {1: AT + minutes(10), 0: AT}
    untaken = escalating(policy(0, 10, 180), [incident(), joins], done, AT + minutes(91))
    assert steps_in_force(untaken, done) == (0, 1)
    taken = escalating(policy(0, 10, 180), [incident(acknowledged_at=AT + minutes(20)), joins], done, AT + minutes(91))
    assert steps_in_force(taken, done) == ()
    over = escalating(policy(0, 10, 180), [], done, AT + minutes(91))
    assert steps_in_force(over, done) == ()


@pytest.mark.parametrize(
    ("severity", "told"), [pytest.param("down", [1], id="down alone"), pytest.param("partial", [1, 2], id="both")]
)
def test_a_policy_is_for_some_severities(severity: str, told: list[int]) -> None:
    both = [incident(), incident(id=2, severity="partial")]
    found = escalating(policy(0, severity=severity), both, {}, AT)
    assert [one.id for one in found.incidents] == told


def test_a_customers_policy_replaces_the_organizations() -> None:
    own, general = policy(0, id=2, customer_id=7), policy(0)
    assert policy_for([general, own], 1, 7) is own
    assert policy_for([general, own], 1, 8) is general
    assert policy_for([own], 1, 8) is None


def test_every_mistake_of_a_policy_is_named() -> None:
    steps = [EscalationStep(minutes=5, rota=ROTA), EscalationStep(minutes=5), EscalationStep(minutes=20000, rota=ROTA)]
    with pytest.raises(InvalidFieldsError) as caught:
        check_policy("", "all", steps)
    assert [one.field for one in caught.value.fields] == [
        "name",
        "severity",
        "steps[1].afterMinutes",
        "steps[1].channelIds",
        "steps[2].afterMinutes",
    ]
