"""A channel that fails for an hour is told on another channel of its owner, once, and once more when it works again."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from controller.pipeline.delivery.failing_channels import report_failing_channels
from controller.store.notifications import channel_outages
from shared.clock import utc_now
from tests.fakes.smtp_sink import SmtpSink
from tests.fakes.webhook_sink import WebhookSink
from tests.integration.notify.notification_case import NotificationCase, subjects

ONCALL = "oncall@example.com"
DEAD = {"url": "http://127.0.0.1:9/secret-path-1234567890"}


async def fail(case: NotificationCase) -> None:
    await case.opened()
    await case.deliver_due()


async def report(case: NotificationCase, hours: float) -> None:
    """By three controllers at once."""
    now = utc_now() + timedelta(hours=hours)
    await asyncio.gather(*(report_failing_channels(case.db, now) for _ in range(3)))


async def notices(case: NotificationCase) -> list[tuple[str, str, bool]]:
    """Name of the channel, title, and whether it is over."""
    return [
        (name, notice["title"], notice.get("over", False))
        for name, notice in await case.rows(
            "SELECT channel_name, notice FROM delivery WHERE about_channel_id IS NOT NULL ORDER BY id"
        )
    ]


async def test_it_is_told_once_after_an_hour_and_once_when_it_works(
    case: NotificationCase, mail: SmtpSink, hook: WebhookSink
) -> None:
    dead = await case.channel("webhook", "Desk", DEAD)
    await fail(case)
    await case.channel("email", "On call", {"to": [ONCALL]})
    await report(case, 0.9)
    assert await notices(case) == []
    await report(case, 1.1)
    await report(case, 5)
    assert await notices(case) == [("On call", "Notifications do not arrive: Desk (webhook)", False)]
    await case.deliver_due()
    (told,) = mail.to(ONCALL)
    assert "secret-path" not in told.message.as_string()

    stored = case.vault.conceal({"url": hook.url}, None, field="config")
    await case.value("UPDATE notification_channel SET config = $2 WHERE id = $1", dead, stored)
    await case.hasten()
    await case.deliver_due()
    await report(case, 5)
    await report(case, 6)
    await case.deliver_due()
    assert subjects(mail, ONCALL) == [
        "Notifications do not arrive: Desk (webhook)",
        "Notifications arrive again: Desk (webhook)",
    ]
    assert mail.to(ONCALL)[1].message["References"] == told.message["References"]


async def test_the_owners_channel_goes_before_the_organizations(case: NotificationCase) -> None:
    await case.channel("webhook", "Desk", DEAD, customer_id=case.customer)
    await fail(case)
    await case.channel("email", "Everybody", {"to": ["all@example.com"]})
    await case.channel("email", "Bakery", {"to": ["bakery@example.com"]}, customer_id=case.customer, priority=9)
    other = await case.value(
        "INSERT INTO customer (organization_id, name) VALUES ($1, 'Other') RETURNING id", case.organization
    )
    await case.channel("email", "Other", {"to": ["other@example.com"]}, customer_id=other, priority=1)
    await report(case, 2)
    assert [name for name, _, _ in await notices(case)] == ["Bakery"]


async def test_without_another_one_the_operators_are_told(case: NotificationCase) -> None:
    await case.channel("webhook", "Desk", DEAD)
    await fail(case)
    await report(case, 2)
    assert await notices(case) == []
    operating = await case.value("SELECT min(id) FROM organization")
    number = await case.channel("email", "Operators", {"to": ["ops@example.net"]}, for_ops=True)
    await case.value("UPDATE notification_channel SET organization_id = $2 WHERE id = $1", number, operating)
    await report(case, 2)
    assert [name for name, _, _ in await notices(case)] == ["Operators"]


async def test_a_notice_that_fails_makes_no_other_one(case: NotificationCase) -> None:
    await case.channel("webhook", "Desk", DEAD)
    await fail(case)
    second = await case.channel("webhook", "Second", DEAD)
    await report(case, 2)
    await case.deliver_due()
    await case.channel("email", "Third", {"to": [ONCALL]})
    assert await case.value("SELECT failures > 0 FROM delivery_lane WHERE lane = $1", f"channel {second}")
    await report(case, 4)
    assert [name for name, _, _ in await notices(case)] == ["Second"]


async def test_the_same_address_on_another_channel_is_not_told(case: NotificationCase) -> None:
    failing = await case.channel("email", "On call", {"to": [ONCALL]})
    await case.channel("email", "The same", {"to": [ONCALL.upper()]})
    await case.value(
        "INSERT INTO delivery_lane (lane, transport, due_at, failures, failing_since)"
        " VALUES ($1, 'email', 'infinity', 3, now())",
        f"channel {failing}",
    )
    await case.value(
        "INSERT INTO delivery (organization_id, notice, channel_id, type, receiver, lane)"
        " VALUES ($1, '{}', $2, 'email', $3, $4)",
        case.organization,
        failing,
        ONCALL,
        f"channel {failing}",
    )
    await report(case, 2)
    assert await notices(case) == []


@pytest.mark.parametrize(("refused", "told"), [(1, 0), (2, 1)])
async def test_a_receiver_that_refuses_all_fails_too(case: NotificationCase, refused: int, told: int) -> None:
    """One message that is refused may be the message's fault."""
    failing = await case.channel("webhook", "Desk", DEAD)
    await case.channel("email", "On call", {"to": [ONCALL]})
    for _ in range(refused):
        await case.value(
            "INSERT INTO delivery (organization_id, notice, channel_id, type, receiver, state, error)"
            " VALUES ($1, '{}', $2, 'webhook', 'Desk', 'failed', 'answered 404')",
            case.organization,
            failing,
        )
    await report(case, 2)
    assert len(await notices(case)) == told


async def test_a_channel_that_is_switched_off_is_forgotten(case: NotificationCase) -> None:
    dead = await case.channel("webhook", "Desk", DEAD)
    await fail(case)
    await case.channel("email", "On call", {"to": [ONCALL]})
    await report(case, 2)
    await case.value("UPDATE notification_channel SET is_active = false WHERE id = $1", dead)
    await report(case, 3)
    assert len(await notices(case)) == 1
    assert await case.value("SELECT count(*) FROM channel_outage") == 0


async def test_what_failed_long_ago_is_not_read(case: NotificationCase) -> None:
    """It is searched for every few seconds, among all deliveries that are kept."""
    dead = await case.channel("webhook", "Desk", DEAD)
    await case.value(
        "INSERT INTO delivery (organization_id, notice, channel_id, type, receiver, state, created_at)"
        " SELECT $1, '{}', $2, 'webhook', 'Desk', 'failed', now() - interval '3 days' - number * interval '1 minute'"
        " FROM generate_series(1, 20000) AS number",
        case.organization,
        dead,
    )
    await case.value("ANALYZE delivery")
    lasting, lately = timedelta(hours=1), timedelta(days=2)
    plan = await case.rows(f"EXPLAIN {channel_outages._FAILING}", utc_now(), lasting, lately, 100)
    assert any("delivery_failed" in line for (line,) in plan), plan
