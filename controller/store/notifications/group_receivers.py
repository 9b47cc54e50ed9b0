"""What each receiver knows of a group of incidents, and what waits to be told. The caller holds the lock of
store.incidents.groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from controller.decisions.notification.group_messages import GroupReceiver, Waiting
from controller.store.platform.pool import Connection, Database

ENDED_BEFORE = "the outage ended before this message"
NOT_NOTIFIED = "this receiver was not notified of the outage"


class GroupedReceiver(NamedTuple):
    """A receiver as a delivery names it: a channel by id and name or, without one, its own address."""

    key: str
    channel_id: int | None
    channel_name: str | None
    type: str
    receiver: str


async def known(connection: Connection, group_id: int, keys: Sequence[str]) -> dict[str, GroupReceiver]:
    """What the receivers with these keys know of the group."""
    rows = await connection.fetch(
        "SELECT receiver_key, incidents, open_incidents, messages, notified_at,"
        " CASE WHEN incidents = 1 THEN thread_incident_id END AS alone"
        " FROM group_receiver WHERE group_id = $1 AND receiver_key = ANY ($2::text[])",
        group_id,
        keys,
    )
    return {row["receiver_key"]: GroupReceiver(*list(row)[1:]) for row in rows}


async def notified(connection: Connection, incident_id: int) -> dict[str, bool]:
    """The keys of the receivers that hear of the incident, each with whether that still waits for a message."""
    rows = await connection.fetch(
        "SELECT receiver_key, bool_and(delivery_id IS NULL) AS waits FROM grouped_change"
        " WHERE incident_id = $1 AND kind IN ('opened', 'escalated') AND dropped IS NULL GROUP BY receiver_key",
        incident_id,
    )
    return {row["receiver_key"]: row["waits"] for row in rows}


async def has_receivers(connection: Connection, change_id: int) -> bool:
    """Whether receivers of this change were found before."""
    found: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM grouped_change WHERE change_id = $1)"
        " OR EXISTS (SELECT FROM delivery WHERE change_id = $1)",
        change_id,
    )
    return found


_ADD = """
INSERT INTO group_receiver AS known (group_id, receiver_key, channel_id, channel_name, type, receiver,
  thread_incident_id, incidents, open_incidents, messages, notified_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, 1, 1, $8, $9)
ON CONFLICT (group_id, receiver_key) DO UPDATE SET
  thread_incident_id = CASE WHEN known.incidents = 0 THEN $7 ELSE known.thread_incident_id END,
  incidents = known.incidents + 1, open_incidents = known.open_incidents + 1,
  messages = known.messages + $8, notified_at = CASE WHEN $8 > 0 THEN $9 ELSE known.notified_at END
