"""From an incident's changes, by rows of PostgreSQL, to the receivers of notifications on real servers."""

from __future__ import annotations

import pytest

from controller.decisions.evaluation.state import MonitorState, Severity, VerdictKind
from controller.pipeline.maintenance.notifying import notify_after_maintenance
from controller.pipeline.notifications.incident_notifications import enqueue
from controller.store.incidents import incidents
from controller.store.maintenance import by_status
from shared.clock import utc_now
from shared.epoch import to_ms
from tests.fakes.smtp_sink import SmtpSink
from tests.fakes.webhook_sink import WebhookSink
from tests.integration.notify.notification_case import NotificationCase, addressed, subjects

OWN, CUSTOMERS = "own@example.com", "customer@example.com"
SECRET = "correct horse"


async def test_an_outage_and_its_end_are_sent_once_by_mail_and_webhook(
    case: NotificationCase, mail: SmtpSink, hook: WebhookSink
) -> None:
    await addressed(case, notification_email=OWN, customer_notification_email=CUSTOMERS)
    await case.channel("webhook", "Hook", {"url": hook.url, "secret": SECRET})
    incident = await case.opened()
    await case.deliver_due()
    await case.resolved(incident)
    await case.deliver_due()
    assert subjects(mail, OWN) == ["Down: Office mail", "Up again: Office mail"]
    assert mail.to(CUSTOMERS) == []  # the monitor's own address replaces the customer's
    opened, resolved = (one.message for one in mail.to(OWN))
    assert str(resolved["References"]) == str(opened["Message-ID"])
    assert [post.headers["x-webhook-event"] for post in hook.received] == ["alert", "recovery"]
    assert all(post.signed_with(SECRET) for post in hook.received)
    assert await case.states() == {OWN: ["sent"] * 2, "Hook": ["sent"] * 2}
    assert await case.value("SELECT count(*) FROM delivery_attempt WHERE error IS NULL") == 4
    assert await case.value("SELECT last_notified_at FROM incident") is not None


async def test_the_customers_address_is_used_where_the_monitor_has_none(case: NotificationCase, mail: SmtpSink) -> None:
    await addressed(case, customer_notification_email=CUSTOMERS)
    await case.opened()
    await case.deliver_due()
    assert subjects(mail, CUSTOMERS) == ["Down: Office mail"]


async def test_a_change_makes_its_deliveries_once_and_only_with_its_transaction(case: NotificationCase) -> None:
    await addressed(case, notification_email=OWN)
    incident = await case.opened()
    async with case.db.connection() as connection:
        undone = connection.transaction()
        await undone.start()
        ended = await incidents.resolve(connection, incident.id, reason="over")
        assert ended
        assert await enqueue(connection, *ended) == 1
        await undone.rollback()
    assert await case.states() == {OWN: ["waiting"]}
    async with case.db.transaction() as connection:
        ended = await incidents.resolve(connection, incident.id, reason="over")
        assert ended
        assert [await enqueue(connection, *ended) for _ in range(2)] == [1, 0]


async def test_a_regional_outage_uses_only_the_monitors_own_channels_until_it_is_a_whole_one(
    case: NotificationCase, mail: SmtpSink, hook: WebhookSink
) -> None:
    await addressed(case, notification_email=OWN)
    await case.channel("webhook", "Monitor's", {"url": hook.url}, monitor_id=case.monitor_id)
    await case.channel("webhook", "Customer's", {"url": hook.url}, customer_id=case.customer)
    await case.channel("email", "Everybody's", {"to": "noc@example.com"})
    incident = await case.opened(severity="partial")
    await case.deliver_due()
    assert await case.states() == {OWN: ["sent"], "Monitor's": ["sent"]}
    await case.changed(incident, "escalated")
    await case.deliver_due()
    assert await case.states() == {
        OWN: ["sent"] * 2,
        "Monitor's": ["sent"] * 2,
        "Customer's": ["sent"],
        "noc@example.com": ["sent"],
    }


