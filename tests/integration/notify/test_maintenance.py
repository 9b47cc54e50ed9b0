"""Notifications while a monitor is in maintenance, and after it."""

from __future__ import annotations

from controller.pipeline.incident_notifications import notify_after_maintenance
from tests.fakes.smtp_sink import SmtpSink
from tests.integration.notify.notification_case import NotificationCase, addressed, subjects

OWN, CUSTOMERS = "own@example.com", "customer@example.com"
SECRET = "correct horse"


async def test_maintenance_notifies_nobody_until_it_is_over_and_the_outage_is_not(
    case: NotificationCase, mail: SmtpSink
) -> None:
    await addressed(case, notification_email=OWN, status="maintenance")
    incident = await case.opened()
    await case.changed(incident, "flapping")
    assert await notify_after_maintenance(case.db) == 0
    assert await case.states() == {}
    await addressed(case, status="active")
    assert await notify_after_maintenance(case.db) == 1
    assert await notify_after_maintenance(case.db) == 0
    await case.deliver_due()
    assert subjects(mail, OWN) == ["Down: Office mail"]


async def test_an_outage_that_came_and_went_in_maintenance_notifies_nobody(case: NotificationCase) -> None:
    await addressed(case, notification_email=OWN, status="maintenance")
    await case.resolved(await case.opened())
    await addressed(case, status="active")
    assert await notify_after_maintenance(case.db) == 0
    assert await case.states() == {}


async def test_a_receiver_notified_before_maintenance_gets_the_end_during_it(
    case: NotificationCase, mail: SmtpSink
) -> None:
    await addressed(case, notification_email=OWN)
    incident = await case.opened()
    await case.deliver_due()
    await addressed(case, status="maintenance")
    await case.resolved(incident)
    await case.deliver_due()
    assert subjects(mail, OWN) == ["Down: Office mail", "Up again: Office mail"]


async def test_an_outage_outside_maintenance_is_not_sent_again_after_one(case: NotificationCase) -> None:
    """There was no receiver when it began. A channel that is added later gets only later changes."""
    await case.opened()
    await addressed(case, notification_email=OWN, status="maintenance")
    await addressed(case, status="active")
    assert await notify_after_maintenance(case.db) == 0
