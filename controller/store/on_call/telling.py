"""What was told to whom because nobody took a group of incidents, written together with the deliveries."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from controller.decisions.notification.grouping import GroupingSettings, settings_of
from controller.store.notifications import deliveries
from controller.store.notifications.deliveries import NewDelivery
from controller.store.platform.pool import Connection


class DoneStep(NamedTuple):
    """A step of which people were told `at` this moment last."""

    policy_id: int
    step: int
    at: datetime


class Thread(NamedTuple):
    """A receiver's thread in a group. `incident_ids` are those of the group of which the receiver was notified."""

    key: str
    incident_id: int
    incident_ids: frozenset[int]


async def done_steps(connection: Connection, group_id: int) -> list[DoneStep]:
    rows = await connection.fetch("SELECT policy_id, step, at FROM escalation_done WHERE group_id = $1", group_id)
    return [DoneStep(*row) for row in rows]


async def claim_step(
    connection: Connection, group_id: int, policy_id: int, step: int, names: Sequence[str], *, since: datetime
) -> bool:
    """Whether this is the first time since that moment; the step is done when the transaction ends. `names` are those
    of who is told.
    """
    done = await connection.execute(
        "INSERT INTO escalation_done AS known (group_id, policy_id, step, notified) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (group_id, policy_id, step) DO UPDATE SET at = now(), notified = EXCLUDED.notified"
        " WHERE known.at < $5",
        group_id,
        policy_id,
        step,
        list(names),
        since,
    )
    return bool(done == "INSERT 0 1")


async def claim_reminder(connection: Connection, group_id: int, receiver_key: str, number: int) -> bool:
    """Whether this is the first time; the receiver was reminded when the transaction ends."""
    done = await connection.execute(
        "INSERT INTO reminder (group_id, receiver_key, number) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        group_id,
        receiver_key,
        number,
    )
    return bool(done == "INSERT 0 1")


async def threads(
    connection: Connection, group_id: int, receivers: Sequence[NewDelivery], incident_ids: Collection[int]
) -> list[Thread | None]:
    """The threads of these receivers, None for who has none in this group."""
    rows = await connection.fetch(
        """
        SELECT one.key, COALESCE(group_receiver.thread_incident_id, known.first_id) AS incident_id,
          COALESCE(known.incident_ids, '{}') AS incident_ids
        FROM (
          SELECT number, receiver_key(type, receiver, channel_id) AS key
          FROM unnest($2::bigint[], $3::text[], $4::text[]) WITH ORDINALITY AS one (channel_id, type, receiver, number)
        ) AS one
        LEFT JOIN group_receiver ON group_receiver.group_id = $1 AND group_receiver.receiver_key = one.key
        LEFT JOIN LATERAL (
          SELECT min(about) AS first_id, array_agg(about) AS incident_ids FROM (
            SELECT incident_id AS about FROM delivery
            WHERE incident_id = ANY ($5::bigint[]) AND state IN ('sent', 'waiting', 'held', 'digested')
              AND receiver_key(type, receiver, channel_id) = one.key
            UNION
            SELECT incident_id FROM grouped_change
            WHERE incident_id = ANY ($5::bigint[]) AND grouped_change.receiver_key = one.key AND delivery_id IS NOT NULL
          ) AS covered
        ) AS known ON true
        ORDER BY number
        """,
        group_id,
        [one.channel_id for one in receivers],
        [one.type for one in receivers],
        [one.receiver for one in receivers],
        list(incident_ids),
    )
    return [
        None if row["incident_id"] is None else Thread(row["key"], row["incident_id"], frozenset(row["incident_ids"]))
        for row in rows
    ]


