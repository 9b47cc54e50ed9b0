"""Incidents page by page, by the moment at which they were confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from controller.store.incidents.listing import IncidentScope
from controller.store.platform.pool import Connection


class IncidentPlace(NamedTuple):
    """The place of an incident in the order of the pages."""

    started_at: datetime
    id: int


class PagedIncident(msgspec.Struct, frozen=True, kw_only=True):
    """An incident with its monitor and customer as they are now. `updated_at` is that of its latest change."""

    id: int
    public_id: UUID
    monitor_public_id: UUID
    monitor_name: str
    monitor_kind: str
    customer_public_id: UUID
    type: str
    severity: str
    reason: str
    flapping: bool
    outage_started_at: datetime
    started_at: datetime
    acknowledged_at: datetime | None
    acknowledged_until: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    last_notified_at: datetime | None
    updated_at: datetime

    @property
    def place(self) -> IncidentPlace:
        return IncidentPlace(self.started_at, self.id)


# The first parameters of both are the fields of IncidentScope in order; $8 and $9 are the place before, $10 the limit.
_NEWEST = """
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
    AND ($8::timestamptz IS NULL OR (started_at, id) < ($8, $9::bigint))
  ORDER BY started_at DESC, id DESC LIMIT $10
)
SELECT shown.id, shown.public_id, monitor.public_id AS monitor_public_id, monitor.name AS monitor_name,
  monitor.kind AS monitor_kind, customer.public_id AS customer_public_id, shown.type, shown.severity, shown.reason,
  shown.flapping, shown.outage_started_at, shown.started_at, taken.acknowledged_at, taken.acknowledged_until,
  taken.acknowledged_by, shown.resolved_at, shown.last_notified_at, GREATEST(shown.started_at, last.at) AS updated_at
FROM shown JOIN monitor ON monitor.id = shown.monitor_id JOIN customer ON customer.id = shown.customer_id
LEFT JOIN LATERAL (
  SELECT shown.acknowledged_at, shown.acknowledged_until, shown.acknowledged_by
  WHERE is_acknowledged(shown.acknowledged_at, shown.acknowledged_until, COALESCE(shown.resolved_at, now()))
) AS taken ON true
LEFT JOIN LATERAL (
  SELECT at FROM incident_change WHERE incident_id = shown.id ORDER BY id DESC LIMIT 1
) AS last ON true
ORDER BY shown.started_at DESC, shown.id DESC
"""
_OLDEST = """
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
    AND ($8::timestamptz IS NULL OR (started_at, id) > ($8, $9::bigint))
  ORDER BY started_at, id LIMIT $10
)
SELECT shown.id, shown.public_id, monitor.public_id AS monitor_public_id, monitor.name AS monitor_name,
  monitor.kind AS monitor_kind, customer.public_id AS customer_public_id, shown.type, shown.severity, shown.reason,
  shown.flapping, shown.outage_started_at, shown.started_at, taken.acknowledged_at, taken.acknowledged_until,
  taken.acknowledged_by, shown.resolved_at, shown.last_notified_at, GREATEST(shown.started_at, last.at) AS updated_at
FROM shown JOIN monitor ON monitor.id = shown.monitor_id JOIN customer ON customer.id = shown.customer_id
LEFT JOIN LATERAL (
  SELECT shown.acknowledged_at, shown.acknowledged_until, shown.acknowledged_by
  WHERE is_acknowledged(shown.acknowledged_at, shown.acknowledged_until, COALESCE(shown.resolved_at, now()))
) AS taken ON true
LEFT JOIN LATERAL (
  SELECT at FROM incident_change WHERE incident_id = shown.id ORDER BY id DESC LIMIT 1
) AS last ON true
ORDER BY shown.started_at, shown.id
"""


async def page_of(
    connection: Connection, scope: IncidentScope, *, newest_first: bool, after: IncidentPlace | None, limit: int
) -> Sequence[PagedIncident]:
    """The incidents after a place in the order; the first ones without a place."""
    place = (None, None) if after is None else after
    statement = _NEWEST if newest_first else _OLDEST
    rows = await connection.fetch(statement, *msgspec.structs.astuple(scope), *place, limit)
    return [PagedIncident(**row) for row in rows]
