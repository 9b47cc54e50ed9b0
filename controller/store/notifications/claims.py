"""Claims of deliveries. A controller that has claimed a delivery may send it until the claim lapses.

Deliveries wait in lanes: a channel is one, and so is each own address. A new delivery is put into its lane first
(`sort_new`), in a transaction of its own, so that those who make deliveries never wait for a lane. A claim locks the
lanes that are due and reads only the heads of these, so its cost does not grow with what waits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from controller.store.platform.pool import Database


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that this controller may send until its claim lapses. `attempts` includes this one; it was to
    be sent first at `due_from`.

    `channel_config` is None without a channel. `quiet_hours` are the channel's, `time_zone` the organization's.
    `held_until` is when an earlier notification of this incident to this receiver, which quiet hours hold, is told;
    `digest_waits`: it is in a digest that is not sent yet. `previous_keys` are the keys of earlier notifications of
    this incident to this receiver, the oldest first. `over` is whether the incident has ended meanwhile; `delayed`
    whether the delivery was delayed from the beginning. `thread` is the incident's public id, empty without one.
    `from_here`: what it reports was done in the service behind the channel. `customer_id` is the customer to whom
    channel or address belongs, None with the organization's. `failures` is how often the lane's receiver failed in a
    row.
    """

    id: int
    key: UUID
    organization_id: int
    customer_id: int | None
    incident_id: int | None
    group_id: int | None = None
    channel_id: int | None
    channel_name: str | None
    type: str
    receiver: str
    notice: Any
    attempts: int
    due_from: datetime
    delayed: bool
    channel_config: dict[str, Any] | None
    channel_active: bool
    previous_keys: list[UUID]
    over: bool
    thread: str
    from_here: bool
    lane: str
    failures: int
    quiet_hours: dict[str, Any] | None = None
    time_zone: str = "UTC"
    held_until: datetime | None = None
    digest_waits: bool = False


class Slots(NamedTuple):
    """How many deliveries may be claimed of a transport's lanes whose receivers fail, or do not."""

    transport: str
    failing: bool
    free: int


MOST_SORTED = 1000

_SORT = """
WITH new AS (
  SELECT delivery.id, next_at, transport,
    CASE WHEN channel_id IS NULL THEN delivery.type || ' ' || receiver ELSE 'channel ' || channel_id END AS lane
  FROM delivery JOIN unnest($2::text[], $3::text[]) AS known (type, transport) ON known.type = delivery.type
  WHERE state = 'waiting' AND lane IS NULL ORDER BY delivery.id LIMIT $1 FOR UPDATE OF delivery SKIP LOCKED
), lanes AS (
  INSERT INTO delivery_lane (lane, transport, due_at)
  SELECT lane, min(transport), min(next_at) FROM new GROUP BY lane ORDER BY lane
  ON CONFLICT (lane) DO UPDATE SET due_at = LEAST(
    delivery_lane.due_at, GREATEST(excluded.due_at, delivery_lane.paused_until)
  )
)
UPDATE delivery SET lane = new.lane FROM new WHERE delivery.id = new.id
"""

_LOCK = """
SELECT due.lane FROM unnest($1::text[], $2::boolean[], $3::int[]) AS slots (transport, failing, free)
CROSS JOIN LATERAL (
  SELECT lane FROM delivery_lane
  WHERE transport = slots.transport AND (failures > 0) = slots.failing AND due_at <= now()
  ORDER BY due_at LIMIT slots.free FOR UPDATE SKIP LOCKED
) AS due
"""

