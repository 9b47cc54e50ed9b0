"""What is set about being on call, and time that passes."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from controller.pipeline.on_call.waiting import tell_who_waits
from controller.store.incidents.incidents import StoredIncident
from tests.integration.notify.notification_case import NotificationCase


async def policy(case: NotificationCase, *steps: tuple[int, list[int], int | None], **fields: Any) -> int:
    """An escalation policy: steps of minutes, channels and a rota."""
    stored = [{"minutes": after, "channels": channels, "rota": rota} for after, channels, rota in steps]
    number: int = await case.value(
        "INSERT INTO escalation_policy (organization_id, customer_id, name, severity, steps)"
        " VALUES ($1, $2, 'Night', $3, $4) RETURNING id",
        case.organization,
        fields.get("customer_id"),
        fields.get("severity", "down"),
        stored,
    )
    return number


async def reminders(case: NotificationCase, **settings: Any) -> None:
    await case.value("UPDATE organization SET reminders = $2 WHERE id = $1", case.organization, settings)


async def mailbox(case: NotificationCase, name: str, **fields: Any) -> int:
    """A channel of the organization that nobody uses for incidents unless a step names it: it is for no package."""
    return await case.channel("email", name, {"to": f"{name}@example.com"}, allowed_package_types=["none"], **fields)


async def minutes_pass(case: NotificationCase, number: float) -> None:
    """What was begins, and was done, so much earlier."""
    past = timedelta(minutes=number)
    for statement in (
        "UPDATE incident SET started_at = started_at - $1::interval, on_call_at = on_call_at - $1",
        "UPDATE incident SET outage_started_at = outage_started_at - $1::interval",
        "UPDATE incident SET acknowledged_until = acknowledged_until - $1::interval",
        "UPDATE delivery SET sent_at = sent_at - $1::interval",
        "UPDATE reminder SET at = at - $1::interval",
        "UPDATE escalation_done SET at = at - $1::interval",
        "UPDATE maintenance_time SET from_at = from_at - $1::interval, to_at = to_at - $1",
    ):
        await case.value(statement, past)


async def look(case: NotificationCase, *, controllers: int = 1) -> int:
    """Look as so many controllers do at once; then send. Returns how many deliveries they made."""
    made = await asyncio.gather(*(tell_who_waits(case.db) for _ in range(controllers)))
    await case.deliver_due()
    return sum(made)


async def taken(case: NotificationCase, incident: StoredIncident, minutes: int | None = None) -> None:
    """Somebody has it, for so long or until it is resolved."""
    await case.value(
        "UPDATE incident SET acknowledged_at = now(), acknowledged_until = now() + $2::interval WHERE id = $1",
        incident.id,
        None if minutes is None else timedelta(minutes=minutes),
    )
