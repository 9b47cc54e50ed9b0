"""From an incident's changes to the people who are told: by rows of PostgreSQL, to real servers."""

from __future__ import annotations

import pytest

from controller.pipeline.incident_notifications import enqueue, tell_after_maintenance
from controller.store.incidents import incidents
from tests.fakes.smtp_sink import SmtpSink
from tests.fakes.webhook_sink import WebhookSink
from tests.integration.notify.desk import Desk

OWN, CUSTOMERS = "own@example.com", "customer@example.com"
SECRET = "correct horse"


async def addressed(desk: Desk, **fields: str) -> None:
    for name, value in fields.items():
        table, column = ("customer", name[9:]) if name.startswith("customer_") else ("monitor", name)
        number = desk.customer if table == "customer" else desk.monitor_id
        await desk.value(f"UPDATE {table} SET {column} = $2 WHERE id = $1", number, value)  # noqa: S608 - ours


def subjects(mail: SmtpSink, receiver: str) -> list[str]:
    return [str(one.message["Subject"]) for one in mail.to(receiver)]


async def test_an_outage_and_its_end_are_told_once_by_mail_and_webhook(
    desk: Desk, mail: SmtpSink, hook: WebhookSink
) -> None:
    await addressed(desk, notification_email=OWN, customer_notification_email=CUSTOMERS)
    await desk.channel("webhook", "Hook", {"url": hook.url, "secret": SECRET})
    incident = await desk.opened()
    await desk.told()
    await desk.resolved(incident)
    await desk.told()
    assert subjects(mail, OWN) == ["Down: Office mail", "Up again: Office mail"]
    assert mail.to(CUSTOMERS) == []  # the monitor's own address takes its place
    opened, resolved = (one.message for one in mail.to(OWN))
    assert str(resolved["References"]) == str(opened["Message-ID"])
    assert [post.headers["x-webhook-event"] for post in hook.received] == ["alert", "recovery"]
    assert all(post.signed_with(SECRET) for post in hook.received)
    assert await desk.states() == {OWN: ["sent"] * 2, "Hook": ["sent"] * 2}
    assert await desk.value("SELECT count(*) FROM delivery_attempt WHERE error IS NULL") == 4
    assert await desk.value("SELECT last_notified_at FROM incident") is not None


async def test_the_customers_address_is_told_where_the_monitor_has_none(desk: Desk, mail: SmtpSink) -> None:
    await addressed(desk, customer_notification_email=CUSTOMERS)
    await desk.opened()
    await desk.told()
    assert subjects(mail, CUSTOMERS) == ["Down: Office mail"]


async def test_a_change_makes_its_deliveries_once_and_only_with_its_transaction(desk: Desk) -> None:
    await addressed(desk, notification_email=OWN)
    incident = await desk.opened()
    async with desk.db.connection() as connection:
        undone = connection.transaction()
        await undone.start()
        ended = await incidents.resolve(connection, incident.id, reason="over")
        assert ended
        assert await enqueue(connection, *ended) == 1
        await undone.rollback()
    assert await desk.states() == {OWN: ["waiting"]}
    async with desk.db.transaction() as connection:
        ended = await incidents.resolve(connection, incident.id, reason="over")
        assert ended
        assert [await enqueue(connection, *ended) for _ in range(2)] == [1, 0]


async def test_a_regional_outage_is_told_on_the_monitors_own_channels_until_it_is_a_whole_one(
    desk: Desk, mail: SmtpSink, hook: WebhookSink
) -> None:
    await addressed(desk, notification_email=OWN)
    await desk.channel("webhook", "Monitor's", {"url": hook.url}, monitor_id=desk.monitor_id)
    await desk.channel("webhook", "Customer's", {"url": hook.url}, customer_id=desk.customer)
    await desk.channel("email", "Everybody's", {"to": "noc@example.com"})
    incident = await desk.opened(severity="partial")
    await desk.told()
    assert await desk.states() == {OWN: ["sent"], "Monitor's": ["sent"]}
    await desk.changed(incident, "escalated")
    await desk.told()
    assert await desk.states() == {
        OWN: ["sent"] * 2,
        "Monitor's": ["sent"] * 2,
        "Customer's": ["sent"],
        "noc@example.com": ["sent"],
    }


async def test_channels_of_other_customers_and_monitors_and_of_ops_hear_nothing(desk: Desk, hook: WebhookSink) -> None:
    other = await desk.value(
        "INSERT INTO customer (organization_id, name) VALUES ($1, 'D') RETURNING id", desk.organization
    )
    await desk.channel("webhook", "D's", {"url": hook.url}, customer_id=other)
    await desk.channel("webhook", "Another monitor's", {"url": hook.url}, monitor_id=await desk.monitor())
    await desk.channel("webhook", "Ops'", {"url": hook.url}, for_ops=True)
    await desk.channel("webhook", "Off", {"url": hook.url}, is_active=False)
    await desk.opened()
    assert await desk.states() == {}


