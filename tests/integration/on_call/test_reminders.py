"""Whoever was notified is reminded with growing pauses until somebody takes the incidents."""

from __future__ import annotations

from tests.fakes.smtp_sink import SmtpSink
from tests.integration.notify.notification_case import NotificationCase, subjects
from tests.integration.on_call.on_call_case import look, minutes_pass, reminders, taken

ANN = "ann@example.com"


async def test_nobody_is_reminded_unless_it_is_switched_on(case: NotificationCase, mail: SmtpSink) -> None:
    await case.channel("email", "Ann", {"to": ANN})
    await case.opened()
    await case.deliver_due()
    await minutes_pass(case, 600)
    assert await look(case) == 0
    assert subjects(mail, ANN) == ["Down: Office mail"]


async def test_reminders_come_after_growing_pauses_once_each(case: NotificationCase, mail: SmtpSink) -> None:
    await reminders(case, enabled=True, firstMinutes=10, maxMinutes=30)
    await case.channel("email", "Ann", {"to": ANN})
    incident = await case.opened()
    await case.deliver_due()
    made = []
    for pause in (9, 1.1, 19, 1.1, 29, 1.1, 29, 1.1):
        await minutes_pass(case, pause)
        made.append(await look(case, controllers=2))
    assert made == [0, 1, 0, 1, 0, 1, 0, 1]
    assert subjects(mail, ANN)[:3] == [
        "Down: Office mail",
        "Still down after 10 min: Office mail",
        "Still down after 30 min: Office mail",
    ]
    await case.resolved(incident)
    await minutes_pass(case, 100)
    assert await look(case) == 0


async def test_a_package_switches_them_on_for_its_customers(case: NotificationCase, mail: SmtpSink) -> None:
    await case.value(
        "WITH made AS (INSERT INTO package (organization_id, package_type, display_name, reminder_delay_minutes,"
        " alert_reminder_interval) VALUES ($1, 'night', 'Night', 10, 20) RETURNING package_type)"
        " UPDATE customer SET package_type = made.package_type FROM made WHERE organization_id = $1",
        case.organization,
    )
    await case.channel("email", "Ann", {"to": ANN})
    await case.opened()
    await case.deliver_due()
    made = []
    for pause in (9, 1.1, 19, 1.1, 19, 1.1):
        await minutes_pass(case, pause)
        made.append(await look(case))
    assert made == [0, 1, 0, 1, 0, 1]
    await case.value(
        "UPDATE customer SET reminders = $2 WHERE organization_id = $1", case.organization, {"enabled": False}
    )
    await minutes_pass(case, 100)
    assert await look(case) == 0


async def test_an_acknowledgement_stops_them_until_it_lapses(case: NotificationCase, mail: SmtpSink) -> None:
    await reminders(case, enabled=True, firstMinutes=10)
    await case.channel("email", "Ann", {"to": ANN})
    incident = await case.opened()
    await case.deliver_due()
    await taken(case, incident, 60)
    await minutes_pass(case, 30)
    assert await look(case) == 0
    await minutes_pass(case, 31)
    assert await look(case) == 1


async def test_a_group_has_one_reminder_for_each_receiver(case: NotificationCase, mail: SmtpSink) -> None:
    await reminders(case, enabled=True, firstMinutes=10)
    await case.channel("email", "Ann", {"to": ANN})
    await case.channel("email", "Bob", {"to": "bob@example.com"})
    for monitor in (case.monitor_id, await case.monitor(), await case.monitor()):
        await case.opened(monitor)
    await case.value(
        "WITH made AS ("
        " INSERT INTO incident_group (organization_id, kind, cause) VALUES ($1, 'cause', 'x') RETURNING id"
        ") UPDATE incident SET group_id = made.id FROM made",
        case.organization,
    )
    await case.deliver_due()
    await minutes_pass(case, 11)
    assert await look(case) == 2
    assert subjects(mail, ANN)[-1] == "Still down after 11 min: Office mail (and 2 more)"


async def test_nobody_is_reminded_while_it_comes_and_goes(case: NotificationCase) -> None:
    await reminders(case, enabled=True, firstMinutes=10)
    await case.channel("email", "Ann", {"to": ANN})
    await case.opened()
    await case.deliver_due()
    await case.value("UPDATE incident SET flapping = true")
    await minutes_pass(case, 60)
    assert await look(case) == 0


async def test_a_channel_that_was_switched_off_is_not_reminded(case: NotificationCase) -> None:
    await reminders(case, enabled=True, firstMinutes=10)
    channel = await case.channel("email", "Ann", {"to": ANN})
    await case.opened()
    await case.deliver_due()
    await case.value("UPDATE notification_channel SET is_active = false WHERE id = $1", channel)
    await minutes_pass(case, 60)
    assert await look(case) == 0
