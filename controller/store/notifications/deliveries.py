"""Deliveries: which notification goes to which receiver. A row is inserted in the same transaction as the change it
reports; a controller claims it for a while, sends it, and records the outcome.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from controller.store.platform.pool import Connection, Database


class NewDelivery(NamedTuple):
    """Without a channel it goes to the receiver's own address (type email or sms). With `skipped` it is not sent, for
    that reason.
    """

    channel_id: int | None
    channel_name: str | None
    type: str
    receiver: str
    not_before: datetime | None = None
    skipped: str | None = None


async def insert(
    connection: Connection,
    organization_id: int,
    notice: Any,
    deliveries: Iterable[NewDelivery],
    *,
    incident_id: int | None = None,
    change_id: int | None = None,
) -> int:
    """Return how many were new: a receiver is notified of a change once, however often this is called."""
    rows = list(deliveries)
    if not rows:
        return 0
    made: int = await connection.fetchval(
        """
        WITH made AS (
          INSERT INTO delivery (organization_id, incident_id, change_id, notice, channel_id, channel_name, type,
            receiver, next_at, delayed, state, error)
          SELECT $1, $2, $3, $4, channel_id, channel_name, type, receiver, COALESCE(not_before, now()),
            COALESCE(not_before > now(), false),
            CASE WHEN skipped IS NULL THEN 'waiting' ELSE 'skipped' END, skipped
          FROM unnest($5::bigint[], $6::text[], $7::text[], $8::text[], $9::timestamptz[], $10::text[])
            AS one (channel_id, channel_name, type, receiver, not_before, skipped)
          ON CONFLICT DO NOTHING
          RETURNING id, error
        ), explained AS (
          INSERT INTO delivery_attempt (delivery_id, error) SELECT id, error FROM made WHERE error IS NOT NULL
        )
        SELECT count(*) FROM made
        """,
        organization_id,
        incident_id,
        change_id,
        notice,
        *(list(column) for column in zip(*rows, strict=True)),
    )
    return made


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that this controller may send until its claim expires. `attempts` includes this one.

    `channel_config` is None without a channel. `previous_keys` are the keys of earlier notifications of this incident
    to this receiver, the oldest first. `over` is whether the incident has ended meanwhile; `delayed` whether the
    delivery was delayed from the beginning.
    """

    id: int
    key: UUID
    organization_id: int
    incident_id: int | None
    channel_id: int | None
    channel_name: str | None
    type: str
    receiver: str
    notice: Any
    attempts: int
    delayed: bool
    channel_config: dict[str, Any] | None
    channel_active: bool
    previous_keys: list[UUID]
    over: bool


def receiver_sql(row: str) -> str:
    """In SQL, the receiver of a row of deliveries: an address, on whatever channel, or a channel, whatever its name."""
    return (
        f"CASE WHEN {row}.type IN ('email', 'sms') THEN {row}.type || ' ' || lower({row}.receiver)"
        f" ELSE 'channel ' || {row}.channel_id END"
    )


_LANE = "CASE WHEN channel_id IS NULL THEN type || ' ' || receiver ELSE 'channel ' || channel_id END"

