"""When monitors were down, from the timelines of their incidents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from controller.decisions.history.outages import CHANGES_OF_SEVERITY, SeverityChange, down_times
from controller.decisions.history.uptime import Span
from controller.store.platform.pool import Connection
from shared.epoch import to_ms

_CHANGES = """
SELECT incident.monitor_id, incident.outage_started_at, incident.id, change.kind, change.severity, change.at
FROM incident JOIN incident_change AS change ON change.incident_id = incident.id
WHERE incident.monitor_id = ANY($1::bigint[]) AND incident.outage_started_at < $3
  AND (incident.resolved_at IS NULL OR incident.resolved_at > $2) AND change.kind = ANY ($4::text[])
ORDER BY incident.monitor_id, incident.outage_started_at, incident.id, change.id
"""


async def down_spans(
    connection: Connection, monitor_ids: Sequence[int], since: datetime, until: datetime
) -> dict[int, list[Span]]:
    """The times from `since` on in which their incidents were of severity down; an open one ends at `until`."""
    rows = await connection.fetch(_CHANGES, list(monitor_ids), since, until, CHANGES_OF_SEVERITY)
    spans: dict[int, list[Span]] = defaultdict(list)
    for (monitor_id, began, _), changes in groupby(rows, key=lambda row: row[:3]):
        timeline = [SeverityChange(row["kind"], row["severity"], to_ms(row["at"])) for row in changes]
        spans[monitor_id] += down_times(timeline, to_ms(began), to_ms(since), to_ms(until))
    return spans
