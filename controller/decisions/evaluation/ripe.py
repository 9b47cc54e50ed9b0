"""When an evaluation is made without the votes that are still missing. Pure.

By then its checks must have ended. Agents that began late but in time get a few seconds from their first result on;
where the monitor has an evaluation deadline, missing votes are awaited until then.
"""

from __future__ import annotations

from controller.decisions.evaluation.late import SLACK_SECONDS, late_ms
from controller.decisions.schedule.rounds import RECHECK_SECONDS
from controller.decisions.sql_function import SqlFunction
from controller.model import ScheduledMonitor


def ripe_ms(monitor: ScheduledMonitor, due_ms: int, noted_ms: int, *, retries: bool) -> int:
    """For an evaluation that was noted at that moment, with its first result or missing check. `retries`: a failed
    check is tried again at its location.
    """
    votes_until = max(
        due_ms + (monitor.timeout_seconds + SLACK_SECONDS) * 1000,
        min(noted_ms + SLACK_SECONDS * 1000, late_ms(monitor, due_ms)),
        due_ms + (monitor.evaluation_deadline_seconds or 0) * 1000,
    )
    return votes_until + (retry_grace_ms(monitor) if retries else 0)


def retry_grace_ms(monitor: ScheduledMonitor) -> int:
    """How much longer an evaluation waits where a failed check is tried again at its location."""
    longest = max(monitor.timeout_seconds, monitor.evaluation_deadline_seconds or 0)
    return (RECHECK_SECONDS + longest) * 1000


# GREATEST ignores NULL, and make_interval of NULL is NULL; 5 is SLACK_SECONDS, 10 RECHECK_SECONDS.
RIPE_AT = SqlFunction(
    "ripe_at(timestamptz, timestamptz, integer, integer, integer, boolean)",
    """
CREATE OR REPLACE FUNCTION ripe_at(
  due_at timestamptz, noted_at timestamptz, interval_seconds integer, timeout_seconds integer,
  deadline_seconds integer, retries boolean
) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT GREATEST(
    due_at + make_interval(secs => timeout_seconds + 5),
    LEAST(
      noted_at + make_interval(secs => 5),
      late_at(due_at, interval_seconds, timeout_seconds, deadline_seconds)
    ),
    due_at + make_interval(secs => deadline_seconds)
  ) + make_interval(
    secs => CASE WHEN retries THEN 10 + GREATEST(timeout_seconds, deadline_seconds) ELSE 0 END
  )
$$
""",
)
"""ripe_ms in SQL."""
