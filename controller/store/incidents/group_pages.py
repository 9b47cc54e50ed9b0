"""Groups of incidents as people read them: the incidents by cause, who has each, and the messages about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from controller.store.platform.pool import Connection

MOST_INCIDENTS = 200
MOST_MESSAGES = 100
MOST_TAKEN = 10_000
"""So many incidents somebody takes at once."""


class GroupRecord(msgspec.Struct, frozen=True, kw_only=True):
    """`kind` is cause or storm; `closed_at` is None while one of its incidents is open. To readers who are limited to
    some customers, `cause` is that of the first incident that they see.
    """

    id: int
    public_id: UUID
    organization_id: int
    kind: str
    cause: str
    opened_at: datetime
    closed_at: datetime | None


class CauseCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many incidents of a group have this cause, by their state. The cause is empty for those whose monitor depends
    on another one that is down.
    """

    cause: str
    unacknowledged: int
    acknowledged: int
    resolved: int


class GroupIncident(msgspec.Struct, frozen=True, kw_only=True):
    """`held_by` is the incident because of which nobody is notified of this one, `held_by_monitor` and
    `held_by_customer` are whose it is; None when it is not held.
    """

    public_id: UUID
    monitor_public_id: UUID
    monitor_name: str
    customer_name: str
    severity: str
    reason: str
    cause: str
    outage_started_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    held_by: UUID | None
    held_by_monitor: str | None
    held_by_customer: int | None


class GroupMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that is about `incidents` of the group; `changes` are the kinds of changes that it told."""

    changes: list[str]
    incidents: int
    type: str
    channel_name: str | None
    receiver: str
    state: str
    error: str | None
    created_at: datetime
    sent_at: datetime | None


class GroupPlace(msgspec.Struct, frozen=True, kw_only=True):
    """The group of an incident and how many incidents it has; and what holds the incident, as in GroupIncident."""

    group: UUID | None
    kind: str | None
    incidents: int
    held_by: UUID | None
    held_by_monitor: str | None
    held_by_customer: int | None


_GROUP = """
SELECT shown.id, shown.public_id, shown.organization_id, shown.kind, CASE WHEN $3::bigint[] IS NULL THEN shown.cause
  ELSE COALESCE((
    SELECT COALESCE(NULLIF(cause, ''), reason) FROM incident WHERE group_id = shown.id AND customer_id = ANY ($3)
    ORDER BY cause = '', started_at, id LIMIT 1
  ), '') END AS cause, shown.opened_at, shown.closed_at
FROM incident_group AS named JOIN incident_group AS shown ON shown.id = COALESCE(named.merged_into, named.id)
WHERE named.public_id = $1 AND ($2::bigint IS NULL OR shown.organization_id = $2)
"""


async def by_public_id(
    connection: Connection, organization_id: int | None, public_id: UUID, customer_ids: Sequence[int] | None
) -> GroupRecord | None:
    """The group as these customers see it (None: all), or the storm that took its incidents over. None also when it is
    of another organization than this one (None: every organization).
    """
    row = await connection.fetchrow(_GROUP, public_id, organization_id, customer_ids)
    return GroupRecord(**row) if row else None


_COUNTS = """
SELECT cause, count(*) FILTER (WHERE resolved_at IS NULL AND NOT taken) AS unacknowledged,
  count(*) FILTER (WHERE resolved_at IS NULL AND taken) AS acknowledged,
  count(*) FILTER (WHERE resolved_at IS NOT NULL) AS resolved
FROM incident
CROSS JOIN LATERAL (SELECT is_acknowledged(acknowledged_at, acknowledged_until, now()) AS taken) AS own
WHERE group_id = $1 AND ($2::bigint[] IS NULL OR customer_id = ANY ($2))
GROUP BY cause ORDER BY count(*) DESC, cause
"""


async def counts(connection: Connection, group_id: int, customer_ids: Sequence[int] | None) -> list[CauseCount]:
    """Of the incidents of these customers (None: of all), the most frequent cause first."""
    return [CauseCount(**row) for row in await connection.fetch(_COUNTS, group_id, customer_ids)]


_INCIDENTS = """
WITH shown AS (
  SELECT * FROM incident WHERE group_id = $1 AND ($2::bigint[] IS NULL OR customer_id = ANY ($2))
  ORDER BY (resolved_at IS NULL) DESC, started_at, id LIMIT $3
)
SELECT shown.public_id, monitor.public_id AS monitor_public_id, monitor.name AS monitor_name,
  customer.name AS customer_name, shown.severity, shown.reason, shown.cause, shown.outage_started_at,
  taken.acknowledged_at, taken.acknowledged_by, shown.resolved_at, parent.public_id AS held_by,
  parent_monitor.name AS held_by_monitor, parent.customer_id AS held_by_customer
