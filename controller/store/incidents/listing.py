"""Incidents in a list: the open ones first, then the newest, limited by what a reader looks for."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from controller.model import IncidentSummary
from controller.store.platform.pool import Connection

OPEN = "open"
UNACKNOWLEDGED = "unacknowledged"
ACKNOWLEDGED = "acknowledged"
RESOLVED = "resolved"
STATES = (OPEN, UNACKNOWLEDGED, ACKNOWLEDGED, RESOLVED)
"""Of the open ones, those that nobody has are unacknowledged, the others acknowledged."""


class IncidentScope(msgspec.Struct, frozen=True, kw_only=True):
    """Which incidents: None is any. `since` and `until` limit them to those that lasted at some moment between."""

    organization_id: int | None
    customer_ids: list[int] | None
    state: str | None = None
    severity: str | None = None
    monitor: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


class IncidentsFound(NamedTuple):
    """Some of the incidents, and how many there are."""

    incidents: list[IncidentSummary]
    total: int


# The parameters of both are the fields of IncidentScope in order; $8 and $9 are the limit and the offset.
_PAGE = """
WITH shown AS (
  SELECT * FROM incident
  WHERE ($1::bigint IS NULL OR organization_id = $1) AND ($2::bigint[] IS NULL OR customer_id = ANY ($2))
    AND ($3::text IS NULL OR CASE $3
      WHEN 'open' THEN resolved_at IS NULL
      WHEN 'unacknowledged' THEN resolved_at IS NULL AND NOT is_acknowledged(acknowledged_at, acknowledged_until, now())
      WHEN 'acknowledged' THEN resolved_at IS NULL AND is_acknowledged(acknowledged_at, acknowledged_until, now())
      ELSE resolved_at IS NOT NULL
    END)
    AND ($4::text IS NULL OR severity = $4)
    AND ($5::uuid IS NULL OR monitor_id = (SELECT id FROM monitor WHERE public_id = $5))
    AND ($6::timestamptz IS NULL OR resolved_at IS NULL OR resolved_at >= $6)
    AND ($7::timestamptz IS NULL OR outage_started_at < $7)
  ORDER BY (resolved_at IS NULL) DESC, started_at DESC, id DESC LIMIT $8 OFFSET $9
)
SELECT shown.public_id, shown.severity, shown.reason, shown.outage_started_at, shown.started_at, taken.acknowledged_at,
  taken.acknowledged_until, taken.acknowledged_by, shown.resolved_at, shown.flapping, shown.customer_id,
  customer.name AS customer_name, monitor.public_id AS monitor_public_id, monitor.name AS monitor_name,
  monitor.kind AS monitor_kind, monitor.hostname, monitor.port
FROM shown JOIN monitor ON monitor.id = shown.monitor_id JOIN customer ON customer.id = shown.customer_id
LEFT JOIN LATERAL (
  SELECT shown.acknowledged_at, shown.acknowledged_until, shown.acknowledged_by
  WHERE is_acknowledged(shown.acknowledged_at, shown.acknowledged_until, COALESCE(shown.resolved_at, now()))
) AS taken ON true
ORDER BY (shown.resolved_at IS NULL) DESC, shown.started_at DESC, shown.id DESC
"""
_COUNT = """
SELECT count(*) FROM incident
WHERE ($1::bigint IS NULL OR organization_id = $1) AND ($2::bigint[] IS NULL OR customer_id = ANY ($2))
  AND ($3::text IS NULL OR CASE $3
    WHEN 'open' THEN resolved_at IS NULL
    WHEN 'unacknowledged' THEN resolved_at IS NULL AND NOT is_acknowledged(acknowledged_at, acknowledged_until, now())
    WHEN 'acknowledged' THEN resolved_at IS NULL AND is_acknowledged(acknowledged_at, acknowledged_until, now())
    ELSE resolved_at IS NOT NULL
  END)
  AND ($4::text IS NULL OR severity = $4)
  AND ($5::uuid IS NULL OR monitor_id = (SELECT id FROM monitor WHERE public_id = $5))
  AND ($6::timestamptz IS NULL OR resolved_at IS NULL OR resolved_at >= $6)
  AND ($7::timestamptz IS NULL OR outage_started_at < $7)
"""


async def summaries(connection: Connection, scope: IncidentScope, *, limit: int, offset: int) -> IncidentsFound:
    """The open incidents first, then the newest."""
    arguments = msgspec.structs.astuple(scope)
    rows = await connection.fetch(_PAGE, *arguments, limit, offset)
    if not offset and len(rows) < limit:
        total = len(rows)
    else:
        total = await connection.fetchval(_COUNT, *arguments)
    return IncidentsFound([IncidentSummary(**row) for row in rows], total)