async def test_the_end_is_told_to_exactly_those_who_were_told_of_the_outage(
    desk: Desk, mail: SmtpSink, hook: WebhookSink
) -> None:
    await addressed(desk, notification_email=OWN)
    await desk.channel("email", "Refused", {"to": "nobody@example.com"})
    mail.refusals["nobody@example.com"] = "550 5.1.1 nobody of that name"
    incident = await desk.opened()
    await desk.told()
    await desk.channel("webhook", "Made meanwhile", {"url": hook.url})
    del mail.refusals["nobody@example.com"]
    await desk.resolved(incident)
    await desk.told()
    assert await desk.states() == {OWN: ["sent", "sent"], "nobody@example.com": ["failed"]}
    assert mail.to("nobody@example.com") == []
    assert hook.received == []


async def test_a_channel_that_is_renamed_meanwhile_hears_of_the_end_once(desk: Desk, hook: WebhookSink) -> None:
    number = await desk.channel("webhook", "Hook", {"url": hook.url}, monitor_id=desk.monitor_id)
    incident = await desk.opened(severity="partial")
    await desk.told()
    await desk.value("UPDATE notification_channel SET name = 'Renamed' WHERE id = $1", number)
    await desk.changed(incident, "escalated")
    await desk.resolved(incident)
    await desk.told()
    assert [post.headers["x-webhook-event"] for post in hook.received] == ["alert", "alert", "recovery"]


async def test_who_was_told_on_two_channels_hears_of_the_end_once_and_in_the_same_thread(
    desk: Desk, mail: SmtpSink
) -> None:
    near = await desk.channel("email", "Near", {"to": "noc@example.com"}, monitor_id=desk.monitor_id)
    incident = await desk.opened(severity="partial")
    await desk.told()
    await desk.value("UPDATE notification_channel SET delay_seconds = 60 WHERE id = $1", near)
    await desk.channel("email", "Far", {"to": "NOC@example.com"})
    await desk.changed(incident, "escalated")
    await desk.resolved(incident)
    await desk.told()
    mails = [one.message for one in mail.received]
    assert [str(one["Subject"]).partition(":")[0] for one in mails] == ["Partly down", "Down", "Up again"]
    ids = [str(one["Message-ID"]) for one in mails]
    assert [str(one["References"] or "").split() for one in mails] == [ids[:place] for place in range(3)]


async def test_who_is_told_late_hears_of_the_outage_first_and_then_of_its_end(desk: Desk, hook: WebhookSink) -> None:
    await desk.channel("webhook", "Hook", {"url": hook.url})
    hook.answers.append(503)
    incident = await desk.opened()
    await desk.told()
    await desk.resolved(incident)
    assert await desk.states() == {"Hook": ["waiting", "waiting"]}
    await desk.hasten()
    await desk.told()
    assert [post.headers["x-webhook-event"] for post in hook.received] == ["alert", "alert", "recovery"]
    assert [post.headers["x-webhook-attempt"] for post in hook.received] == ["1", "2", "1"]
    first, second, _ = (post.headers["x-webhook-delivery"] for post in hook.received)
    assert first == second


async def test_a_delayed_channel_hears_nothing_of_what_was_over_before(desk: Desk, hook: WebhookSink) -> None:
    await desk.channel("webhook", "Later", {"url": hook.url}, delay_seconds=300)
    await desk.channel("webhook", "Only long ones", {"url": hook.url}, conditions={"minIncidentDuration": 300})
    incident = await desk.opened()
    await desk.told()
    assert await desk.states() == {"Later": ["waiting"], "Only long ones": ["waiting"]}
    await desk.resolved(incident)
    await desk.hasten()
    await desk.told()
    assert await desk.states() == {"Later": ["skipped"] * 2, "Only long ones": ["skipped"] * 2}
    assert hook.received == []


async def test_a_delayed_channel_is_told_when_the_outage_lasts(desk: Desk, hook: WebhookSink) -> None:
    await desk.channel("webhook", "Later", {"url": hook.url}, delay_seconds=300)
    incident = await desk.opened()
    due, at = (await desk.rows("SELECT next_at, created_at FROM delivery"))[0]
    assert 299 < (due - at).total_seconds() < 301
    await desk.hasten()
    await desk.told()
    await desk.resolved(incident)
    await desk.told()
    assert [post.headers["x-webhook-event"] for post in hook.received] == ["alert", "recovery"]


