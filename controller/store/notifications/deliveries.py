"""Deliveries: which notification goes to which receiver. A row is inserted in the same transaction as the change it
reports; a controller claims it for a while (claims.py), sends it, and records the outcome (outcomes.py).

A delivery waits for an earlier one of its incident to the same receiver, but not for one that another channel delays.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from controller.store.platform.pool import Connection


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


_INSERT = """
WITH made AS (
  INSERT INTO delivery (organization_id, incident_id, change_id, notice, channel_id, channel_name, type, receiver,
    due_from, next_at, delayed, state, error)
  SELECT $1, $2, $3, $4, channel_id, channel_name, type, receiver, COALESCE(not_before, now()),
    GREATEST(COALESCE(not_before, now()), (
      SELECT max(next_at) FROM delivery AS earlier
      WHERE earlier.incident_id = $2 AND earlier.state = 'waiting'
        AND receiver_key(earlier.type, earlier.receiver, earlier.channel_id)
          = receiver_key(one.type, one.receiver, one.channel_id)
        AND (earlier.channel_id IS NOT DISTINCT FROM one.channel_id OR NOT earlier.delayed)
    )),
    COALESCE(not_before > now(), false),
    CASE WHEN skipped IS NULL THEN 'waiting' ELSE 'skipped' END, skipped
  FROM unnest($5::bigint[], $6::text[], $7::text[], $8::text[], $9::timestamptz[], $10::text[])
    AS one (channel_id, channel_name, type, receiver, not_before, skipped)
  ON CONFLICT DO NOTHING
  RETURNING id, error, type, receiver, channel_id
), explained AS (
  INSERT INTO delivery_attempt (delivery_id, error) SELECT id, error FROM made WHERE error IS NOT NULL
), grouped AS (
  INSERT INTO grouped_change (group_id, receiver_key, incident_id, change_id, kind, delivery_id)
  SELECT $11, receiver_key(type, receiver, channel_id), $2, $3, $12, id FROM made WHERE $11::bigint IS NOT NULL
  ON CONFLICT DO NOTHING
)
SELECT count(*) FROM made
"""


async def insert(
    connection: Connection,
    organization_id: int,
    notice: Any,
    deliveries: Iterable[NewDelivery],
    *,
    incident_id: int | None = None,
    change_id: int | None = None,
    group_id: int | None = None,
    kind: str | None = None,
) -> int:
    """Return how many were new: a receiver is notified of a change once, however often this is called. With the
    incident's `group_id` it is noted there that these receivers hear of a change of this `kind`.

    A delivery is not due before an earlier one of its incident to the same receiver that it must wait for.
    """
    rows = list(deliveries)
    if not rows:
        return 0
    made: int = await connection.fetchval(
        _INSERT,
        organization_id,
        incident_id,
        change_id,
        notice,
        *(list(column) for column in zip(*rows, strict=True)),
        group_id,
        kind,
    )
    return made


async def any_waiting(connection: Connection, incident_id: int) -> bool:
    """Whether a delivery about this incident is neither sent nor given up."""
    waiting: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM delivery WHERE incident_id = $1 AND state = 'waiting')", incident_id
    )
    return waiting
