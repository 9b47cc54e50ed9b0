"""Whether a monitor was in maintenance at a moment, by what was written and what is planned."""

from __future__ import annotations

from datetime import datetime

from controller.decisions.maintenance.covering import covering
from controller.model.maintenance import Effect, InMaintenance, WindowTime
from controller.store.platform.pool import Connection

# What was holds even if its window is gone since; what is planned holds even if nobody has written it yet.
_AROUND = """
SELECT window_id, from_at, to_at, effect FROM maintenance_time
WHERE monitor_id = $1 AND from_at <= $2::timestamptz + interval '31 days'
  AND (to_at IS NULL OR to_at > $2::timestamptz - interval '31 days')
UNION
SELECT maintenance_window.id, from_at, to_at, effect
FROM maintained_monitor
JOIN maintenance_window ON maintenance_window.id = maintained_monitor.window_id
JOIN maintenance_occurrence ON maintenance_occurrence.window_id = maintenance_window.id
WHERE maintained_monitor.monitor_id = $1 AND from_at <= $2::timestamptz + interval '31 days'
  AND (to_at IS NULL OR to_at > $2::timestamptz - interval '31 days')
"""


async def maintenance_at(connection: Connection, monitor_id: int, at: datetime) -> InMaintenance | None:
    """None when the monitor was not in maintenance at that moment."""
    rows = await connection.fetch(_AROUND, monitor_id, at)
    return covering((WindowTime(window, since, until, Effect(effect)) for window, since, until, effect in rows), at)