async def test_maintenance_tells_nobody_until_it_is_over_and_the_outage_is_not(desk: Desk, mail: SmtpSink) -> None:
    await addressed(desk, notification_email=OWN, status="maintenance")
    incident = await desk.opened()
    await desk.changed(incident, "flapping")
    assert await tell_after_maintenance(desk.db) == 0
    assert await desk.states() == {}
    await addressed(desk, status="active")
    assert await tell_after_maintenance(desk.db) == 1
    assert await tell_after_maintenance(desk.db) == 0
    await desk.told()
    assert subjects(mail, OWN) == ["Down: Office mail"]


async def test_a_delayed_channel_does_not_hold_up_another_one_of_the_same_address(desk: Desk, mail: SmtpSink) -> None:
    await desk.channel("email", "Later", {"to": "noc@example.com"}, monitor_id=desk.monitor_id, delay_seconds=300)
    incident = await desk.opened(severity="partial")
    await desk.channel("email", "At once", {"to": "noc@example.com"})
    await desk.changed(incident, "escalated")
    await desk.told()
    await desk.resolved(incident)
    await desk.told()
    assert subjects(mail, "noc@example.com") == ["Down: Office mail, after a partial outage", "Up again: Office mail"]


async def test_outages_that_nobody_is_to_be_told_of_hold_up_no_other(desk: Desk) -> None:
    """There are more of them than are looked at in one go."""
    monitors = [await desk.monitor(status="maintenance") for _ in range(56)]
    for monitor in monitors:
        await desk.opened(monitor)
    await desk.value("UPDATE monitor SET notification_email = $2 WHERE id = $1", monitors[-1], OWN)
    await desk.value("UPDATE monitor SET status = 'active'")
    assert await tell_after_maintenance(desk.db) == 1
    assert await desk.states() == {OWN: ["waiting"]}


async def test_an_outage_that_came_and_went_in_maintenance_is_told_to_nobody(desk: Desk) -> None:
    await addressed(desk, notification_email=OWN, status="maintenance")
    await desk.resolved(await desk.opened())
    await addressed(desk, status="active")
    assert await tell_after_maintenance(desk.db) == 0
    assert await desk.states() == {}


async def test_who_was_told_before_maintenance_hears_of_the_end_in_it(desk: Desk, mail: SmtpSink) -> None:
    await addressed(desk, notification_email=OWN)
    incident = await desk.opened()
    await desk.told()
    await addressed(desk, status="maintenance")
    await desk.resolved(incident)
    await desk.told()
    assert subjects(mail, OWN) == ["Down: Office mail", "Up again: Office mail"]


async def test_an_outage_outside_maintenance_is_not_told_again_after_one(desk: Desk) -> None:
    """Nobody was there to be told when it began; who is added later hears of what comes later."""
    await desk.opened()
    await addressed(desk, notification_email=OWN, status="maintenance")
    await addressed(desk, status="active")
    assert await tell_after_maintenance(desk.db) == 0


async def test_a_text_message_without_a_service_is_in_the_log_with_the_reason(desk: Desk) -> None:
    await addressed(desk, notification_phone_number="+4930123456")
    await desk.opened()
    await desk.told()
    ((state, error),) = await desk.rows("SELECT state, error FROM delivery")
    assert (state, error) == ("skipped", "no text message service is set up (MAILPROBE_SMS_URL)")
    assert await desk.value("SELECT error FROM delivery_attempt") == error


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        pytest.param("DELETE FROM notification_channel", "the channel was deleted", id="deleted"),
        pytest.param("UPDATE notification_channel SET is_active = false", "the channel was switched off", id="off"),
    ],
)
async def test_a_channel_that_is_gone_meanwhile_is_not_used(
    desk: Desk, hook: WebhookSink, statement: str, why: str
) -> None:
    await desk.channel("webhook", "Hook", {"url": hook.url})
    await desk.opened()
    await desk.value(statement)
    await desk.told()
    assert await desk.rows("SELECT state, error, attempts FROM delivery") == [("skipped", why, 0)]
    assert hook.received == []


async def test_what_people_write_on_an_incident_is_told_to_nobody(desk: Desk) -> None:
    await addressed(desk, notification_email=OWN)
    incident = await desk.opened()
    await desk.changed(incident, "acknowledged")
    await desk.changed(incident, "commented")
    assert await desk.states() == {OWN: ["waiting"]}


async def test_what_comes_and_goes_is_told_in_one_thread(desk: Desk, mail: SmtpSink) -> None:
    await addressed(desk, notification_email=OWN)
    incident = await desk.opened()
    for kind, severity in (("eased", "partial"), ("escalated", "down"), ("flapping", "down")):
        await desk.changed(incident, kind, severity)
    await desk.resolved(incident)
    await desk.told()
    ids = [str(one.message["Message-ID"]) for one in mail.to(OWN)]
    assert [str(one.message["References"] or "").split() for one in mail.to(OWN)] == [ids[:place] for place in range(5)]
