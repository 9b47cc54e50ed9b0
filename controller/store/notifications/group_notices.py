"""What a message about a group of incidents reports to one receiver."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from controller.store.platform.pool import Connection

MOST_CAUSES = 20


class GroupHead(NamedTuple):
    """The group, with the cause of the incident by which the receiver knows it: the group's own may name another
    customer's host. `threads` are the incidents of which the receiver was notified by messages of their own.
    """

    public_id: UUID
    kind: str
    cause: str
    opened_at: datetime
    organization: str
    time_zone: str
    thread: UUID
    threads: list[UUID]


class MemberRow(NamedTuple):
    """An incident of which a message tells, with the latest change of it."""

    incident_public_id: UUID
    change: str
    severity: str
    reason: str
    cause: str
    outage_started_at: datetime
    resolved_at: datetime | None
    monitor_id: int
    monitor_public_id: UUID
    monitor_name: str
    monitor_kind: str
    hostname: str
    port: int | None
    customer: str


_HEAD = """
SELECT one.public_id, one.kind, COALESCE(NULLIF(thread.cause, ''), one.cause), one.opened_at, organization.name,
  organization.time_zone, thread.public_id,
  ARRAY(
    SELECT own.public_id FROM incident AS own
    WHERE own.id IN (
      SELECT change.incident_id FROM grouped_change AS change JOIN delivery ON delivery.id = change.delivery_id
      WHERE change.group_id = one.id AND change.receiver_key = $2 AND change.kind IN ('opened', 'escalated')
        AND delivery.group_id IS NULL
    ) ORDER BY own.id
  )
FROM incident_group AS one JOIN organization ON organization.id = one.organization_id
JOIN group_receiver AS known ON known.group_id = one.id AND known.receiver_key = $2
JOIN incident AS thread ON thread.id = known.thread_incident_id
WHERE one.id = $1
"""

_MEMBERS = """
WITH waiting AS (
  SELECT DISTINCT ON (incident_id) incident_id, change_id FROM grouped_change
  WHERE group_id = $1 AND receiver_key = $2 AND delivery_id IS NULL AND dropped IS NULL AND not_before <= now()
  ORDER BY incident_id, id DESC
)
SELECT incident.public_id, change.kind, change.severity, change.reason, incident.cause, incident.outage_started_at,
  incident.resolved_at, monitor.id, monitor.public_id, monitor.name, monitor.kind, monitor.hostname, monitor.port,
  customer.name
FROM waiting JOIN incident_change AS change ON change.id = change_id
JOIN incident ON incident.id = waiting.incident_id JOIN monitor ON monitor.id = incident.monitor_id
JOIN customer ON customer.id = incident.customer_id
ORDER BY change.kind = 'resolved', incident.id LIMIT $3
"""

_CAUSES = """
WITH waiting AS (
  SELECT DISTINCT ON (incident_id) incident_id, change_id FROM grouped_change
  WHERE group_id = $1 AND receiver_key = $2 AND delivery_id IS NULL AND dropped IS NULL AND not_before <= now()
  ORDER BY incident_id, id DESC
)
SELECT incident.cause, count(*) FROM waiting JOIN incident ON incident.id = waiting.incident_id
GROUP BY incident.cause ORDER BY count(*) DESC, incident.cause LIMIT $3
"""


async def head(connection: Connection, group_id: int, key: str) -> GroupHead:
    """The group as the receiver with this key knows it; the receiver must be one of the group's."""
    row = await connection.fetchrow(_HEAD, group_id, key)
    assert row is not None  # noqa: S101 - foreign keys
    return GroupHead(*row)


async def members(connection: Connection, group_id: int, key: str, at_most: int) -> list[MemberRow]:
    """The first of the incidents that wait to be told; those that ended come last."""
    return [MemberRow(*row) for row in await connection.fetch(_MEMBERS, group_id, key, at_most)]


async def causes(connection: Connection, group_id: int, key: str) -> list[tuple[str, int]]:
    """How many of the incidents that wait to be told have which cause, the most frequent first, MOST_CAUSES at most."""
    return [(row["cause"], row["count"]) for row in await connection.fetch(_CAUSES, group_id, key, MOST_CAUSES)]
