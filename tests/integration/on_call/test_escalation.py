"""Steps of escalation policies are told once each, until somebody takes the group of incidents or it is over."""

from __future__ import annotations

from datetime import timedelta

import pytest

from controller.store.maintenance import by_status
from shared.clock import utc_now
from tests.fakes.smtp_sink import SmtpSink
from tests.integration.notify.notification_case import NotificationCase, subjects
from tests.integration.on_call.on_call_case import look, mailbox, minutes_pass, policy, taken


async def test_each_step_is_told_once_by_however_many_controllers(case: NotificationCase, mail: SmtpSink) -> None:
    first, second = await mailbox(case, "first"), await mailbox(case, "second")
    await policy(case, (0, [first], None), (10, [second], None))
    await case.opened()
    assert await look(case, controllers=3) == 1
    assert subjects(mail, "first@example.com") == ["Down: Office mail"]
    await minutes_pass(case, 9)
    assert await look(case, controllers=3) == 0
    await minutes_pass(case, 1.1)
    assert await look(case, controllers=3) == 1
    assert subjects(mail, "second@example.com") == ["Down after 10 min: Office mail"]
    await minutes_pass(case, 600)
    assert await look(case) == 0
    assert await case.rows("SELECT step, notified FROM escalation_done ORDER BY step") == [
        (0, ["first"]),
        (1, ["second"]),
    ]


async def test_nobody_is_told_of_what_somebody_has_taken_until_that_lapses(
    case: NotificationCase, mail: SmtpSink
) -> None:
    await policy(case, (10, [await mailbox(case, "first")], None))
    incident = await case.opened()
    await taken(case, incident, 30)
    await minutes_pass(case, 20)
    assert await look(case) == 0
    await minutes_pass(case, 19)
    assert await look(case) == 0, "ten minutes count from the moment at which the acknowledgement lapsed"
    await minutes_pass(case, 2)
    assert await look(case) == 1
    assert len(subjects(mail, "first@example.com")) == 1


async def test_what_joins_a_group_that_somebody_has_is_told_from_the_first_step(
    case: NotificationCase, mail: SmtpSink
) -> None:
    await policy(case, (0, [await mailbox(case, "first")], None), (10, [await mailbox(case, "second")], None))
    await case.value("UPDATE organization SET grouping = NULL")
    incident = await case.opened()
    await look(case)
    await minutes_pass(case, 11)
    assert await look(case) == 1
    await taken(case, incident)
    await case.opened(await case.monitor())
    assert await look(case, controllers=3) == 1
    await minutes_pass(case, 11)
    assert await look(case, controllers=3) == 1
    await minutes_pass(case, 600)
    assert await look(case) == 0
    assert len(subjects(mail, "first@example.com")) == len(subjects(mail, "second@example.com")) == 2
    assert await case.value("SELECT count(DISTINCT group_id) FROM incident") == 1


async def test_who_was_told_by_a_step_hears_of_the_end(case: NotificationCase, mail: SmtpSink) -> None:
    await policy(case, (0, [await mailbox(case, "first")], None))
    incident = await case.opened()
    await look(case)
    await case.resolved(incident)
    assert await look(case) == 0
    assert subjects(mail, "first@example.com") == ["Down: Office mail", "Up again: Office mail"]


async def test_a_group_is_one_message_that_names_the_others(case: NotificationCase, mail: SmtpSink) -> None:
    await policy(case, (0, [await mailbox(case, "first")], None))
    await case.value("UPDATE organization SET grouping = NULL")
    for monitor in (case.monitor_id, await case.monitor(), await case.monitor()):
        await case.opened(monitor)
    assert await look(case) == 1
    [subject] = subjects(mail, "first@example.com")
    assert subject == "Down: Office mail (and 2 more)"
    [one] = mail.to("first@example.com")
    assert "Also: Office mail, Office mail." in " ".join(one.text().split())
    followed = await case.value("SELECT count(*) FROM grouped_change WHERE delivery_id IS NOT NULL AND kind = 'opened'")
    assert followed == 3, "of all incidents of the group the receiver is a follower"


@pytest.mark.parametrize(
    ("severity", "made"), [pytest.param("down", 0, id="down only"), pytest.param("partial", 1, id="partial too")]
)
async def test_a_partial_outage_counts_only_if_the_policy_says_so(
    case: NotificationCase, severity: str, made: int
) -> None:
    await policy(case, (0, [await mailbox(case, "first")], None), severity=severity)
    await case.opened(severity="partial")
    assert await look(case) == made


async def test_in_maintenance_nobody_is_told_and_afterwards_the_minutes_begin(case: NotificationCase) -> None:
    await policy(case, (10, [await mailbox(case, "first")], None))
    await case.opened()
    async with case.db.transaction() as connection:
        await by_status.keep(connection, {case.monitor_id: True}, utc_now())
    await minutes_pass(case, 20)
    assert await look(case) == 0
    async with case.db.transaction() as connection:
        await by_status.keep(connection, {case.monitor_id: False}, utc_now())
    await minutes_pass(case, 2)
    assert await look(case) == 0
    await minutes_pass(case, 9)
    assert await look(case) == 1


