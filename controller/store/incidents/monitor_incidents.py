"""The incidents of one monitor as its page shows them: the open one with who has it, and those of a time."""

from __future__ import annotations

from datetime import datetime

import msgspec

from controller.model.incidents import MonitorIncident
from controller.store.platform.pool import Connection
from shared.wire.events import Evidence

MOST_INCIDENTS = 200


async def incidents_between(
    connection: Connection, monitor_id: int, since: datetime, until: datetime
) -> list[MonitorIncident]:
    """The latest MOST_INCIDENTS incidents that touch this time, newest first; an open one always does."""
    rows = await connection.fetch(
        """
        SELECT public_id, severity, reason, outage_started_at, started_at, resolved_at, flapping,
          taken.acknowledged_at, taken.acknowledged_until, taken.acknowledged_by
        FROM incident
        LEFT JOIN LATERAL (
          SELECT incident.acknowledged_at, incident.acknowledged_until, incident.acknowledged_by
          WHERE is_acknowledged(
            incident.acknowledged_at, incident.acknowledged_until, COALESCE(incident.resolved_at, now())
          )
        ) AS taken ON true
        WHERE monitor_id = $1 AND (resolved_at IS NULL OR (outage_started_at < $3 AND resolved_at > $2))
        ORDER BY started_at DESC, id DESC LIMIT $4
        """,
        monitor_id,
        since,
        until,
        MOST_INCIDENTS,
    )
    return [MonitorIncident(**row) for row in rows]


async def newest_evidence(connection: Connection, monitor_id: int) -> Evidence | None:
    """What the open incident of a monitor rests on now; None when it has none."""
    stored = await connection.fetchval(
        """
        SELECT change.evidence FROM incident JOIN incident_change AS change ON change.incident_id = incident.id
        WHERE incident.monitor_id = $1 AND incident.resolved_at IS NULL AND change.evidence IS NOT NULL
        ORDER BY change.id DESC LIMIT 1
        """,
        monitor_id,
    )
    return msgspec.convert(stored, Evidence | None)
