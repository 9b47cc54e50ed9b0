"""The outcomes of deliveries, and what each says about its lane: a receiver that works gets several at once, one that
fails gets one at a time, with pauses.

Whoever changes both a lane and its deliveries changes the lane first, as a claim does.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from controller.store.events.announcing import delivery_tried
from controller.store.notifications import group_receivers
from controller.store.notifications.claims import Claimed
from controller.store.platform.pool import Connection, Database

_WORKS = """
UPDATE delivery_lane
SET failures = 0, failing_since = NULL, error = NULL, paused_until = NULL, at_once = $2,
  due_at = LEAST(due_at, now())
WHERE lane = $1
"""

_FAILS = """
UPDATE delivery_lane SET at_once = 1, failures = GREATEST(failures, $2), paused_until = now() + $3::interval,
  due_at = now() + $3::interval, error = $4, failing_since = COALESCE(failing_since, now())
WHERE lane = $1 AND (paused_until IS NULL OR paused_until <= now())
"""

_FREE = "UPDATE delivery_lane SET due_at = LEAST(due_at, GREATEST(now(), paused_until)) WHERE lane = $1"

_HASTEN_LANE = """
UPDATE delivery SET next_at = GREATEST(due_from, now())
WHERE lane = $1 AND state = 'waiting' AND next_at > GREATEST(due_from, now()) AND claimed_until IS NULL
"""

_HASTEN_LANES = """
UPDATE delivery_lane SET due_at = LEAST(due_at, GREATEST(now(), paused_until)) FROM (
  SELECT lane FROM delivery_lane WHERE lane IN (
    SELECT lane FROM delivery WHERE id IN (
      SELECT later.id FROM delivery AS earlier JOIN delivery AS later
        ON later.incident_id = earlier.incident_id AND later.id >= earlier.id AND later.state = 'waiting'
        AND receiver_key(later.type, later.receiver, later.channel_id)
          = receiver_key(earlier.type, earlier.receiver, earlier.channel_id)
      WHERE earlier.id = ANY ($1::bigint[])
      UNION ALL SELECT unnest($1::bigint[])
    )
  )
  ORDER BY lane FOR UPDATE
) AS theirs WHERE delivery_lane.lane = theirs.lane
"""

_HASTEN_THESE_AND_LATER = """
UPDATE delivery SET next_at = GREATEST(due_from, now())
WHERE id IN (
  SELECT later.id FROM delivery AS earlier JOIN delivery AS later
    ON later.incident_id = earlier.incident_id AND later.id >= earlier.id AND later.state = 'waiting'
    AND receiver_key(later.type, later.receiver, later.channel_id)
      = receiver_key(earlier.type, earlier.receiver, earlier.channel_id)
  WHERE earlier.id = ANY ($1::bigint[])
  UNION ALL SELECT unnest($1::bigint[])
) AND state = 'waiting' AND next_at > GREATEST(due_from, now()) AND claimed_until IS NULL
"""

_WAIT = """
UPDATE delivery SET next_at = failed.next_at FROM (
  SELECT later.id, earlier.next_at FROM delivery AS earlier JOIN delivery AS later
    ON later.incident_id = earlier.incident_id AND later.id > earlier.id AND later.state = 'waiting'
    AND receiver_key(later.type, later.receiver, later.channel_id)
      = receiver_key(earlier.type, earlier.receiver, earlier.channel_id)
    AND (earlier.channel_id IS NOT DISTINCT FROM later.channel_id OR NOT earlier.delayed)
  WHERE earlier.id = $1 AND earlier.state = 'waiting' AND later.next_at < earlier.next_at
  FOR UPDATE OF later SKIP LOCKED
) AS failed WHERE delivery.id = failed.id
"""


_HOLD = """
WITH held AS (
  SELECT delivery.id, EXISTS (SELECT FROM notification_channel WHERE id = delivery.channel_id) AND (
    NOT $4 OR EXISTS (
      SELECT FROM delivery AS earlier
      WHERE earlier.incident_id = delivery.incident_id AND earlier.id < delivery.id AND earlier.state = 'held'
        AND receiver_key(earlier.type, earlier.receiver, earlier.channel_id)
          = receiver_key(delivery.type, delivery.receiver, delivery.channel_id)
    )
  ) AS can_wait
  FROM delivery WHERE id = $1
)
UPDATE delivery SET claimed_until = NULL, attempts = attempts - 1,
  state = CASE WHEN can_wait THEN 'held' ELSE 'waiting' END,
  held_until = CASE WHEN can_wait THEN $2::timestamptz END, error = CASE WHEN can_wait THEN $3 END
