"""The status "maintenance" of the vendors' APIs, inMaintenance in ours: a window without an end for one monitor."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from controller.store.maintenance import borders
from controller.store.platform.pool import Connection

_BEGIN = """
WITH made AS (
  INSERT INTO maintenance_window (organization_id, customer_id, name, time_zone, starts_on, effect, of_status,
    expanded_until, tzdata)
  SELECT monitor.organization_id, monitor.customer_id, 'Maintenance', organization.time_zone,
    $2::timestamptz AT TIME ZONE organization.time_zone, 'silence', monitor.id, 'infinity', ''
  FROM monitor JOIN organization ON organization.id = monitor.organization_id
  WHERE monitor.id = ANY ($1::bigint[])
  ON CONFLICT (of_status) DO NOTHING
  RETURNING id, of_status
), meant AS (
  INSERT INTO maintenance_target (window_id, monitor_id) SELECT id, of_status FROM made
)
INSERT INTO maintenance_occurrence (window_id, planned_at, from_at) SELECT id, $2, $2 FROM made
"""


async def keep(connection: Connection, in_maintenance: Mapping[int, bool], now: datetime) -> None:
    """Begin or end the maintenance of these monitors, whose rows are locked, and write it down at once."""
    begin = [number for number, begins in in_maintenance.items() if begins]
    end = [number for number, begins in in_maintenance.items() if not begins]
    if begin:
        await connection.execute(_BEGIN, begin, now)
    if end:
        await connection.execute("DELETE FROM maintenance_window WHERE of_status = ANY ($1::bigint[])", end)
    if in_maintenance:
        await borders.apply(connection, sorted(in_maintenance), await borders.applied_until(connection), now)
