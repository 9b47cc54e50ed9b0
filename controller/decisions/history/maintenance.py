"""When a monitor was in maintenance: that time is not judged. Pure.

A trigger of the table `monitor` writes it down, so that no statement that changes a status can leave it out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from controller.decisions.history.uptime import Span
from controller.decisions.sql_function import SqlFunction
from controller.model import MonitorStatus


class MaintenanceTime(NamedTuple):
    """From one moment to another, in epoch milliseconds; it lasts while the end is None."""

    from_ms: int
    to_ms: int | None

    def span(self, until_ms: int) -> Span:
        """One that lasts ends at `until_ms`, but not before it begins."""
        return Span(self.from_ms, max(self.from_ms, until_ms) if self.to_ms is None else self.to_ms)


def after_status(times: Sequence[MaintenanceTime], before: str | None, after: str, at_ms: int) -> list[MaintenanceTime]:
    """A monitor's times in maintenance after its status became `after` at this moment; `before` None is a new monitor.

    A second time that begins in the same millisecond replaces the first.
    """
    if (before == MonitorStatus.MAINTENANCE) == (after == MonitorStatus.MAINTENANCE):
        return list(times)
    ended = [time if time.to_ms is not None else time._replace(to_ms=at_ms) for time in times]
    if after != MonitorStatus.MAINTENANCE:
        return ended
    return [*(time for time in ended if time.from_ms != at_ms), MaintenanceTime(at_ms, None)]


KEEP_MAINTENANCE_TIME = SqlFunction(
    "keep_maintenance_time()",
    """
    CREATE OR REPLACE FUNCTION keep_maintenance_time() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
    DECLARE
      was boolean := TG_OP = 'UPDATE' AND OLD.status = 'maintenance';
    BEGIN
      IF was = (NEW.status = 'maintenance') THEN
        RETURN NULL;
      END IF;
      UPDATE maintenance_time SET to_at = clock_timestamp() WHERE monitor_id = NEW.id AND to_at IS NULL;
      IF NEW.status = 'maintenance' THEN
        INSERT INTO maintenance_time (monitor_id, from_at) VALUES (NEW.id, clock_timestamp())
        ON CONFLICT (monitor_id, from_at) DO UPDATE SET to_at = NULL;
      END IF;
      RETURN NULL;
    END
    $$
    """,
)
"""`after_status` as the function of the trigger `keep_maintenance_time` of the table `monitor`. A plan that was made
while the table was small reads all of it for each monitor: quadratic, when thousands change by one statement.
"""