"""


async def add(
    connection: Connection, group_id: int, one: GroupedReceiver, incident_id: int, at: datetime, *, at_once: bool
) -> None:
    """Note that a receiver hears of one more incident: `at_once` at `at`, or by a later message."""
    await connection.execute(_ADD, group_id, *one, incident_id, int(at_once), at)


_WAIT = """
WITH waiting AS (
  INSERT INTO grouped_change (group_id, receiver_key, incident_id, change_id, kind, not_before)
  VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING
)
UPDATE group_receiver SET due_at = LEAST(due_at, $7)
WHERE group_id = $1 AND receiver_key = $2 AND $7::timestamptz IS NOT NULL
"""


async def wait(
    connection: Connection,
    group_id: int,
    key: str,
    incident_id: int,
    change_id: int,
    kind: str,
    not_before: datetime,
    due_at: datetime | None,
) -> None:
    """Have a change told by a message about the group, due at `due_at`, or whenever another reason makes one."""
    await connection.execute(_WAIT, group_id, key, incident_id, change_id, kind, not_before, due_at)


async def drop(connection: Connection, group_id: int, key: str, incident_id: int) -> None:
    """Tell the receiver nothing of an incident that ended before a message included it."""
    await connection.execute(
        "UPDATE grouped_change SET dropped = $4"
        " WHERE group_id = $1 AND receiver_key = $2 AND incident_id = $3 AND delivery_id IS NULL",
        group_id,
        key,
        incident_id,
        ENDED_BEFORE,
    )
    await connection.execute(
        "UPDATE group_receiver SET incidents = incidents - 1 WHERE group_id = $1 AND receiver_key = $2", group_id, key
    )


async def end(connection: Connection, group_id: int, key: str, partial_end_at: datetime | None) -> None:
    """Note that one of the incidents that the receiver hears of ended. If it was the last open one, what waits is told
    at once, and otherwise at `partial_end_at`; with None nothing waits.
    """
    await connection.execute(
        "UPDATE group_receiver SET open_incidents = open_incidents - 1,"
        " due_at = CASE WHEN $3::timestamptz IS NULL THEN due_at WHEN open_incidents <= 1 THEN now()"
        " ELSE LEAST(due_at, $3) END"
        " WHERE group_id = $1 AND receiver_key = $2",
        group_id,
        key,
        partial_end_at,
    )


_SKIPPED = """
WITH skipped AS (
  SELECT group_id, receiver_key, incident_id FROM grouped_change
  WHERE delivery_id = $1 AND kind IN ('opened', 'escalated')
), unheard AS (
  UPDATE grouped_change SET dropped = $2 FROM skipped
  WHERE grouped_change.incident_id = skipped.incident_id AND grouped_change.receiver_key = skipped.receiver_key
    AND kind = 'resolved' AND delivery_id IS NULL
)
UPDATE group_receiver SET messages = messages - 1, due_at = CASE WHEN open_incidents > 0 THEN now() ELSE due_at END
FROM (SELECT DISTINCT group_id, receiver_key FROM skipped) AS own
WHERE group_receiver.group_id = own.group_id AND group_receiver.receiver_key = own.receiver_key AND messages > 0
"""


async def skipped(connection: Connection, delivery_id: int) -> None:
    """Note that a receiver was not told what a delivery was to tell it, so that what waits is not told later for it."""
    await connection.execute(_SKIPPED, delivery_id, NOT_NOTIFIED)


class DueReceiver(NamedTuple):
    group_id: int
    key: str
    organization_id: int


_DUE = """
SELECT group_id, receiver_key, incident_group.organization_id
FROM group_receiver JOIN incident_group ON incident_group.id = group_id
LEFT JOIN notification_channel AS channel ON channel.id = channel_id
WHERE due_at <= now() ORDER BY due_at, channel.id IS NOT NULL, channel.priority, channel.id LIMIT $1
"""


async def due(db: Database, at_most: int) -> list[DueReceiver]:
    """The receivers for whom a message about a group is due: of those due at one time own addresses first, and then
    channels by priority. Raises StoreUnavailableError.
    """
    async with db.connection() as connection:
        rows = await connection.fetch(_DUE, at_most)
    return [DueReceiver(*row) for row in rows]


class MessageDue(NamedTuple):
    """A receiver for whom a message about a group may be due, with what waits for it."""

    receiver: GroupedReceiver
    thread_incident_id: int
    open_incidents: int
    messages: int
    waiting: Waiting
    now: datetime


_WAITING = """
SELECT known.channel_id, known.channel_name, known.type, known.receiver, known.thread_incident_id, known.open_incidents,
  known.messages, waiting.worse, waiting.ended, waiting.first_ended_at, waiting.later_at, now() AS now
