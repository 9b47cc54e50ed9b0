"""Who was notified of an incident includes those who were told because nobody took it."""

from __future__ import annotations

from controller.store.incidents.incidents import StoredIncident
from controller.store.notifications.delivery_history import deliveries_of
from tests.fakes.smtp_sink import SmtpSink
from tests.integration.notify.notification_case import NotificationCase
from tests.integration.on_call.on_call_case import look, mailbox, minutes_pass, policy, reminders, taken

ANN = "ann@example.com"


async def told(case: NotificationCase, incident: StoredIncident) -> list[tuple[str, int | None, str]]:
    async with case.db.connection() as connection:
        return [(one.change_kind, one.step, one.receiver) for one in await deliveries_of(connection, incident.id)]


async def test_reminders_and_steps_are_listed_with_the_changes(case: NotificationCase, mail: SmtpSink) -> None:
    await reminders(case, enabled=True, firstMinutes=10)
    await case.channel("email", "Ann", {"to": ANN})
    boss = await mailbox(case, "boss")
    await policy(case, (5, [boss], None))
    incident = await case.opened()
    await case.deliver_due()
    await minutes_pass(case, 6)
    assert await look(case) == 1
    await minutes_pass(case, 6)
    await look(case)
    await case.resolved(incident)
    assert await told(case, incident) == [
        ("opened", None, ANN),
        ("step", 1, "boss@example.com"),
        ("reminder", None, ANN),
        ("resolved", None, ANN),
        ("resolved", None, "boss@example.com"),
    ]


async def test_an_incident_that_somebody_had_lists_no_reminder_of_the_others(
    case: NotificationCase, mail: SmtpSink
) -> None:
    await reminders(case, enabled=True, firstMinutes=10)
    await case.channel("email", "Ann", {"to": ANN})
    first, second = await case.opened(), await case.opened(await case.monitor())
    await case.value("UPDATE incident SET group_id = (SELECT group_id FROM incident WHERE id = $1)", first.id)
    await case.deliver_due()
    await taken(case, second)
    await case.value(
        "INSERT INTO incident_change (incident_id, kind, severity, reason, at)"
        " VALUES ($1, 'acknowledged', 'down', '', now() - interval '1 minute')",
        second.id,
    )
    await minutes_pass(case, 11)
    assert await look(case) == 1
    assert ("reminder", None, ANN) in await told(case, first)
    assert ("reminder", None, ANN) not in await told(case, second)
