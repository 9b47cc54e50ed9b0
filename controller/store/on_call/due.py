"""Open incidents of which somebody may have to be reminded, or told by a step: incident.on_call_at."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from controller.decisions.on_call.taking import WaitingIncident
from controller.store.platform.pool import Connection, Database

MOST_ORGANIZATIONS = 50
MOST_GROUPS = 50
MOST_INCIDENTS = 1000
"""So many of a group are looked at: those that nobody has taken come first."""

_OPEN = """
SELECT incident.id, incident.public_id, incident.customer_id, monitor.name, incident.severity,
  incident.outage_started_at, incident.started_at, incident.acknowledged_at, incident.acknowledged_until,
  incident.flapping, incident.held_by IS NOT NULL AND incident.released_at IS NULL, incident.released_at,
  monitor.notify_on_error,
  EXISTS (SELECT FROM monitor_in_maintenance WHERE monitor_in_maintenance.monitor_id = monitor.id),
  (
    SELECT max(to_at) FROM maintenance_time
    WHERE maintenance_time.monitor_id = monitor.id AND to_at > incident.outage_started_at AND to_at <= now()
  )
FROM incident JOIN monitor ON monitor.id = incident.monitor_id
WHERE incident.group_id = $1 AND incident.resolved_at IS NULL
ORDER BY is_acknowledged(incident.acknowledged_at, incident.acknowledged_until, now()),
  incident.started_at, incident.id
LIMIT $2
"""


class NotifiedReceiver(NamedTuple):
    """Somebody who was notified of incidents. `thread_id` is the incident in whose thread they hear of the group,
    `last_at` when they were told something last, `reminders` how many they had.
    """

    key: str
    channel_id: int | None
    channel_name: str | None
    type: str
    receiver: str
    incident_ids: list[int]
    thread_id: int
    last_at: datetime
    reminders: int


_NOTIFIED = """
WITH sent AS (
  SELECT delivery.id, delivery.channel_id, delivery.channel_name, type, receiver, sent_at, incident_id AS about
  FROM delivery WHERE incident_id = ANY ($2::bigint[]) AND state IN ('sent', 'digested')
  UNION ALL
  SELECT delivery.id, delivery.channel_id, delivery.channel_name, type, receiver, sent_at, grouped_change.incident_id
  FROM grouped_change JOIN delivery ON delivery.id = grouped_change.delivery_id
  WHERE grouped_change.incident_id = ANY ($2::bigint[]) AND grouped_change.kind IN ('opened', 'escalated')
    AND delivery.state IN ('sent', 'digested')
), known AS (
  SELECT receiver_key(type, receiver, channel_id) AS key, (array_agg(channel_id ORDER BY id DESC))[1] AS channel_id,
    (array_agg(channel_name ORDER BY id DESC))[1] AS channel_name, min(type) AS type,
    (array_agg(receiver ORDER BY id DESC))[1] AS receiver, array_agg(DISTINCT about) AS incident_ids,
    max(sent_at) AS sent_at
  FROM sent GROUP BY 1
)
SELECT known.key, known.channel_id, known.channel_name, known.type, known.receiver, incident_ids,
  COALESCE(group_receiver.thread_incident_id, (SELECT min(one) FROM unnest(incident_ids) AS one)),
  GREATEST(sent_at, (
    SELECT max(sent_at) FROM delivery AS other
    WHERE other.group_id = $1 AND other.state IN ('sent', 'digested')
      AND receiver_key(other.type, other.receiver, other.channel_id) = known.key
  ), had.at), had.number
