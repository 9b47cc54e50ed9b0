"""What was sent through a channel, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncpg
import msgspec

from controller.model import ChannelDelivery, DeliveryRecord, DeliveryTry
from controller.store.notifications.delivery_history import MOST_TRIES
from controller.store.platform.pool import Database

STATES = ("waiting", "held", "digested", "sent", "failed", "skipped")

# A channel, a state or NULL, the id of the delivery before or NULL, how many, and how many attempts of each.
_PAGE = """
SELECT delivery.id, incident.public_id AS incident_public_id, monitor.public_id AS monitor_public_id,
  COALESCE(monitor.name, delivery.notice ->> 'title', '') AS subject,
  delivery.change_id, COALESCE(change.kind, 'notice') AS change_kind, delivery.type, delivery.channel_name,
  delivery.receiver, delivery.state, delivery.attempts,
  GREATEST(delivery.next_at, delivery_lane.paused_until) AS next_at, delivery.created_at, delivery.sent_at,
  COALESCE(delivery.error, delivery_lane.error) AS error, COALESCE(tries.found, '[]'::json) AS tries
FROM delivery
LEFT JOIN incident ON incident.id = delivery.incident_id
LEFT JOIN monitor ON monitor.id = incident.monitor_id
LEFT JOIN incident_change AS change ON change.id = delivery.change_id
LEFT JOIN delivery_lane ON delivery_lane.lane = delivery.lane AND state = 'waiting'
LEFT JOIN LATERAL (
  SELECT json_agg(json_build_object('at', at, 'error', error) ORDER BY id) AS found FROM (
    SELECT id, at, error FROM delivery_attempt WHERE delivery_id = delivery.id ORDER BY id DESC LIMIT $5
  ) AS latest
) AS tries ON true
WHERE delivery.channel_id = $1 AND ($2::text IS NULL OR state = $2) AND ($3::bigint IS NULL OR delivery.id < $3)
ORDER BY delivery.id DESC LIMIT $4
"""
_LATEST = """
SELECT channel.id AS channel_id, found.state, COALESCE(found.sent_at, found.created_at) AS at, found.error
FROM unnest($1::bigint[]) AS channel (id)
CROSS JOIN LATERAL (
  SELECT state, sent_at, created_at, error FROM delivery WHERE channel_id = channel.id ORDER BY id DESC LIMIT 1
) AS found
"""


async def deliveries_page(
    database: Database, channel_id: int, *, state: str | None, before: int | None, limit: int
) -> list[ChannelDelivery]:
    """Newest first; only those older than the delivery `before`, when one is given. One that waits because its receiver
    fails has the receiver's error, and the time of the next attempt there.
    """
    async with database.planned_anew() as connection:
        rows = await connection.fetch(_PAGE, channel_id, state, before, limit, MOST_TRIES)
    return [_delivery(row) for row in rows]


async def latest_of(database: Database, channel_ids: Sequence[int]) -> dict[int, asyncpg.Record]:
    """The state, moment and error of the latest delivery of each of these channels that has any."""
    async with database.connection() as connection:
        rows = await connection.fetch(_LATEST, list(channel_ids))
    return {row["channel_id"]: row for row in rows}


async def waiting_for(database: Database, channel_id: int) -> int:
    """How many deliveries of the channel are yet to be sent."""
    async with database.connection() as connection:
        count: int = await connection.fetchval(
            "SELECT count(*) FROM delivery WHERE channel_id = $1 AND state IN ('waiting', 'held')", channel_id
        )
    return count


def _delivery(row: asyncpg.Record) -> ChannelDelivery:
    fields: dict[str, Any] = dict(row)
    about = {name: fields.pop(name) for name in ("id", "incident_public_id", "monitor_public_id", "subject")}
    fields["tries"] = msgspec.convert(fields["tries"], list[DeliveryTry])
    return ChannelDelivery(record=DeliveryRecord(**fields), **about)