FROM group_receiver AS known CROSS JOIN LATERAL (
  SELECT count(DISTINCT incident_id) FILTER (
      WHERE change.kind IN ('opened', 'escalated') AND not_before <= now()
    ) AS worse,
    count(*) FILTER (WHERE change.kind = 'resolved') AS ended,
    min(incident.resolved_at) FILTER (WHERE change.kind = 'resolved') AS first_ended_at,
    min(not_before) FILTER (WHERE change.kind IN ('opened', 'escalated') AND not_before > now()) AS later_at
  FROM grouped_change AS change JOIN incident ON incident.id = change.incident_id
  WHERE change.group_id = known.group_id AND change.receiver_key = known.receiver_key
    AND delivery_id IS NULL AND dropped IS NULL
) AS waiting
WHERE known.group_id = $1 AND known.receiver_key = $2 AND known.due_at <= now()
"""


async def message_due(connection: Connection, group_id: int, key: str) -> MessageDue | None:
    """None when no message is due any more."""
    row = await connection.fetchrow(_WAITING, group_id, key)
    if row is None:
        return None
    return MessageDue(
        GroupedReceiver(key, row["channel_id"], row["channel_name"], row["type"], row["receiver"]),
        row["thread_incident_id"],
        row["open_incidents"],
        row["messages"],
        Waiting(row["worse"], row["ended"], row["first_ended_at"], row["later_at"]),
        row["now"],
    )


async def postpone(connection: Connection, group_id: int, key: str, at: datetime | None) -> None:
    await connection.execute(
        "UPDATE group_receiver SET due_at = $3 WHERE group_id = $1 AND receiver_key = $2", group_id, key, at
    )


async def was_notified(connection: Connection, group_id: int, key: str) -> bool:
    """Whether a message about the group, or about one of its incidents, reached this receiver, or will."""
    found: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM grouped_change JOIN delivery ON delivery.id = delivery_id"
        " WHERE grouped_change.group_id = $1 AND receiver_key = $2 AND delivery.state NOT IN ('failed', 'skipped'))",
        group_id,
        key,
    )
    return found


_KNOWS = """
SELECT EXISTS (
  SELECT FROM (
    SELECT DISTINCT group_id, receiver_key FROM grouped_change WHERE delivery_id = $1
  ) AS own JOIN incident USING (group_id)
  JOIN grouped_change AS earlier ON earlier.incident_id = incident.id AND earlier.receiver_key = own.receiver_key
  JOIN delivery ON delivery.id = delivery_id
  WHERE earlier.kind IN ('opened', 'escalated')
    AND (delivery.state IN ('sent', 'digested') OR delivery.state = 'waiting' AND (NOT delayed OR attempts > 0))
)
"""


async def knows_of_outages(connection: Connection, delivery_id: int) -> bool:
    """Whether the receiver of a message about a group was notified of any outage of it, or still will be: what was
    delayed until after the outage's end is not sent.
    """
    found: bool = await connection.fetchval(_KNOWS, delivery_id)
    return found


async def drop_waiting(connection: Connection, group_id: int, key: str, why: str) -> None:
    """Tell the receiver nothing of what waits."""
    await connection.execute(
        "UPDATE grouped_change SET dropped = $3 WHERE group_id = $1 AND receiver_key = $2 AND delivery_id IS NULL"
        " AND dropped IS NULL",
        group_id,
        key,
        why,
    )


_SEND = """
WITH made AS (
  INSERT INTO delivery (organization_id, incident_id, group_id, notice, channel_id, channel_name, type, receiver)
  SELECT organization_id, $3, $1, $4, $5, $6, $7, $8 FROM incident_group WHERE id = $1 RETURNING id
), included AS (
  UPDATE grouped_change SET delivery_id = made.id FROM made
  WHERE grouped_change.group_id = $1 AND receiver_key = $2 AND grouped_change.delivery_id IS NULL AND dropped IS NULL
    AND not_before <= now()
)
UPDATE group_receiver SET messages = messages + 1, notified_at = now(), due_at = $9
WHERE group_id = $1 AND receiver_key = $2
"""


async def send(
    connection: Connection, group_id: int, message: MessageDue, notice: Any, due_at: datetime | None
) -> None:
    """Make the message that tells the receiver all that waits; the next one is due at `due_at`."""
    one = message.receiver
    await connection.execute(
        _SEND,
        group_id,
        one.key,
        message.thread_incident_id,
        notice,
        one.channel_id,
        one.channel_name,
        one.type,
        one.receiver,
        due_at,
    )
