"""Notifications of a channel in its quiet hours, and the digest at their end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from controller.model import Role
from controller.model.accounts import Principal
from controller.model.notification.quiet_hours import QuietHours
from controller.operations.incidents.incident_handling import acknowledge
from controller.pipeline.delivery.notifier import Notifier
from controller.pipeline.delivery.quiet_digests import send_quiet_digests
from controller.pipeline.on_call.waiting import tell_who_waits
from controller.store.notifications import alerts, channels
from controller.store.notifications.delivery_history import deliveries_of, silent_incidents
from tests.fakes.smtp_sink import SmtpSink
from tests.fakes.webhook_sink import WebhookSink
from tests.integration.notify.notification_case import NotificationCase, subjects
from tests.integration.on_call.on_call_case import minutes_pass, policy, reminders

ONCALL = "oncall@example.com"
NIGHT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # 03:00 in Berlin
MORNING = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
DAY = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
EVERY_DAY = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
NIGHTS: dict[str, Any] = {
    "windows": [{"days": EVERY_DAY, "from": "22:00", "to": "07:00"}],
    "severities": ["down", "partial"],
}


async def quiet_mail(case: NotificationCase, **hours: Any) -> int:
    stored = msgspec.to_builtins(msgspec.convert({**NIGHTS, **hours}, QuietHours))
    return await case.channel("email", "On call", {"to": [ONCALL]}, quiet_hours=stored)


@asynccontextmanager
async def sending_at(case: NotificationCase, now: datetime) -> AsyncIterator[None]:
    task = asyncio.create_task(Notifier(case.db, case.vault, case.senders, clock=lambda: now).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def sent_at(case: NotificationCase, now: datetime) -> None:
    async with sending_at(case, now):
        await case.nothing_due()


async def test_an_outage_of_the_night_is_told_in_the_morning_once(case: NotificationCase, mail: SmtpSink) -> None:
    await quiet_mail(case)
    incident = await case.opened()
    await sent_at(case, NIGHT)
    assert await case.states() == {ONCALL: ["held"]}
    assert await case.value("SELECT attempts FROM delivery") == 0
    async with case.db.connection() as connection:
        (shown,) = await deliveries_of(connection, incident.id)
        assert shown.error == "held until Tue 07:00 by quiet hours"
        (silent,) = await silent_incidents(connection, NIGHT, None, None, None, limit=10)
        assert silent.waiting == ["held until Tue 07:00 by quiet hours"]
    assert await send_quiet_digests(case.db, NIGHT) == 0
    made = await asyncio.gather(*(send_quiet_digests(case.db, MORNING) for _ in range(4)))
    assert sum(made) == 1
    assert await send_quiet_digests(case.db, MORNING) == 0
    await sent_at(case, MORNING)
    assert await case.states() == {ONCALL: ["digested", "sent"]}
    assert subjects(mail, ONCALL) == ["Quiet hours: 1 outage lasts"]
    assert await case.value("SELECT last_notified_at IS NOT NULL FROM incident")
    async with case.db.connection() as connection:
        assert await silent_incidents(connection, NIGHT, None, None, None, limit=10) == []

    await case.resolved(incident)
    await sent_at(case, DAY)
    assert subjects(mail, ONCALL)[1:] == ["Up again: Office mail"]
    digest, recovery = (one.message for one in mail.to(ONCALL))
    assert recovery["In-Reply-To"] == digest["Message-ID"]


async def test_who_hears_of_an_outage_by_the_digest_learns_who_took_it(case: NotificationCase, mail: SmtpSink) -> None:
    await quiet_mail(case)
    incident = await case.opened()
    await sent_at(case, NIGHT)
    await send_quiet_digests(case.db, MORNING)
    await sent_at(case, MORNING)
    principal = Principal(works_in=case.organization, role=Role.ADMIN)
    await acknowledge(case.db, principal, incident.public_id, "", DAY)
    await sent_at(case, DAY)
    assert subjects(mail, ONCALL) == [
        "Quiet hours: 1 outage lasts", "Taken by somebody until it is resolved: Office mail"
    ]  # fmt: skip


async def test_what_began_and_ended_in_the_night_is_only_in_the_digest(case: NotificationCase, mail: SmtpSink) -> None:
    await quiet_mail(case)
    lasting = await case.monitor(hostname="mx2.example.com")
    await case.resolved(await case.opened())
    await case.opened(lasting)
    await sent_at(case, NIGHT)
    assert await case.states() == {ONCALL: ["held"] * 3}
    await send_quiet_digests(case.db, MORNING)
    await sent_at(case, MORNING)
    assert subjects(mail, ONCALL) == ["Quiet hours: 1 outage lasts, 1 is over"]
    text = mail.to(ONCALL)[0].message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert text.index("Still wrong:") < text.index("Over meanwhile:")
    assert text.count("Office mail") == 2


async def test_the_end_of_an_outage_told_before_waits_too(case: NotificationCase, mail: SmtpSink) -> None:
    await quiet_mail(case)
    incident = await case.opened()
    await sent_at(case, DAY)
    await case.resolved(incident)
    await sent_at(case, NIGHT)
    assert await case.states() == {ONCALL: ["sent", "held"]}
    await send_quiet_digests(case.db, MORNING)
    await sent_at(case, MORNING)
    assert subjects(mail, ONCALL) == ["Down: Office mail", "Quiet hours: 1 outage, over"]


async def test_what_may_not_wait_goes_at_once(case: NotificationCase, mail: SmtpSink) -> None:
    exempt = await case.value("SELECT public_id FROM monitor WHERE id = $1", case.monitor_id)
    await quiet_mail(case, **{"except": [str(exempt)]})
    other = await case.monitor(hostname="mx2.example.com")
    await case.opened(other)
    incident = await case.opened()
    await sent_at(case, NIGHT)
    assert await case.states() == {ONCALL: ["held", "sent"]}
    await case.resolved(incident)
    await sent_at(case, NIGHT)
    assert await case.states() == {ONCALL: ["held", "sent", "sent"]}


async def test_what_gets_worse_is_told_in_the_night(case: NotificationCase, mail: SmtpSink) -> None:
    hours = msgspec.to_builtins(msgspec.convert({**NIGHTS, "severities": ["partial"]}, QuietHours))
    await case.channel("email", "On call", {"to": [ONCALL]}, quiet_hours=hours, monitor_id=case.monitor_id)
    incident = await case.opened(severity="partial")
    await sent_at(case, NIGHT)
    assert await case.states() == {ONCALL: ["held"]}
    await case.changed(incident, "escalated")
    await sent_at(case, NIGHT)
    await case.resolved(incident)
    await sent_at(case, NIGHT)
    assert await case.states() == {ONCALL: ["held", "sent", "sent"]}
    assert len(subjects(mail, ONCALL)) == 2


async def test_a_follower_whose_outage_is_held_waits_for_the_digest(case: NotificationCase, mail: SmtpSink) -> None:
    """The recovery becomes due after the quiet hours, before the digest is made and before it is sent."""
    await quiet_mail(case)
    incident = await case.opened()
    await sent_at(case, NIGHT)
    async with case.db.connection() as connection:
        assert [one.receiver for one in await alerts.followers(connection, incident.id)] == [ONCALL]
    await case.resolved(incident)
    await sent_at(case, DAY)
    assert await case.states() == {ONCALL: ["held", "held"]}
    await send_quiet_digests(case.db, DAY)
    await sent_at(case, DAY)
    assert subjects(mail, ONCALL) == ["Quiet hours: 1 outage, over"]


async def test_held_ones_hold_up_nobody(case: NotificationCase, mail: SmtpSink, hook: WebhookSink) -> None:
    await quiet_mail(case)
    await case.channel("webhook", "Desk", {"url": hook.url})
    incident = await case.opened()
    await sent_at(case, NIGHT)
    await case.resolved(incident)
    await sent_at(case, NIGHT)
    assert await case.states() == {ONCALL: ["held", "held"], "Desk": ["sent", "sent"]}
    assert await case.claim() == []
    assert await case.value("SELECT count(*) FROM delivery_lane") == 0


async def test_a_change_of_quiet_hours_decides_again(case: NotificationCase, mail: SmtpSink) -> None:
    number = await quiet_mail(case)
    await case.opened()
    await sent_at(case, NIGHT)

    async def change(hours: dict[str, Any] | None) -> None:
        assert await channels.change(
            case.db, None, number, lambda found: msgspec.structs.replace(found, quiet_hours=hours)
        )
        await case.value("UPDATE delivery SET held_until = $1 WHERE state = 'held'", NIGHT)

    await change({**NIGHTS, "windows": [{"days": EVERY_DAY, "from": "22:00", "to": "09:00"}]})
    assert await send_quiet_digests(case.db, NIGHT) == 0
    assert await case.value("SELECT error FROM delivery") == "held until Tue 09:00 by quiet hours"
    await change(None)
    assert await send_quiet_digests(case.db, NIGHT) == 1
    await sent_at(case, NIGHT)
    assert subjects(mail, ONCALL) == ["Quiet hours: 1 outage lasts"]


@pytest.mark.parametrize("by_cascade", [False, True])
async def test_a_deleted_channel_tells_nothing(case: NotificationCase, mail: SmtpSink, by_cascade: bool) -> None:
    number = await quiet_mail(case)
    await case.opened()
    await sent_at(case, NIGHT)
    if by_cascade:
        await case.value("DELETE FROM notification_channel WHERE id = $1", number)
    else:
        await channels.delete(case.db, number)
    assert await send_quiet_digests(case.db, MORNING) == 0
    assert await case.states() == {ONCALL: ["skipped"]}
    assert subjects(mail, ONCALL) == []


async def test_a_group_waits_when_all_its_outages_may(case: NotificationCase, mail: SmtpSink) -> None:
    second = await case.monitor(hostname="mx2.example.com")
    exempt: UUID = await case.value("SELECT public_id FROM monitor WHERE id = $1", second)
    await quiet_mail(case, **{"except": [str(exempt)]})
    first = await case.opened()
    group = await case.value(
        "INSERT INTO incident_group (organization_id, kind, cause) VALUES ($1, 'cause', 'refused') RETURNING id",
        case.organization,
    )
    await case.value("UPDATE delivery SET group_id = $1", group)
    await case.value(
        "INSERT INTO grouped_change (group_id, receiver_key, incident_id, change_id, kind, delivery_id)"
        " SELECT $1, 'email', incident_id, id, 'opened', (SELECT id FROM delivery) FROM incident_change"
        " WHERE incident_id = $2",
        group,
        first.id,
    )
    await sent_at(case, NIGHT)
    assert await case.states() == {ONCALL: ["held"]}
    await case.value("UPDATE incident SET monitor_id = $1", second)
    await case.value("UPDATE delivery SET state = 'waiting', lane = NULL, next_at = now() - interval '1 second'")
    await sent_at(case, NIGHT)
    assert await case.states() == {ONCALL: ["sent"]}


@pytest.mark.parametrize("by_step", [False, True], ids=["a reminder", "a step for who knows already"])
async def test_what_tells_again_of_an_outage_waits_like_the_outage(
    case: NotificationCase, mail: SmtpSink, by_step: bool
) -> None:
    number = await quiet_mail(case)
    if by_step:
        await policy(case, (10, [number], None))
    else:
        await reminders(case, enabled=True, firstMinutes=10)
    await case.opened()
    await sent_at(case, DAY)
    await minutes_pass(case, 11)
    assert await tell_who_waits(case.db) == 1
    await sent_at(case, NIGHT)
    assert await case.states() == {ONCALL: ["sent", "held"]}
    await send_quiet_digests(case.db, MORNING)
    await sent_at(case, MORNING)
    assert subjects(mail, ONCALL) == ["Down: Office mail", "Quiet hours: 1 outage lasts"]


async def test_what_is_handed_over_waits_for_nothing(case: NotificationCase, hook: WebhookSink) -> None:
    """Even with quiet hours that were stored before they were refused."""
    hours = msgspec.to_builtins(msgspec.convert(NIGHTS, QuietHours))
    await case.channel("goalert", "Duty", {"secret": hook.url}, quiet_hours=hours)
    await case.opened()
    await sent_at(case, NIGHT)
    assert await case.states() == {"Duty": ["sent"]}