_CLAIM = """
WITH found AS (
  SELECT head.id, next_at, lane, transport, failures,
    row_number() OVER (PARTITION BY lane ORDER BY next_at, head.id) AS place
  FROM delivery_lane CROSS JOIN LATERAL (
    SELECT id, next_at FROM delivery
    WHERE delivery.lane = delivery_lane.lane AND state = 'waiting' AND next_at <= now()
      AND (claimed_until IS NULL OR claimed_until <= now())
      AND NOT EXISTS (
        SELECT FROM delivery AS earlier
        WHERE earlier.incident_id = delivery.incident_id AND earlier.id < delivery.id AND earlier.state = 'waiting'
          AND receiver_key(earlier.type, earlier.receiver, earlier.channel_id)
            = receiver_key(delivery.type, delivery.receiver, delivery.channel_id)
          AND (earlier.channel_id IS NOT DISTINCT FROM delivery.channel_id OR NOT earlier.delayed)
      )
    ORDER BY next_at, id
    LIMIT GREATEST(0, at_once - (
      SELECT count(*) FROM delivery AS under_way
      WHERE under_way.lane = delivery_lane.lane AND state = 'waiting' AND claimed_until > now()
    ))
  ) AS head
  WHERE lane = ANY ($1::text[])
), chosen AS (
  SELECT id, failures FROM (
    SELECT id, failures, free, row_number() OVER (
      PARTITION BY slots.transport, failing ORDER BY place, next_at, id
    ) AS number
    FROM found JOIN unnest($2::text[], $3::boolean[], $4::int[]) AS slots (transport, failing, free)
      ON slots.transport = found.transport AND slots.failing = (failures > 0)
  ) AS numbered
  WHERE number <= free
), claimed AS (
  UPDATE delivery SET claimed_until = now() + $5::interval, attempts = attempts + 1
  FROM chosen WHERE delivery.id = chosen.id AND state = 'waiting'
    AND next_at <= now() AND (claimed_until IS NULL OR claimed_until <= now())
  RETURNING delivery.*, chosen.failures
)
SELECT claimed.id, claimed.key, claimed.organization_id, claimed.incident_id, claimed.group_id,
  claimed.channel_id, claimed.channel_name,
  claimed.type, claimed.receiver, claimed.notice, claimed.attempts, claimed.delayed, claimed.lane, claimed.failures,
  claimed.due_from,
  channel.config AS channel_config, COALESCE(channel.is_active, true) AS channel_active,
  CASE WHEN claimed.channel_id IS NULL THEN incident.customer_id ELSE COALESCE(channel.customer_id, (
    SELECT monitor.customer_id FROM monitor WHERE monitor.id = channel.monitor_id
  )) END AS customer_id,
  ARRAY(
    SELECT COALESCE(digest.key, earlier.key) FROM delivery AS earlier
    LEFT JOIN delivery AS digest ON digest.id = earlier.digest_id
    WHERE earlier.incident_id = claimed.incident_id AND earlier.id < claimed.id
      AND (earlier.state = 'sent' OR earlier.state = 'digested' AND digest.state = 'sent')
      AND receiver_key(earlier.type, earlier.receiver, earlier.channel_id)
        = receiver_key(claimed.type, claimed.receiver, claimed.channel_id)
    ORDER BY earlier.id
  ) AS previous_keys,
  channel.quiet_hours, organization.time_zone, held.until AS held_until, held.digest_waits,
  incident.resolved_at IS NOT NULL AS over, COALESCE(incident.public_id::text, '') AS thread,
  COALESCE(change.channel_id = claimed.channel_id, false) AS from_here
FROM claimed
LEFT JOIN notification_channel AS channel ON channel.id = claimed.channel_id
LEFT JOIN incident ON incident.id = claimed.incident_id
LEFT JOIN incident_change AS change ON change.id = claimed.change_id
JOIN organization ON organization.id = claimed.organization_id
CROSS JOIN LATERAL (
  SELECT max(earlier.held_until) FILTER (WHERE earlier.state = 'held') AS until,
    COALESCE(bool_or(digest.state = 'waiting'), false) AS digest_waits
  FROM delivery AS earlier LEFT JOIN delivery AS digest ON digest.id = earlier.digest_id
  WHERE earlier.incident_id = claimed.incident_id AND earlier.id < claimed.id
    AND earlier.state IN ('held', 'digested')
    AND receiver_key(earlier.type, earlier.receiver, earlier.channel_id)
      = receiver_key(claimed.type, claimed.receiver, claimed.channel_id)
) AS held
ORDER BY claimed.next_at, claimed.id
"""

# A lane is looked at again when its next delivery is due. While some are under way it is looked at when they end, or
# when the first of their claims lapses.
_POSTPONE = """
UPDATE delivery_lane SET due_at = GREATEST(
  now(),
  paused_until,
  CASE WHEN under_way.number >= at_once THEN under_way.lapse_at
    ELSE LEAST(waiting.next_at, COALESCE(under_way.lapse_at, 'infinity')) END
)
FROM unnest($1::text[]) AS locked (lane)
CROSS JOIN LATERAL (
  SELECT count(*) AS number, min(claimed_until) AS lapse_at FROM delivery
  WHERE delivery.lane = locked.lane AND state = 'waiting' AND claimed_until > now()
) AS under_way
LEFT JOIN LATERAL (
  SELECT next_at FROM delivery
  WHERE delivery.lane = locked.lane AND state = 'waiting' AND (claimed_until IS NULL OR claimed_until <= now())
  ORDER BY next_at, id LIMIT 1
) AS waiting ON true
WHERE delivery_lane.lane = locked.lane
"""

_REMOVE_EMPTY = "DELETE FROM delivery_lane WHERE lane = ANY ($1::text[]) AND due_at = 'infinity'"


async def sort_new(db: Database, transports: Mapping[str, str]) -> bool:
    """Put new deliveries into their lanes, MOST_SORTED at most; return whether there may be more. `transports` has the
    transport of each channel type. Raises StoreUnavailableError.
    """
    async with db.connection() as connection:
        done = await connection.execute(_SORT, MOST_SORTED, list(transports), list(transports.values()))
    return int(done.rpartition(" ")[2]) >= MOST_SORTED


async def claim(db: Database, slots: Sequence[Slots], *, lasts: timedelta) -> list[Claimed]:
    """Claim deliveries that are due, as many as there are slots, from as many lanes as possible. The notifications of
    an incident reach a receiver in order. Raises StoreUnavailableError.
    """
    free = [list(column) for column in zip(*(one for one in slots if one.free > 0), strict=True)]
    if not free:
        return []
    async with db.transaction() as connection:
        locked = [row["lane"] for row in await connection.fetch(_LOCK, *free)]
        if not locked:
            return []
        # The second statement sees what was committed until the lanes were locked, which the first one need not.
        rows = await connection.fetch(_CLAIM, locked, *free, lasts)
        await connection.execute(_POSTPONE, locked)
        await connection.execute(_REMOVE_EMPTY, locked)
    return [Claimed(**row) for row in rows]


async def keep(db: Database, numbers: Sequence[int], *, lasts: timedelta) -> None:
    """Extend the claims of deliveries that are still being sent. Raises StoreUnavailableError."""
    async with db.connection() as connection:
        await connection.execute(
            "UPDATE delivery SET claimed_until = now() + $2::interval"
            " WHERE id = ANY ($1::bigint[]) AND claimed_until IS NOT NULL",
            numbers,
            lasts,
        )