async def test_channels_of_other_customers_and_monitors_and_of_ops_get_nothing(
    case: NotificationCase, hook: WebhookSink
) -> None:
    other = await case.value(
        "INSERT INTO customer (organization_id, name) VALUES ($1, 'D') RETURNING id", case.organization
    )
    await case.channel("webhook", "D's", {"url": hook.url}, customer_id=other)
    await case.channel("webhook", "Another monitor's", {"url": hook.url}, monitor_id=await case.monitor())
    await case.channel("webhook", "Ops'", {"url": hook.url}, for_ops=True)
    await case.channel("webhook", "Off", {"url": hook.url}, is_active=False)
    await case.opened()
    assert await case.states() == {}


async def test_the_end_is_sent_to_exactly_those_who_were_notified_of_the_outage(
    case: NotificationCase, mail: SmtpSink, hook: WebhookSink
) -> None:
    await addressed(case, notification_email=OWN)
    await case.channel("email", "Refused", {"to": "nobody@example.com"})
    mail.refusals["nobody@example.com"] = "550 5.1.1 nobody of that name"
    incident = await case.opened()
    await case.deliver_due()
    await case.channel("webhook", "Made meanwhile", {"url": hook.url})
    del mail.refusals["nobody@example.com"]
    await case.resolved(incident)
    await case.deliver_due()
    assert await case.states() == {OWN: ["sent", "sent"], "nobody@example.com": ["failed"]}
    assert mail.to("nobody@example.com") == []
    assert hook.received == []


async def test_a_channel_that_is_renamed_meanwhile_gets_the_end_once(case: NotificationCase, hook: WebhookSink) -> None:
    number = await case.channel("webhook", "Hook", {"url": hook.url}, monitor_id=case.monitor_id)
    incident = await case.opened(severity="partial")
    await case.deliver_due()
    await case.value("UPDATE notification_channel SET name = 'Renamed' WHERE id = $1", number)
    await case.changed(incident, "escalated")
    await case.resolved(incident)
    await case.deliver_due()
    assert [post.headers["x-webhook-event"] for post in hook.received] == ["alert", "alert", "recovery"]


async def test_a_receiver_notified_on_two_channels_gets_the_end_once_and_in_the_same_thread(
    case: NotificationCase, mail: SmtpSink
) -> None:
    near = await case.channel("email", "Near", {"to": "noc@example.com"}, monitor_id=case.monitor_id)
    incident = await case.opened(severity="partial")
    await case.deliver_due()
    await case.value("UPDATE notification_channel SET delay_seconds = 60 WHERE id = $1", near)
    await case.channel("email", "Far", {"to": "NOC@example.com"})
    await case.changed(incident, "escalated")
    await case.resolved(incident)
    await case.deliver_due()
    mails = [one.message for one in mail.received]
    assert [str(one["Subject"]).partition(":")[0] for one in mails] == ["Partly down", "Down", "Up again"]
    ids = [str(one["Message-ID"]) for one in mails]
    assert [str(one["References"] or "").split() for one in mails] == [ids[:place] for place in range(3)]


async def test_a_late_receiver_gets_the_outage_first_and_then_its_end(
    case: NotificationCase, hook: WebhookSink
) -> None:
    await case.channel("webhook", "Hook", {"url": hook.url})
    hook.answers.append(503)
    incident = await case.opened()
    await case.deliver_due()
    await case.resolved(incident)
    assert await case.states() == {"Hook": ["waiting", "waiting"]}
    await case.hasten()
    await case.deliver_due()
    assert [post.headers["x-webhook-event"] for post in hook.received] == ["alert", "alert", "recovery"]
    assert [post.headers["x-webhook-attempt"] for post in hook.received] == ["1", "2", "1"]
    first, second, _ = (post.headers["x-webhook-delivery"] for post in hook.received)
    assert first == second


async def test_a_delayed_channel_gets_nothing_about_an_outage_that_ended_before(
    case: NotificationCase, hook: WebhookSink
) -> None:
    await case.channel("webhook", "Later", {"url": hook.url}, delay_seconds=300)
    await case.channel("webhook", "Only long ones", {"url": hook.url}, conditions={"minIncidentDuration": 300})
    incident = await case.opened()
    await case.deliver_due()
    assert await case.states() == {"Later": ["waiting"], "Only long ones": ["waiting"]}
    await case.resolved(incident)
    await case.hasten()
    await case.deliver_due()
    assert await case.states() == {"Later": ["skipped"] * 2, "Only long ones": ["skipped"] * 2}
    assert hook.received == []


