"""The status that somebody gave a monitor, as the vendors name it: "maintenance" is a window without an end. Pure."""

from __future__ import annotations

from controller.decisions.sql_function import SqlFunction
from controller.model import MonitorStatus


def set_status(status: str, *, has_window: bool) -> MonitorStatus:
    """From the column `status` and whether there is a window that stands for the status."""
    if status == MonitorStatus.DISABLED:
        return MonitorStatus.DISABLED
    return MonitorStatus.MAINTENANCE if has_window else MonitorStatus.ACTIVE


SET_STATUS = SqlFunction(
    "set_status(bigint, text)",
    """
    CREATE OR REPLACE FUNCTION set_status(monitor_id bigint, status text) RETURNS text LANGUAGE sql STABLE AS $$
      SELECT CASE
        WHEN status = 'disabled' THEN status
        WHEN EXISTS (SELECT FROM maintenance_window WHERE of_status = monitor_id) THEN 'maintenance'
        ELSE 'active'
      END
    $$
    """,
)
"""`set_status` from a monitor's number and the column `status`."""
