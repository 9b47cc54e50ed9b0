"""Until when a result is evidence. A later one is history: it is stored and shown, and no evaluation reads it. Pure."""

from __future__ import annotations

from controller.decisions.sql_function import SqlFunction
from controller.model import Monitor, ScheduledMonitor
from shared.wire.rounds import start_by_ms

SLACK_SECONDS = 5
"""How long a result may still be in transit after its check must have ended."""

LONGEST_DEADLINE_SECONDS = 3600
"""No evaluation deadline is longer."""

_RECENT_SECONDS = 300
_RECENT_AFTER_SECONDS = 120


def late_ms(monitor: ScheduledMonitor | Monitor, due_ms: int) -> int:
    """A result stored after this moment is late: a check that began at the last allowed moment would have brought it
    earlier. The monitor's evaluation deadline can only make it later.
    """
    ended = start_by_ms(due_ms, monitor.interval_seconds * 1000) + (monitor.timeout_seconds + SLACK_SECONDS) * 1000
    return max(ended, due_ms + (monitor.evaluation_deadline_seconds or 0) * 1000)


# GREATEST ignores NULL; 5 is SLACK_SECONDS.
LATE_AT = SqlFunction(
    "late_at(timestamptz, integer, integer, integer)",
    """
CREATE OR REPLACE FUNCTION late_at(
  due_at timestamptz, interval_seconds integer, timeout_seconds integer, deadline_seconds integer
) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT due_at + make_interval(
    secs => GREATEST(LEAST(interval_seconds / 2.0, 60) + timeout_seconds + 5, deadline_seconds)
  )
$$
""",
)
"""late_ms in SQL."""


def history_ms(monitor: ScheduledMonitor, due_ms: int) -> int:
    """A check recorded as missing from this moment on causes no evaluation: it is known much later than usual."""
    return max(due_ms + _RECENT_SECONDS * 1000, late_ms(monitor, due_ms) + _RECENT_AFTER_SECONDS * 1000)


HISTORY_AT = SqlFunction(
    "history_at(timestamptz, integer, integer, integer)",
    """
CREATE OR REPLACE FUNCTION history_at(
  due_at timestamptz, interval_seconds integer, timeout_seconds integer, deadline_seconds integer
) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT GREATEST(
    due_at + make_interval(secs => 300),
    late_at(due_at, interval_seconds, timeout_seconds, deadline_seconds) + make_interval(secs => 120)
  )
$$
""",
)
"""history_ms in SQL."""
