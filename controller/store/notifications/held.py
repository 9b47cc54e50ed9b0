"""Deliveries that quiet hours of their channel hold, and the digests that tell them afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from controller.store.platform.pool import Connection, Database

# The incidents of a delivery: its own, or with a group all those whose changes it tells.
_COVERED = """
SELECT incident.severity, monitor.public_id FROM incident JOIN monitor ON monitor.id = incident.monitor_id
WHERE incident.id IN (SELECT incident_id FROM grouped_change WHERE delivery_id = $1)
"""

_DUE = """
SELECT DISTINCT channel_id FROM delivery WHERE state = 'held' AND held_until <= $1 AND channel_id > $2
ORDER BY channel_id LIMIT $3
"""

_CHANNEL = """
SELECT channel.id, channel.name, channel.organization_id, channel.quiet_hours, organization.time_zone,
  organization.name AS organization
FROM notification_channel AS channel JOIN organization ON organization.id = channel.organization_id
WHERE channel.id = $1 FOR UPDATE OF channel SKIP LOCKED
"""

_HELD = """
SELECT id, type, receiver, channel_name, due_from FROM delivery WHERE channel_id = $1 AND state = 'held' ORDER BY id
FOR UPDATE
"""

_OUTAGES = """
SELECT told.delivery_id, incident.public_id, incident.severity, incident.reason, incident.outage_started_at AS began,
  incident.resolved_at AS ended, monitor.name AS monitor, customer.name AS customer
FROM (
  SELECT id AS delivery_id, incident_id FROM delivery WHERE id = ANY ($1::bigint[])
  UNION SELECT delivery_id, incident_id FROM grouped_change WHERE delivery_id = ANY ($1::bigint[])
) AS told
JOIN incident ON incident.id = told.incident_id JOIN monitor ON monitor.id = incident.monitor_id
JOIN customer ON customer.id = incident.customer_id
ORDER BY incident.outage_started_at, incident.id
"""

_DIGEST = """
INSERT INTO delivery (organization_id, notice, channel_id, channel_name, type, receiver)
VALUES ($1, $2, $3, $4, $5, $6) RETURNING id
"""

_MARK = """
UPDATE delivery SET state = 'digested', digest_id = $2, error = NULL WHERE id = ANY ($1::bigint[]) AND state = 'held'
"""

_ORPHANED = """
WITH skipped AS (
  UPDATE delivery SET state = 'skipped', error = 'the channel was deleted'
  WHERE state = 'held' AND NOT EXISTS (SELECT FROM notification_channel WHERE id = delivery.channel_id)
  RETURNING id, error
)
INSERT INTO delivery_attempt (delivery_id, error) SELECT id, error FROM skipped
"""


class HeldOutage(NamedTuple):
    """An incident of which a held delivery tells, as it is now."""

    delivery_id: int
    public_id: UUID
    severity: str
    reason: str
    began: datetime
    ended: datetime | None
    monitor: str
    customer: str


class HeldDelivery(NamedTuple):
    """A held delivery; it became due first at `due_from`."""

    id: int
    type: str
    receiver: str
    channel_name: str | None
    due_from: datetime


class HoldingChannel(NamedTuple):
    """A channel that holds deliveries, with the time zone and name of its organization."""

    id: int
    name: str
    organization_id: int
    quiet_hours: dict[str, Any] | None
    time_zone: str
    organization: str


async def covered(database: Database, delivery_id: int) -> list[tuple[str, UUID]]:
    """The severity and the monitor of each incident of which a message about a group tells. Raises
    StoreUnavailableError.
    """
    async with database.connection() as connection:
        return [(row["severity"], row["public_id"]) for row in await connection.fetch(_COVERED, delivery_id)]


async def channels_due(database: Database, now: datetime, *, after: int, at_most: int) -> list[int]:
    """Channels, by number beyond `after`, whose quiet hours may be over for what they hold. What deleted channels held
    is skipped.
    """
    async with database.connection() as connection:
        await connection.execute(_ORPHANED)
        return [row["channel_id"] for row in await connection.fetch(_DUE, now, after, at_most)]


async def locked_channel(connection: Connection, channel_id: int) -> HoldingChannel | None:
    """The channel, locked until the transaction ends; None when it is gone, or another controller has it."""
    row = await connection.fetchrow(_CHANNEL, channel_id)
    return HoldingChannel(*row) if row else None


async def held_by(connection: Connection, channel_id: int) -> list[HeldDelivery]:
    return [HeldDelivery(*row) for row in await connection.fetch(_HELD, channel_id)]


async def outages_of(connection: Connection, deliveries: Sequence[int]) -> list[HeldOutage]:
    """The incidents of which these deliveries tell, by their beginning."""
    return [HeldOutage(*row) for row in await connection.fetch(_OUTAGES, list(deliveries))]


async def extend(connection: Connection, channel_id: int, until: datetime, words: str) -> None:
    """Hold all that the channel holds until then."""
    await connection.execute(
        "UPDATE delivery SET held_until = $2, error = $3 WHERE channel_id = $1 AND state = 'held'",
        channel_id,
        until,
        words,
    )


async def digest(connection: Connection, channel: HoldingChannel, notice: Any, held: Sequence[HeldDelivery]) -> int:
    """Make one delivery that tells all these, which are to the same receiver."""
    first = held[0]
    made: int = await connection.fetchval(
        _DIGEST, channel.organization_id, notice, channel.id, channel.name, first.type, first.receiver
    )
    await connection.execute(_MARK, [one.id for one in held], made)
    return made