async def test_a_delayed_channel_is_notified_when_the_outage_lasts(case: NotificationCase, hook: WebhookSink) -> None:
    await case.channel("webhook", "Later", {"url": hook.url}, delay_seconds=300)
    incident = await case.opened()
    due, at = (await case.rows("SELECT next_at, created_at FROM delivery"))[0]
    assert 299 < (due - at).total_seconds() < 301
    await case.hasten()
    await case.deliver_due()
    await case.resolved(incident)
    await case.deliver_due()
    assert [post.headers["x-webhook-event"] for post in hook.received] == ["alert", "recovery"]


async def test_a_delayed_channel_does_not_hold_up_another_one_of_the_same_address(
    case: NotificationCase, mail: SmtpSink
) -> None:
    await case.channel("email", "Later", {"to": "noc@example.com"}, monitor_id=case.monitor_id, delay_seconds=300)
    incident = await case.opened(severity="partial")
    await case.channel("email", "At once", {"to": "noc@example.com"})
    await case.changed(incident, "escalated")
    await case.deliver_due()
    await case.resolved(incident)
    await case.deliver_due()
    assert subjects(mail, "noc@example.com") == ["Down: Office mail, after a partial outage", "Up again: Office mail"]


async def test_outages_that_need_no_notification_hold_up_no_other(case: NotificationCase) -> None:
    """There are more of them than one batch examines."""
    monitors = [await case.monitor() for _ in range(56)]
    async with case.db.transaction() as connection:
        await by_status.keep(connection, dict.fromkeys(monitors, True), utc_now())
    for monitor in monitors:
        await case.opened(monitor)
    await case.value("UPDATE monitor SET notification_email = $2 WHERE id = $1", monitors[-1], OWN)
    async with case.db.transaction() as connection:
        await by_status.keep(connection, dict.fromkeys(monitors, False), utc_now())
    state = MonitorState(
        verdict=VerdictKind.DOWN, severity=Severity.DOWN, failing_evaluations=1, taken_ms=to_ms(utc_now()) + 1
    )
    for monitor in monitors:
        await case.evaluated(state, monitor)
    assert await notify_after_maintenance(case.db) == 1
    assert await case.states() == {OWN: ["waiting"]}


async def test_a_text_message_without_a_service_is_in_the_log_with_the_reason(case: NotificationCase) -> None:
    await addressed(case, notification_phone_number="+4930123456")
    await case.opened()
    await case.deliver_due()
    ((state, error),) = await case.rows("SELECT state, error FROM delivery")
    assert (state, error) == ("skipped", "no text message service is configured (MAILPROBE_SMS_URL)")
    assert await case.value("SELECT error FROM delivery_attempt") == error


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        pytest.param("DELETE FROM notification_channel", "the channel was deleted", id="deleted"),
        pytest.param("UPDATE notification_channel SET is_active = false", "the channel was switched off", id="off"),
    ],
)
async def test_a_channel_that_is_gone_meanwhile_is_not_used(
    case: NotificationCase, hook: WebhookSink, statement: str, why: str
) -> None:
    await case.channel("webhook", "Hook", {"url": hook.url})
    await case.opened()
    await case.value(statement)
    await case.deliver_due()
    assert await case.rows("SELECT state, error, attempts FROM delivery") == [("skipped", why, 0)]
    assert hook.received == []


async def test_what_people_write_on_an_incident_notifies_nobody(case: NotificationCase) -> None:
    await addressed(case, notification_email=OWN)
    incident = await case.opened()
    await case.changed(incident, "acknowledged")
    await case.changed(incident, "commented")
    assert await case.states() == {OWN: ["waiting"]}


async def test_a_flapping_outage_is_reported_in_one_thread(case: NotificationCase, mail: SmtpSink) -> None:
    await addressed(case, notification_email=OWN)
    incident = await case.opened()
    for kind, severity in (("eased", "partial"), ("escalated", "down"), ("flapping", "down")):
        await case.changed(incident, kind, severity)
    await case.resolved(incident)
    await case.deliver_due()
    ids = [str(one.message["Message-ID"]) for one in mail.to(OWN)]
    assert [str(one.message["References"] or "").split() for one in mail.to(OWN)] == [ids[:place] for place in range(5)]