async def test_customers_are_told_of_by_their_own_policy_only(case: NotificationCase) -> None:
    own, general = await mailbox(case, "own"), await mailbox(case, "general")
    await policy(case, (0, [general], None))
    await policy(case, (0, [own], None), customer_id=case.customer)
    await case.opened()
    assert await look(case) == 1
    assert list(await case.states()) == ["own@example.com"]


async def test_who_is_on_call_is_told_at_their_own_address(case: NotificationCase, mail: SmtpSink) -> None:
    rota = await _rota(case)
    await _person(case, rota, "ann@example.com", None)
    await policy(case, (0, [await mailbox(case, "first")], rota))
    await case.opened()
    assert await look(case) == 2
    assert subjects(mail, "ann@example.com") == ["Down: Office mail"]
    assert await case.value("SELECT notified FROM escalation_done") == ["first", "ann@example.com"]


async def test_a_person_is_not_told_of_customers_whom_they_may_not_see(case: NotificationCase) -> None:
    other = await case.value(
        "INSERT INTO customer (organization_id, name) VALUES ($1, 'Other') RETURNING id", case.organization
    )
    rota = await _rota(case)
    await _person(case, rota, "ann@example.com", [other])
    await policy(case, (0, [await mailbox(case, "first")], rota))
    await case.opened()
    assert await look(case) == 1


async def test_nobody_on_call_leaves_the_channels_alone(case: NotificationCase) -> None:
    await policy(case, (0, [await mailbox(case, "first")], await _rota(case)))
    await case.opened()
    assert await look(case) == 1


async def test_without_settings_nothing_is_looked_at_again(case: NotificationCase) -> None:
    await case.opened()
    assert await look(case) == 0
    assert await case.value("SELECT on_call_at FROM incident") is None


async def test_a_group_that_cannot_be_told_of_does_not_hold_up_others(case: NotificationCase) -> None:
    rota = await _rota(case)
    await case.value("UPDATE rota SET events = $2 WHERE id = $1", rota, [{"unreadable": True}])
    await policy(case, (0, [await mailbox(case, "first")], None))
    await policy(case, (0, [], rota), customer_id=case.customer)
    await case.opened()
    other = await case.value(
        "INSERT INTO customer (organization_id, name) VALUES ($1, 'Other') RETURNING id", case.organization
    )
    await case.opened(await case.monitor())
    await case.value("UPDATE incident SET customer_id = $1 WHERE id = (SELECT max(id) FROM incident)", other)
    assert await look(case) == 1
    assert await case.value("SELECT count(*) FROM incident WHERE on_call_at > now()") == 2, "the other after a pause"
    await case.value("UPDATE rota SET events = '[]'")
    await minutes_pass(case, 2)
    assert await look(case) == 0
    assert await case.value("SELECT count(*) FROM escalation_done") == 2


async def test_a_step_that_was_told_of_a_cause_is_not_told_of_the_storm_that_takes_it_over(
    case: NotificationCase,
) -> None:
    first, second = await mailbox(case, "first"), await mailbox(case, "second")
    await policy(case, (0, [first], None), (10, [second], None))
    await case.value("UPDATE organization SET grouping = NULL")
    for number in range(4):
        await _cause(case, number)
        assert await look(case) == 1
    for number in range(4, 12):
        await _cause(case, number)
    storm = await case.value("SELECT id FROM incident_group WHERE kind = 'storm'")
    assert await case.value("SELECT count(*) FROM incident WHERE group_id = $1", storm) == 12
    await case.value("UPDATE incident SET acknowledged_at = now() WHERE id = (SELECT min(id) FROM incident)")
    assert await look(case) == 0, "the first step was told of causes of the storm that nobody has"
    assert await case.rows("SELECT step, notified FROM escalation_done WHERE group_id = $1", storm) == [(0, ["first"])]
    await minutes_pass(case, 11)
    assert await look(case) == 1, "the second step is told of the whole storm, once"


async def _cause(case: NotificationCase, number: int) -> None:
    """An incident at a customer and a server of its own."""
    case.customer = await case.value(
        "INSERT INTO customer (organization_id, name) VALUES ($1, $2) RETURNING id",
        case.organization,
        f"Customer {number}",
    )
    monitor = await case.monitor(hostname=f"mx{number}.example.com")
    await case.value("UPDATE monitor SET customer_id = $2 WHERE id = $1", monitor, case.customer)
    await case.opened(monitor)


async def _rota(case: NotificationCase) -> int:
    number: int = await case.value(
        "INSERT INTO rota (organization_id, name) VALUES ($1, 'First line') RETURNING id", case.organization
    )
    return number


async def _person(case: NotificationCase, rota: int, email: str, customers: list[int] | None) -> None:
    """A person who is on call now, by an override."""
    account = await case.value(
        "INSERT INTO account (organization_id, email, role, password_hash, customer_ids)"
        " VALUES ($1, $2, 'user', 'x', $3) RETURNING id",
        case.organization,
        email,
        customers,
    )
    await case.value(
        "INSERT INTO rota_override (rota_id, from_at, to_at, account_id)"
        " VALUES ($1, now() - $2::interval, now() + $2, $3)",
        rota,
        timedelta(hours=1),
        account,
    )
