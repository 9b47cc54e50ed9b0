"""What is behind the links of messages, channels of more types with quiet hours and digests, and packages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from controller.store.digests import unsubscribing
from controller.store.incidents import ack_tokens
from controller.store.platform.link_tokens import new_link_token
from tests.pictures.channels import CHANNEL
from tests.pictures.places import Installation

ON_CALL_SERVICE = UUID("88888888-0000-4000-8000-000000000004")
QUIET = UUID("88888888-0000-4000-8000-000000000005")

_NIGHTS = {
    "timeZone": "Europe/Berlin",
    "windows": [{"days": ["MO", "TU", "WE", "TH", "FR"], "from": "22:00", "to": "07:00"}],
    "severities": ["partial"],
    "except": [],
}
_WEEKLY = {"frequency": "weekly", "at": "08:00", "weekday": "mon"}
_LEFT = ("former.colleague@example.com", "a-rather-long-name.of-somebody@northfield.example")
_PACKAGES: tuple[dict[str, Any], ...] = (
    {"package_type": "basic", "display_name": "Basic", "check_interval_minutes": 5, "check_locations": 2},
    {
        "package_type": "premium",
        "display_name": "Premium \u202eesrever\u202c <b>bold</b>",
        "check_interval_minutes": 1,
        "check_locations": 5,
        "alert_location_threshold": "majority",
        "data_retention_months": 24,
        "enable_sms_alerts": False,
        "notes": "For hotels, with text messages at night",
    },
)


async def add_links(here: Installation, incident: UUID) -> dict[str, str]:
    """Tokens of links and the number of a package. To be called when there are channels with deliveries."""
    number: int = 0
    for public_id, type_, name, config, quiet, digest in (
        (ON_CALL_SERVICE, "pagerduty", "PagerDuty", {"routingKey": "0" * 32, "webhookSecret": "(sealed)"}, None, None),
        (QUIET, "email", "Weekly for the team", {"to": ["team@example.com", *_LEFT]}, _NIGHTS, _WEEKLY),
    ):
        number = await here.value(
            "INSERT INTO notification_channel (public_id, organization_id, type, name, config, quiet_hours, digest)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
            public_id,
            here.organization,
            type_,
            name,
            config,
            quiet,
            digest,
        )
    token, answer = new_link_token(), new_link_token()
    async with here.database.transaction() as connection:
        for address in _LEFT:
            await unsubscribing.unsubscribe(connection, number, address, here.now - timedelta(days=3))
        await unsubscribing.insert(connection, token, channel_id=number, receiver="team@example.com", now=here.now)
        delivery, about = await connection.fetchrow(
            "SELECT delivery.id, incident.id FROM delivery JOIN notification_channel AS channel"
            " ON channel.id = delivery.channel_id, incident WHERE channel.public_id = $1 AND incident.public_id = $2"
            " LIMIT 1",
            CHANNEL,
            incident,
        )
        await ack_tokens.insert(connection, answer, incident_id=about, delivery_id=delivery, now=here.now)
    return {"unsubscribe": token.reveal(), "ack": answer.reveal(), "package": str(await _add_packages(here))}


async def _add_packages(here: Installation) -> int:
    """The number of the last one."""
    number: int = 0
    for one in _PACKAGES:
        names = ", ".join(one)
        given = ", ".join(f"${at}" for at in range(2, len(one) + 2))
        number = await here.value(
            f"INSERT INTO package (organization_id, {names}) VALUES ($1, {given}) RETURNING id",  # noqa: S608 - above
            here.organization,
            *one.values(),
        )
    await here.run("UPDATE customer SET package_type = 'premium' WHERE id = $1", here.customers[1])
    return number