async def tell(
    connection: Connection,
    organization_id: int,
    group_id: int,
    thread_id: int,
    notice: Any,
    receiver: NewDelivery,
    covered: Sequence[int] = (),
) -> None:
    """Make a delivery about a group in the receiver's thread. From now on the receiver follows the incidents `covered`
    too: hears of their recovery.
    """
    before = await connection.fetchval("SELECT COALESCE(max(id), 0) FROM delivery WHERE incident_id = $1", thread_id)
    await deliveries.insert(connection, organization_id, notice, [receiver], incident_id=thread_id)
    await connection.execute(
        """
        WITH made AS (
          UPDATE delivery SET group_id = $1 WHERE incident_id = $2 AND id > $3 AND change_id IS NULL
            AND type = $4 AND receiver = $5 AND channel_id IS NOT DISTINCT FROM $6
          RETURNING id, receiver_key(type, receiver, channel_id) AS key, channel_id, channel_name, type, receiver
        ), covered AS (
          INSERT INTO grouped_change (group_id, receiver_key, incident_id, change_id, kind, delivery_id)
          SELECT $1, key, change.incident_id, change.id, 'opened', made.id
          FROM made CROSS JOIN incident_change AS change
          WHERE change.incident_id = ANY ($7::bigint[]) AND change.kind = 'opened'
          ON CONFLICT DO NOTHING RETURNING incident_id
        )
        INSERT INTO group_receiver AS known (group_id, receiver_key, channel_id, channel_name, type, receiver,
          thread_incident_id, incidents, open_incidents, messages, notified_at)
        SELECT $1, key, channel_id, channel_name, type, receiver, $2, number, number, 1, now()
        FROM made CROSS JOIN (SELECT count(*) AS number FROM covered) AS counted WHERE number > 0
        ON CONFLICT (group_id, receiver_key) DO UPDATE SET incidents = known.incidents + EXCLUDED.incidents,
          open_incidents = known.open_incidents + EXCLUDED.open_incidents, messages = known.messages + 1,
          notified_at = EXCLUDED.notified_at
        """,
        group_id,
        thread_id,
        before,
        receiver.type,
        receiver.receiver,
        receiver.channel_id,
        list(covered),
    )


_WAITING = """
WITH joined AS (
  INSERT INTO grouped_change (group_id, receiver_key, incident_id, change_id, kind)
  SELECT $1, $2, change.incident_id, change.id, 'opened' FROM incident_change AS change
  WHERE change.incident_id = ANY ($3::bigint[]) AND change.kind = 'opened' AND NOT EXISTS (
    SELECT FROM grouped_change AS known
    WHERE known.incident_id = change.incident_id AND known.receiver_key = $2 AND known.kind IN ('opened', 'escalated')
  )
  ON CONFLICT DO NOTHING RETURNING incident_id
), counted AS (SELECT count(*) AS number FROM joined)
UPDATE group_receiver SET incidents = incidents + number, open_incidents = open_incidents + number,
  due_at = LEAST(due_at, $4)
FROM counted WHERE group_id = $1 AND receiver_key = $2 AND number > 0
"""


async def tell_later(
    connection: Connection, group_id: int, receiver_key: str, incident_ids: Collection[int], at: datetime
) -> None:
    """Have those of the incidents of which a receiver of the group knows nothing told by a message about the group, at
    that moment or with an earlier one.
    """
    await connection.execute(_WAITING, group_id, receiver_key, list(incident_ids), at)


async def grouping_of(connection: Connection, customer_id: int) -> GroupingSettings:
    """What holds for the customer's incidents."""
    row = await connection.fetchrow(
        "SELECT organization.grouping AS organization, customer.grouping AS customer"
        " FROM customer JOIN organization ON organization.id = customer.organization_id WHERE customer.id = $1",
        customer_id,
    )
    return settings_of(row["organization"], row["customer"]) if row else GroupingSettings()


class StoredStep(NamedTuple):
    """A step that was done, and the names of those who were told."""

    step: int
    at: datetime
    names: list[str]


async def notified_steps(connection: Connection, group_id: int, policy_id: int) -> list[StoredStep]:
    """In their order."""
    rows = await connection.fetch(
        "SELECT step, at, notified FROM escalation_done WHERE group_id = $1 AND policy_id = $2 ORDER BY step",
        group_id,
        policy_id,
    )
    return [StoredStep(*row) for row in rows]