FROM shown JOIN monitor ON monitor.id = shown.monitor_id JOIN customer ON customer.id = shown.customer_id
LEFT JOIN incident AS parent ON parent.id = shown.held_by AND shown.released_at IS NULL
LEFT JOIN monitor AS parent_monitor ON parent_monitor.id = parent.monitor_id
LEFT JOIN LATERAL (
  SELECT shown.acknowledged_at, shown.acknowledged_by
  WHERE is_acknowledged(shown.acknowledged_at, shown.acknowledged_until, COALESCE(shown.resolved_at, now()))
) AS taken ON true
ORDER BY (shown.resolved_at IS NULL) DESC, shown.started_at, shown.id
"""


async def incidents(connection: Connection, group_id: int, customer_ids: Sequence[int] | None) -> list[GroupIncident]:
    """The first MOST_INCIDENTS of these customers (None: of all), open ones first."""
    rows = await connection.fetch(_INCIDENTS, group_id, customer_ids, MOST_INCIDENTS)
    return [GroupIncident(**row) for row in rows]


_MESSAGES = """
SELECT told.changes, told.incidents, delivery.type, delivery.channel_name, delivery.receiver, delivery.state,
  delivery.error, delivery.created_at, delivery.sent_at
FROM (
  SELECT change.delivery_id, array_agg(DISTINCT change.kind) AS changes, count(DISTINCT incident.id) AS incidents
  FROM grouped_change AS change JOIN incident ON incident.id = change.incident_id
  WHERE change.group_id = $1 AND change.delivery_id IS NOT NULL
    AND ($2::bigint[] IS NULL OR incident.customer_id = ANY ($2))
  GROUP BY change.delivery_id
  UNION ALL
  SELECT delivery.id, '{}', 1 FROM delivery JOIN incident ON incident.id = delivery.incident_id
  WHERE incident.group_id = $1 AND ($2::bigint[] IS NULL OR incident.customer_id = ANY ($2))
    AND NOT EXISTS (SELECT FROM grouped_change WHERE delivery_id = delivery.id)
) AS told JOIN delivery ON delivery.id = told.delivery_id
ORDER BY delivery.id DESC LIMIT $3
"""


async def messages(connection: Connection, group_id: int, customer_ids: Sequence[int] | None) -> list[GroupMessage]:
    """The latest MOST_MESSAGES about incidents of these customers (None: of all), the newest first."""
    rows = await connection.fetch(_MESSAGES, group_id, customer_ids, MOST_MESSAGES)
    return [GroupMessage(**row) for row in rows]


async def untaken(connection: Connection, group_id: int, customer_ids: Sequence[int] | None, at_most: int) -> list[int]:
    """The numbers of the open incidents of these customers (None: of all) that nobody has, the first ones first."""
    rows = await connection.fetch(
        "SELECT id FROM incident WHERE group_id = $1 AND ($2::bigint[] IS NULL OR customer_id = ANY ($2))"
        " AND resolved_at IS NULL AND NOT is_acknowledged(acknowledged_at, acknowledged_until, now())"
        " ORDER BY started_at, id LIMIT $3",
        group_id,
        customer_ids,
        at_most,
    )
    return [row["id"] for row in rows]


_PLACE = """
SELECT own.public_id AS "group", own.kind, (
  SELECT count(*) FROM incident AS other
  WHERE other.group_id = incident.group_id AND ($2::bigint[] IS NULL OR other.customer_id = ANY ($2))
) AS incidents, parent.public_id AS held_by, monitor.name AS held_by_monitor, parent.customer_id AS held_by_customer
FROM incident LEFT JOIN incident_group AS own ON own.id = incident.group_id
LEFT JOIN incident AS parent ON parent.id = incident.held_by AND incident.released_at IS NULL
LEFT JOIN monitor ON monitor.id = parent.monitor_id
WHERE incident.id = $1
"""


async def place_of(connection: Connection, incident_id: int, customer_ids: Sequence[int] | None) -> GroupPlace:
    """Of an incident that exists; counted are those of these customers (None: of all)."""
    row = await connection.fetchrow(_PLACE, incident_id, customer_ids)
    assert row is not None  # noqa: S101 - incidents are never deleted
    return GroupPlace(**row)
