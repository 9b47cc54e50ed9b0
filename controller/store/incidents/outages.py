"""When monitors were down, according to the timelines of their incidents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from controller.decisions.history.uptime import Span
from controller.store.platform.pool import Connection
from shared.epoch import to_ms

_DOWN = """
SELECT monitor_id, from_at, COALESCE(to_at, GREATEST(from_at, $3)) AS to_at
FROM (
  SELECT incident.monitor_id, change.kind, change.severity,
    CASE change.kind WHEN 'opened' THEN incident.outage_started_at ELSE change.at END AS from_at,
    lead(change.at) OVER (PARTITION BY incident.id ORDER BY change.id) AS to_at
  FROM incident JOIN incident_change AS change ON change.incident_id = incident.id
  WHERE incident.monitor_id = ANY($1::bigint[]) AND incident.outage_started_at < $3
    AND (incident.resolved_at IS NULL OR incident.resolved_at > $2)
    AND change.kind IN ('opened', 'escalated', 'eased', 'resolved')
) AS span
WHERE severity = 'down' AND kind <> 'resolved' AND (to_at IS NULL OR to_at > $2)
ORDER BY monitor_id, from_at
"""


async def down_spans(
    connection: Connection, monitor_ids: Sequence[int], since: datetime, until: datetime
) -> dict[int, list[Span]]:
    """The times from `since` on in which their incidents were of severity down; an open one ends at `until`."""
    spans: dict[int, list[Span]] = defaultdict(list)
    for monitor_id, from_at, to_at in await connection.fetch(_DOWN, list(monitor_ids), since, until):
        spans[monitor_id].append(Span(to_ms(from_at), to_ms(to_at)))
    return spans