FROM known
LEFT JOIN group_receiver ON group_receiver.group_id = $1 AND group_receiver.receiver_key = known.key
CROSS JOIN LATERAL (
  SELECT count(*)::int AS number, max(at) AS at FROM reminder
  WHERE reminder.group_id = $1 AND reminder.receiver_key = known.key
) AS had
WHERE known.channel_id IS NULL OR EXISTS (
  SELECT FROM notification_channel WHERE notification_channel.id = known.channel_id AND is_active
)
ORDER BY known.key
"""


async def organizations_due(database: Database) -> list[int]:
    """Those with incidents that are due, at most MOST_ORGANIZATIONS. Raises StoreUnavailableError."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT organization_id FROM incident WHERE resolved_at IS NULL AND on_call_at <= now()
            GROUP BY organization_id ORDER BY min(on_call_at) LIMIT $1
            """,
            MOST_ORGANIZATIONS,
        )
    return [row["organization_id"] for row in rows]


async def nothing_to_do(connection: Connection, organization_id: int) -> None:
    """Nobody is reminded or told of the open incidents of this organization until its settings change."""
    await connection.execute(
        "UPDATE incident SET on_call_at = NULL WHERE id IN ("
        " SELECT id FROM incident WHERE organization_id = $1 AND resolved_at IS NULL AND on_call_at <= now()"
        " ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)",
        organization_id,
    )


async def put_off(database: Database, organization_id: int, pause: timedelta) -> None:
    """What is due in this organization is due after that pause. Raises StoreUnavailableError."""
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE incident SET on_call_at = now() + $2::interval WHERE id IN ("
            " SELECT id FROM incident WHERE organization_id = $1 AND resolved_at IS NULL AND on_call_at <= now()"
            " ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)",
            organization_id,
            pause,
        )


async def review_all(connection: Connection, organization_id: int) -> None:
    """The settings have changed: every open incident of the organization is due."""
    await connection.execute(
        "UPDATE incident SET on_call_at = now() WHERE id IN ("
        " SELECT id FROM incident WHERE organization_id = $1 AND resolved_at IS NULL ORDER BY id FOR NO KEY UPDATE)",
        organization_id,
    )


async def due_groups(connection: Connection, organization_id: int) -> list[int]:
    """The groups with incidents that are due, at most MOST_GROUPS. Incidents from before there were groups get one."""
    alone = await connection.fetch(
        "SELECT id, public_id, reason FROM incident WHERE organization_id = $1 AND group_id IS NULL"
        " AND resolved_at IS NULL AND on_call_at <= now() ORDER BY id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED",
        organization_id,
        MOST_GROUPS,
    )
    for row in alone:
        await connection.execute(
            """
            WITH made AS (
              INSERT INTO incident_group (organization_id, kind, cause, opened_at)
              SELECT organization_id, 'cause', reason, started_at FROM incident WHERE id = $1 RETURNING id
            )
            UPDATE incident SET group_id = made.id FROM made WHERE incident.id = $1
            """,
            row["id"],
        )
    rows = await connection.fetch(
        """
        SELECT group_id FROM incident
        WHERE organization_id = $1 AND group_id IS NOT NULL AND resolved_at IS NULL AND on_call_at <= now()
        GROUP BY group_id ORDER BY min(on_call_at) LIMIT $2
        """,
        organization_id,
        MOST_GROUPS,
    )
    return [row["group_id"] for row in rows]


async def open_incidents(connection: Connection, group_id: int) -> list[WaitingIncident]:
    """The open incidents of a group, at most MOST_INCIDENTS."""
    return [WaitingIncident(*row) for row in await connection.fetch(_OPEN, group_id, MOST_INCIDENTS)]


async def set_due(connection: Connection, group_id: int, at: datetime) -> None:
    """The incidents of the group are due at that moment; those that somebody else is changing stay due."""
    await connection.execute(
        "UPDATE incident SET on_call_at = $2 WHERE id IN ("
        " SELECT id FROM incident WHERE group_id = $1 AND resolved_at IS NULL ORDER BY id"
        " FOR NO KEY UPDATE SKIP LOCKED)",
        group_id,
        at,
    )


async def notified(connection: Connection, group_id: int, incident_ids: list[int]) -> list[NotifiedReceiver]:
    """Who was notified of any of these incidents, each receiver once; not by channels that are off or gone."""
    return [NotifiedReceiver(*row) for row in await connection.fetch(_NOTIFIED, group_id, incident_ids)]


async def worst_change(connection: Connection, incident_id: int) -> int | None:
    """The change by which the incident became what it is: opened, or worse or better since."""
    number: int | None = await connection.fetchval(
        "SELECT max(id) FROM incident_change WHERE incident_id = $1 AND kind IN ('opened', 'escalated', 'eased')",
        incident_id,
    )
    return number


class PlaceOnCall(NamedTuple):
    """Where an incident belongs."""

    organization_id: int
    customer_id: int
    group_id: int


async def place_of(connection: Connection, public_id: UUID) -> PlaceOnCall | None:
    """None for an unknown incident, and for one that is in no group."""
    row = await connection.fetchrow(
        "SELECT organization_id, customer_id, group_id FROM incident WHERE public_id = $1 AND group_id IS NOT NULL",
        public_id,
    )
    return PlaceOnCall(*row) if row else None
