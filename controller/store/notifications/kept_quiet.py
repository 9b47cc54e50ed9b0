"""Open incidents that became worse without a notification, which may be because of a maintenance that is over."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from controller.store.platform.pool import Connection


class UnnotifiedIncident(NamedTuple):
    """An open incident that opened or became worse since people were last notified of it, if they ever were
    (`known`). `change_id` is the latest such change, `confirmed` are the due moments of the checks that showed them.
    """

    incident_id: int
    monitor_id: int
    change_id: int
    confirmed: list[datetime]
    known: bool


_UNNOTIFIED = """
SELECT incident.id, monitor.id, unnotified.change_id, unnotified.confirmed, latest.id IS NOT NULL
FROM incident JOIN monitor ON monitor.id = incident.monitor_id
LEFT JOIN LATERAL (
  SELECT change.id, change.severity FROM incident_change AS change
  WHERE incident_id = incident.id AND (
    EXISTS (SELECT FROM delivery WHERE delivery.change_id = change.id)
    OR EXISTS (SELECT FROM grouped_change WHERE grouped_change.change_id = change.id)
  )
  ORDER BY change.id DESC LIMIT 1
) AS latest ON true
CROSS JOIN LATERAL (
  SELECT max(change.id) AS change_id, array_agg(COALESCE((evidence ->> 'dueAt')::timestamptz, at)) AS confirmed
  FROM incident_change AS change
  WHERE incident_id = incident.id AND kind IN ('opened', 'escalated') AND change.id > COALESCE(latest.id, 0)
) AS unnotified
WHERE incident.resolved_at IS NULL AND monitor.status = 'active' AND monitor.deleted_at IS NULL
  AND (incident.held_by IS NULL OR incident.released_at IS NOT NULL)
  AND incident.id > $2 AND ($3::bigint IS NULL OR incident.id = $3)
  AND unnotified.change_id IS NOT NULL AND (latest.id IS NULL OR latest.severity <> incident.severity)
  AND EXISTS (SELECT FROM maintenance_time WHERE monitor_id = monitor.id AND to_at >= incident.outage_started_at)
  AND NOT EXISTS (SELECT FROM monitor_in_maintenance WHERE monitor_id = monitor.id)
ORDER BY incident.id LIMIT $1
"""


async def unnotified_incidents(
    connection: Connection, at_most: int, *, after: int = 0, only: int | None = None
) -> list[UnnotifiedIncident]:
    """Such incidents of monitors that were in maintenance since and are not now, by number: those beyond `after`, or
    the one with the number `only`.
    """
    rows = await connection.fetch(_UNNOTIFIED, at_most, after, only)
    return [UnnotifiedIncident(*row) for row in rows]
