"""A rota with shifts and an override, an escalation policy that names it, and an incident that nobody has taken."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import msgspec

from controller.model.maintenance import Frequency, Recurrence
from controller.model.notification.on_call import RotaEvent
from tests.pictures.channels import CHANNEL, HOOK
from tests.pictures.places import Installation

_ZONE = "Europe/Berlin"
_WEEKS = ("ines@example.com", "Ticket system", "omar@example.com")


async def add_on_call(here: Installation, incident: str) -> dict[str, str]:
    """Public ids of the rota and the policy. To be called when there are channels."""
    rota = await here.value(
        "INSERT INTO rota (organization_id, name, host, events, skipped, fetched_at)"
        " VALUES ($1, 'First line', 'calendar.example.com', $2, $3, $4) RETURNING id",
        here.organization,
        msgspec.to_builtins(_shifts(here.now)),
        [["Team lunch", "is cancelled"]],
        here.now - timedelta(minutes=4),
    )
    await here.run(
        "INSERT INTO rota_override (rota_id, from_at, to_at, account_id) VALUES ($1, $2, $3, $4)",
        rota,
        here.now - timedelta(hours=1),
        here.now + timedelta(hours=7),
        here.account,
    )
    numbers = [
        await here.value("SELECT id FROM notification_channel WHERE public_id = $1", one) for one in (CHANNEL, HOOK)
    ]
    policy = await here.value(
        "INSERT INTO escalation_policy (organization_id, name, severity, steps)"
        " VALUES ($1, 'Day and night', 'partial', $2) RETURNING id",
        here.organization,
        [
            {"minutes": 0, "channels": numbers[:1], "rota": None},
            {"minutes": 10, "channels": numbers[1:], "rota": rota},
            {"minutes": 7000, "channels": numbers, "rota": rota},
        ],
    )
    group = await here.value(
        "INSERT INTO incident_group (organization_id, kind, cause, opened_at)"
        " VALUES ($1, 'cause', 'mx.example.com (192.0.2.25)', $2) RETURNING id",
        here.organization,
        here.now - timedelta(hours=10),
    )
    await here.run("UPDATE incident SET group_id = $1, cause = 'mx.example.com (192.0.2.25)'", group)
    await here.run(
        "UPDATE incident SET cause = '', held_by = (SELECT id FROM incident WHERE public_id = $1::uuid)"
        " WHERE public_id <> $1::uuid AND id = (SELECT min(id) FROM incident WHERE resolved_at IS NULL)",
        incident,
    )
    for step, names in enumerate((["On call"], ["Ticket system", "ines@example.com"])):
        await here.run(
            "INSERT INTO escalation_done (group_id, policy_id, step, at, notified) VALUES ($1, $2, $3, $4, $5)",
            group,
            policy,
            step,
            here.now - timedelta(minutes=20 - 10 * step),
            names,
        )
    return {
        "rota": str(await here.value("SELECT public_id FROM rota WHERE id = $1", rota)),
        "incident group": str(await here.value("SELECT public_id FROM incident_group WHERE id = $1", group)),
        "policy": str(await here.value("SELECT public_id FROM escalation_policy WHERE id = $1", policy)),
    }


def _shifts(now: datetime) -> list[RotaEvent]:
    """A night shift that goes around from week to week."""
    monday = now.date() - timedelta(days=now.weekday() + 21)
    return [
        RotaEvent(
            uid=who,
            summary=who,
            time_zone=_ZONE,
            start=datetime.combine(monday + timedelta(weeks=number), time(18)),
            end=datetime.combine(monday + timedelta(weeks=number + 1), time(18)),
            recurrence=Recurrence(frequency=Frequency.WEEKLY, interval=len(_WEEKS)),
            emails=(who,) if "@" in who else (),
        )
        for number, who in enumerate(_WEEKS)
    ]
