"""What is behind the links of messages, channels of more types with quiet hours and digests, and packages."""

from __future__ import annotations

from datetime import timedelta
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
_PACKAGES = (
    ("basic", "Basic", 5, 2, None, True, None),
    ("premium", "Premium \u202eesrever\u202c <b>bold</b>", 1, 5, "majority", False, "For hotels, in their season"),
)
_INSERT = """
INSERT INTO package (organization_id, package_type, display_name, check_interval_minutes, check_locations,
  alert_location_threshold, enable_sms_alerts, notes)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id
"""


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
        delivery = await connection.fetchval(
            "SELECT min(delivery.id) FROM delivery JOIN notification_channel AS channel"
            " ON channel.id = delivery.channel_id WHERE channel.public_id = $1",
            CHANNEL,
        )
        about = await connection.fetchval("SELECT id FROM incident WHERE public_id = $1", incident)
        await ack_tokens.insert(connection, answer, incident_id=about, delivery_id=delivery, now=here.now)
    return {"unsubscribe": token.reveal(), "ack": answer.reveal(), "package": str(await _add_packages(here))}


async def _add_packages(here: Installation) -> int:
    """The number of the last one."""
    number: int = 0
    for one in _PACKAGES:
        number = await here.value(_INSERT, here.organization, *one)
    await here.run("UPDATE customer SET package_type = 'premium' WHERE id = $1", here.customers[1])
    return number
