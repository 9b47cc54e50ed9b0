"""When maintenance windows suspend the checks of monitors, by what is planned."""

from __future__ import annotations

from collections import defaultdict

from controller.decisions.schedule.suspension import Suspension, Suspensions
from controller.off_loop import off_loop
from controller.store.platform.pool import Connection
from shared.epoch import to_datetime, to_ms

_SUSPENDING = """
SELECT from_at, to_at, monitor_ids FROM (
  SELECT window_id, from_at, to_at
  FROM maintenance_occurrence JOIN maintenance_window ON maintenance_window.id = window_id
  WHERE effect = 'suspend' AND from_at < $2 AND (to_at IS NULL OR to_at > $1)
) AS holding
CROSS JOIN LATERAL (
  SELECT array_agg(monitor_id) AS monitor_ids FROM maintained_monitor
  WHERE maintained_monitor.window_id = holding.window_id
) AS meant
WHERE monitor_ids IS NOT NULL
"""


async def suspensions(connection: Connection, since_ms: int, until_ms: int) -> Suspensions:
    """Those that hold at any time between these moments, in epoch milliseconds."""
    rows = await connection.fetch(_SUSPENDING, to_datetime(since_ms), to_datetime(until_ms))
    if not rows:
        return {}

    def by_monitor() -> Suspensions:
        found: dict[int, list[Suspension]] = defaultdict(list)
        for from_at, to_at, monitors in rows:
            suspension = Suspension(to_ms(from_at), None if to_at is None else to_ms(to_at))
            for number in monitors:
                found[number].append(suspension)
        return dict(found)

    return await off_loop(by_monitor)
