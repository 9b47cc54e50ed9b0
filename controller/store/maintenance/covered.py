"""Whether a monitor was in maintenance at a moment, by what was written and what is planned."""

from __future__ import annotations

from datetime import datetime

from controller.decisions.maintenance.covering import covering
from controller.model.maintenance import Effect, InMaintenance, WindowTime
from controller.store.platform.pool import Connection

# What was holds even if its window is gone since; what is planned holds even if nobody has written it yet. Until
# applied_until all is written: a window that is for a monitor only since then was not for it before.
_AROUND = """
SELECT window_id, from_at, to_at, effect FROM maintenance_time
WHERE monitor_id = $1 AND from_at <= $3::timestamptz + interval '31 days'
  AND (to_at IS NULL OR to_at > $2::timestamptz - interval '31 days')
UNION
SELECT maintenance_window.id, GREATEST(from_at, applied_until), to_at, effect
FROM maintained_monitor
JOIN maintenance_window ON maintenance_window.id = maintained_monitor.window_id
JOIN maintenance_occurrence ON maintenance_occurrence.window_id = maintenance_window.id
CROSS JOIN maintenance_progress
WHERE maintained_monitor.monitor_id = $1 AND from_at <= $3::timestamptz + interval '31 days'
  AND (to_at IS NULL OR to_at > GREATEST($2::timestamptz - interval '31 days', applied_until))
"""


async def times_around(
    connection: Connection, monitor_id: int, since: datetime, until: datetime | None = None
) -> list[WindowTime]:
    """The times in which windows hold for a monitor around these moments, or this one."""
    rows = await connection.fetch(_AROUND, monitor_id, since, until or since)
    return [WindowTime(window, from_at, to_at, Effect(effect)) for window, from_at, to_at, effect in rows]


async def maintenance_at(connection: Connection, monitor_id: int, at: datetime) -> InMaintenance | None:
    """None when the monitor was not in maintenance at that moment."""
    return covering(await times_around(connection, monitor_id, at), at)


async def names_at(connection: Connection, monitor_id: int, at: datetime) -> list[str]:
    """The names of the windows that held for the monitor then, as far as they still exist."""
    numbers = [one.window_id for one in await times_around(connection, monitor_id, at) if one.holds(at)]
    rows = await connection.fetch(
        "SELECT DISTINCT name FROM maintenance_window WHERE id = ANY ($1::bigint[]) ORDER BY name", numbers
    )
    return [row["name"] for row in rows]
