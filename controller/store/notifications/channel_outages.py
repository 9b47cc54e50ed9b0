"""Channels whose deliveries fail, and of which their owners were notified on another channel."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from controller.store.platform.pool import Connection, Database

# Of a channel that cannot be reached, the lane knows since when. One that refuses what it gets works as a lane, so its
# deliveries say it: at least two since the last one that it took, and nothing that waits for it is about a channel.
_FAILING = """
WITH unreachable AS (
  SELECT substr(lane, 9)::bigint AS channel_id, failing_since AS since, error FROM delivery_lane
  WHERE lane LIKE 'channel %' AND failures > 0 AND failing_since <= $1::timestamptz - $2::interval
    AND EXISTS (
      SELECT FROM delivery WHERE delivery.lane = delivery_lane.lane AND state = 'waiting' AND about_channel_id IS NULL
    )
), given_up AS (
  SELECT DISTINCT channel_id FROM delivery
  WHERE state = 'failed' AND channel_id IS NOT NULL AND created_at > $1::timestamptz - $3::interval
), refusing AS (
  SELECT given_up.channel_id, refused.since, refused.error FROM given_up
  CROSS JOIN LATERAL (
    SELECT count(*) AS number, min(created_at) AS since, (array_agg(error ORDER BY id DESC))[1] AS error FROM delivery
    WHERE delivery.channel_id = given_up.channel_id AND state = 'failed' AND about_channel_id IS NULL
      AND created_at > $1::timestamptz - $3::interval
      AND created_at > COALESCE((
        SELECT sent_at FROM delivery AS taken WHERE taken.channel_id = given_up.channel_id AND taken.state = 'sent'
        ORDER BY id DESC LIMIT 1
      ), '-infinity')
  ) AS refused
  WHERE refused.number > 1 AND refused.since <= $1::timestamptz - $2::interval
)
SELECT DISTINCT ON (channel.id) channel.id, channel.public_id, channel.organization_id, organization.time_zone,
  channel.name, channel.type, channel.config, coalesce(channel.customer_id, monitor.customer_id) AS owner_id,
  channel.for_ops, failing.since, COALESCE(failing.error, '') AS error
FROM (SELECT * FROM unreachable UNION ALL SELECT * FROM refusing) AS failing
JOIN notification_channel AS channel ON channel.id = failing.channel_id
JOIN organization ON organization.id = channel.organization_id
LEFT JOIN monitor ON monitor.id = channel.monitor_id
WHERE channel.is_active AND NOT EXISTS (SELECT FROM channel_outage WHERE channel_outage.channel_id = channel.id)
ORDER BY channel.id, failing.since LIMIT $4
"""

# The owner's first, then the organization's, then the operators'.
_OTHERS = """
SELECT other.id, other.organization_id, other.name, other.type, other.config
FROM notification_channel AS other LEFT JOIN monitor ON monitor.id = other.monitor_id
WHERE other.is_active AND other.id <> $1
  AND NOT EXISTS (SELECT FROM channel_outage WHERE channel_outage.channel_id = other.id)
  AND NOT EXISTS (SELECT FROM delivery_lane WHERE lane = 'channel ' || other.id AND failures > 0)
  AND (
    other.organization_id = $2 AND NOT other.for_ops AND NOT $4::boolean AND (
      coalesce(other.customer_id, monitor.customer_id) = $3 OR other.customer_id IS NULL AND other.monitor_id IS NULL
    )
    OR other.for_ops AND other.organization_id = (SELECT min(id) FROM organization)
  )
ORDER BY other.for_ops, coalesce(other.customer_id, monitor.customer_id) IS NULL, other.priority, other.id LIMIT $5
"""

_WORKING = """
WITH over AS (
  DELETE FROM channel_outage
  WHERE EXISTS (
    SELECT FROM delivery WHERE delivery.channel_id = channel_outage.channel_id AND state = 'sent'
      AND sent_at > channel_outage.notified_at
  ) OR EXISTS (SELECT FROM notification_channel WHERE id = channel_outage.channel_id AND NOT is_active)
  RETURNING *
)
SELECT channel.public_id, channel.name, channel.type, over.since, organization.time_zone, channel.id AS channel_id,
  other.id, other.organization_id, other.name AS other_name, other.type AS other_type, other.config
FROM over JOIN notification_channel AS channel ON channel.id = over.channel_id
JOIN organization ON organization.id = channel.organization_id
JOIN notification_channel AS other ON other.id = over.notified_channel_id
WHERE channel.is_active AND other.is_active
"""

_INSERT = """
INSERT INTO delivery (organization_id, notice, channel_id, channel_name, type, receiver, about_channel_id)
SELECT $1, $2, $3, $4, $5, receiver, $7 FROM unnest($6::text[]) AS receiver
"""


class OtherChannel(NamedTuple):
    """A channel that works, on which a notice about another one is sent."""

    id: int
    organization_id: int
    name: str
    type: str
    config: dict[str, Any]


class FailingChannel(NamedTuple):
    """An active channel whose deliveries fail since then, at last with this error, and nobody was notified of it.
    `owner_id` is the customer that owns it; None for the whole organization's.
    """

    id: int
    public_id: UUID
    organization_id: int
    time_zone: str
    name: str
    type: str
    config: dict[str, Any]
    owner_id: int | None
    for_ops: bool
    since: datetime
    error: str


class WorkingChannel(NamedTuple):
    """A channel that works again, and the one on which its owner was notified that it failed."""

    id: int
    public_id: UUID
    name: str
    type: str
    since: datetime
    time_zone: str
    other: OtherChannel


async def failing(
    database: Database, now: datetime, *, lasting: timedelta, lately: timedelta, at_most: int
) -> list[FailingChannel]:
    """Those that have failed for so long; what was given up longer ago than `lately` counts no more. Raises
    StoreUnavailableError.
    """
    async with database.connection() as connection:
        rows = await connection.fetch(_FAILING, now, lasting, lately, at_most)
    return [FailingChannel(**row) for row in rows]


async def others_of(connection: Connection, channel: FailingChannel, *, at_most: int) -> list[OtherChannel]:
    """The channels on which its owner can be notified, the best first."""
    rows = await connection.fetch(
        _OTHERS, channel.id, channel.organization_id, channel.owner_id, channel.for_ops, at_most
    )
    return [OtherChannel(*row) for row in rows]


async def begin(connection: Connection, channel: FailingChannel, other: OtherChannel) -> bool:
    """False when it was begun before, perhaps by another controller."""
    begun = await connection.fetchval(
        "INSERT INTO channel_outage (channel_id, since, notified_channel_id) VALUES ($1, $2, $3)"
        " ON CONFLICT DO NOTHING RETURNING true",
        channel.id,
        channel.since,
        other.id,
    )
    return begun is True


async def end(connection: Connection) -> list[WorkingChannel]:
    """End the outages of channels that took something since, or that were switched off; return those to tell of."""
    return [
        WorkingChannel(
            id=row["channel_id"],
            public_id=row["public_id"],
            name=row["name"],
            type=row["type"],
            since=row["since"],
            time_zone=row["time_zone"],
            other=OtherChannel(row["id"], row["organization_id"], row["other_name"], row["other_type"], row["config"]),
        )
        for row in await connection.fetch(_WORKING)
    ]


async def notify(
    connection: Connection, other: OtherChannel, receivers: list[str], notice: Any, *, about_channel_id: int
) -> None:
    """Send a notice about that channel on another one."""
    await connection.execute(
        _INSERT, other.organization_id, notice, other.id, other.name, other.type, receivers, about_channel_id
    )