_CLAIM = f"""
WITH due AS (
  SELECT id, row_number() OVER (PARTITION BY {_LANE} ORDER BY next_at, id) AS place, next_at
  FROM delivery
  WHERE state = 'waiting' AND next_at <= now() AND (claimed_until IS NULL OR claimed_until <= now())
    AND type = ANY ($2::text[]) AND NOT ({_LANE} = ANY ($3::text[]))
    AND NOT EXISTS (
      SELECT FROM delivery AS earlier
      WHERE earlier.incident_id = delivery.incident_id AND earlier.id < delivery.id AND earlier.state = 'waiting'
        AND {receiver_sql("earlier")} = {receiver_sql("delivery")}
        AND (earlier.channel_id IS NOT DISTINCT FROM delivery.channel_id OR NOT earlier.delayed)
    )
), ready AS (
  SELECT id FROM delivery
  WHERE id IN (SELECT id FROM due WHERE place = 1 ORDER BY next_at, id LIMIT $1)
    AND state = 'waiting' AND (claimed_until IS NULL OR claimed_until <= now())
  FOR UPDATE SKIP LOCKED
), claimed AS (
  UPDATE delivery SET claimed_until = now() + $4::interval, attempts = attempts + 1
  FROM ready WHERE delivery.id = ready.id
  RETURNING delivery.*
)
SELECT claimed.id, claimed.key, claimed.organization_id, claimed.incident_id, claimed.channel_id, claimed.channel_name,
  claimed.type, claimed.receiver, claimed.notice, claimed.attempts, claimed.delayed,
  channel.config AS channel_config, COALESCE(channel.is_active, true) AS channel_active,
  ARRAY(
    SELECT key FROM delivery AS earlier
    WHERE earlier.incident_id = claimed.incident_id AND earlier.id < claimed.id AND earlier.state = 'sent'
      AND {receiver_sql("earlier")} = {receiver_sql("claimed")}
    ORDER BY earlier.id
  ) AS previous_keys,
  incident.resolved_at IS NOT NULL AS over
FROM claimed
LEFT JOIN notification_channel AS channel ON channel.id = claimed.channel_id
LEFT JOIN incident ON incident.id = claimed.incident_id
ORDER BY claimed.next_at, claimed.id
"""  # noqa: S608 - constants only


async def claim(
    db: Database, at_most: int, *, types: Sequence[str], busy: Sequence[str], lasts: timedelta
) -> list[Claimed]:
    """Deliveries of these types that are due and unclaimed: one of each lane, none of a lane in `busy`. The
    notifications of an incident reach a receiver in order. Raises StoreUnavailableError.
    """
    async with db.connection() as connection:
        rows = await connection.fetch(_CLAIM, at_most, types, busy, lasts)
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


def lane(delivery: Claimed) -> str:
    """The channel or own address that deliveries are sent to one after the other."""
    if delivery.channel_id is not None:
        return f"channel {delivery.channel_id}"
    return f"{delivery.type} {delivery.receiver}"


async def sent(db: Database, delivery: Claimed) -> None:
    """Record that it was accepted. Raises StoreUnavailableError."""
    async with db.transaction() as connection:
        await connection.execute(
            "UPDATE delivery SET state = 'sent', sent_at = now(), claimed_until = NULL, error = NULL WHERE id = $1",
            delivery.id,
        )
        await connection.execute("INSERT INTO delivery_attempt (delivery_id) VALUES ($1)", delivery.id)
        await connection.execute(
            "UPDATE incident SET last_notified_at = GREATEST(last_notified_at, now()) WHERE id = $1",
            delivery.incident_id,
        )


async def failed(db: Database, delivery: Claimed, error: str, *, again_in: timedelta | None) -> None:
    """Record that it failed: it is tried again after `again_in`, or never (None). Raises StoreUnavailableError."""
    async with db.transaction() as connection:
        await connection.execute(
            "UPDATE delivery SET state = CASE WHEN $3::interval IS NULL THEN 'failed' ELSE 'waiting' END,"
            " next_at = COALESCE(now() + $3::interval, next_at), claimed_until = NULL, error = $2"
            " WHERE id = $1 AND state = 'waiting'",
            delivery.id,
            error,
            again_in,
        )
        await connection.execute(
            "INSERT INTO delivery_attempt (delivery_id, error) VALUES ($1, $2)", delivery.id, error
        )


async def skip(db: Database, delivery: Claimed, why: str) -> None:
    """Record that it is not sent, and why. Raises StoreUnavailableError."""
    async with db.transaction() as connection:
        await connection.execute(
            "UPDATE delivery SET state = 'skipped', error = $2, claimed_until = NULL, attempts = attempts - 1"
            " WHERE id = $1 AND state = 'waiting'",
            delivery.id,
            why,
        )
        await connection.execute("INSERT INTO delivery_attempt (delivery_id, error) VALUES ($1, $2)", delivery.id, why)


async def any_waiting(connection: Connection, incident_id: int) -> bool:
    """Whether a delivery about this incident is neither sent nor given up."""
    waiting: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM delivery WHERE incident_id = $1 AND state = 'waiting')", incident_id
    )
    return waiting