FROM held WHERE delivery.id = held.id AND delivery.state = 'waiting'
"""


async def sent(db: Database, delivery: Claimed, *, at_once: int, hasten: bool) -> None:
    """Record that it was accepted: its lane may send `at_once` from now on. With `hasten`, those of the lane that
    wait for another attempt are tried at once. Raises StoreUnavailableError.
    """
    async with db.transaction() as connection:
        await _works(connection, delivery, at_once=at_once, hasten=hasten)
        await connection.execute(
            "UPDATE delivery SET state = 'sent', sent_at = now(), claimed_until = NULL, error = NULL WHERE id = $1",
            delivery.id,
        )
        await connection.execute("INSERT INTO delivery_attempt (delivery_id) VALUES ($1)", delivery.id)
        await connection.execute(
            "UPDATE incident SET last_notified_at = GREATEST(last_notified_at, now())"
            " WHERE id = $1 OR id IN (SELECT incident_id FROM delivery WHERE digest_id = $2)",
            delivery.incident_id,
            delivery.id,
        )
        await _announce(connection, delivery, "sent")


async def failed(
    db: Database,
    delivery: Claimed,
    error: str,
    *,
    again_in: timedelta | None,
    lane_pause: timedelta | None = None,
    at_once: int | None = None,
    hasten: bool = False,
) -> None:
    """Record that it failed: it is tried again after `again_in`, or never (None). With `lane_pause` its receiver fails
    as a whole, and gets nothing meanwhile. With `at_once` the receiver works and refused only this one; `at_once` and
    `hasten` are then as in `sent`. Raises StoreUnavailableError.
    """
    async with db.transaction() as connection:
        if lane_pause is not None:
            await connection.execute(_FAILS, delivery.lane, delivery.failures + 1, lane_pause, error)
        elif at_once is not None:
            await _works(connection, delivery, at_once=at_once, hasten=hasten)
        else:
            await connection.execute(_FREE, delivery.lane)
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
        await connection.execute(_WAIT, delivery.id)
        await _announce(connection, delivery, "failed" if again_in is None else "retrying", error)


async def skip(db: Database, delivery: Claimed, why: str) -> None:
    """Record that it is not sent, and why. Raises StoreUnavailableError."""
    async with db.transaction() as connection:
        await connection.execute(_FREE, delivery.lane)
        await connection.execute(
            "UPDATE delivery SET state = 'skipped', error = $2, claimed_until = NULL, attempts = attempts - 1"
            " WHERE id = $1 AND state = 'waiting'",
            delivery.id,
            why,
        )
        await connection.execute("INSERT INTO delivery_attempt (delivery_id, error) VALUES ($1, $2)", delivery.id, why)
        await group_receivers.skipped(connection, delivery.id)
        await _announce(connection, delivery, "skipped", why)


async def postpone(db: Database, delivery: Claimed, again_in: timedelta) -> None:
    """Record that it is to be tried later, without an attempt. Raises StoreUnavailableError."""
    async with db.transaction() as connection:
        await connection.execute(_FREE, delivery.lane)
        await connection.execute(
            "UPDATE delivery SET next_at = now() + $2::interval, claimed_until = NULL, attempts = attempts - 1"
            " WHERE id = $1 AND state = 'waiting'",
            delivery.id,
            again_in,
        )


async def hold(db: Database, delivery: Claimed, until: datetime, words: str, *, joining: bool) -> None:
    """Record that quiet hours of its channel hold it until then, without an attempt. With `joining` it is held only
    while an earlier one of its incident is: a digest that was made meanwhile is told before it. Raises
    StoreUnavailableError.
    """
    async with db.transaction() as connection:
        await connection.execute(_FREE, delivery.lane)
        # Whoever makes a digest locks the channel too, so that none misses what is held now.
        await connection.execute("SELECT FROM notification_channel WHERE id = $1 FOR UPDATE", delivery.channel_id)
        await connection.execute(_HOLD, delivery.id, until, words, joining)


async def hasten_again(db: Database, numbers: Collection[int]) -> None:
    """Try these deliveries again at once, which failed before, and then those that wait for them. Raises
    StoreUnavailableError.
    """
    async with db.transaction() as connection:
        await connection.execute(_HASTEN_LANES, list(numbers))
        await connection.execute(_HASTEN_THESE_AND_LATER, list(numbers))


async def _works(connection: Connection, delivery: Claimed, *, at_once: int, hasten: bool) -> None:
    await connection.execute(_WORKS, delivery.lane, at_once)
    if hasten:
        await connection.execute(_HASTEN_LANE, delivery.lane)


async def _announce(connection: Connection, delivery: Claimed, outcome: str, error: str | None = None) -> None:
    await delivery_tried(
        connection,
        delivery.incident_id,
        delivery.key,
        channel=delivery.type,
        name=delivery.channel_name or delivery.receiver,
        attempt=delivery.attempts,
        outcome=outcome,
        error=error,
    )
