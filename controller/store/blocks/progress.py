"""Which hours and days are put into blocks next, and of which monitors. Each is done once for each monitor."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from controller.store.platform.pool import Connection

BY_HOUR_SECONDS = 60
"""Monitors with longer intervals have too few checks in an hour: theirs are folded by day."""

_CHECKS_AT_ONCE = 2_000
"""While these are read and put into blocks, late results wait: on a busy machine, well under a second."""
_MONITORS_AT_ONCE = 200


class FoldSpan(NamedTuple):
    """An hour or a day that is due, and the last of its monitors that is done."""

    seconds: int
    at: datetime
    after_monitor: int

    @property
    def until(self) -> datetime:
        return self.at + timedelta(seconds=self.seconds)


# What is noted as unpublished is published from its row, so nothing is folded while some of it is old. Hours before
# days, as a day takes the checks that no hour took: those of long intervals, and late ones.
_DUE = """
SELECT span_seconds, at, after_monitor FROM fold_progress, rollup_progress
WHERE at + make_interval(secs => span_seconds) <= LEAST(rolled_until, now() - make_interval(secs => $1))
  AND (span_seconds = 3600 OR at + interval '1 day' <= (SELECT at FROM fold_progress WHERE span_seconds = 3600))
  AND NOT EXISTS (SELECT FROM unpublished_results WHERE noted_at < now() - interval '10 minutes')
ORDER BY span_seconds LIMIT 1
"""

# By the rows that are there, whatever the intervals say: after an outage, or with blind agents, most of a day may have
# stayed rows. A deleted monitor is folded, too.
_MONITORS = """
WITH RECURSIVE walk (id, place, checks) AS (
  SELECT $1::bigint, 0, 0::bigint
  UNION ALL
  SELECT following.id, place + 1, walk.checks + there.checks
  FROM walk
  CROSS JOIN LATERAL (
    SELECT id FROM monitor WHERE monitor.id > walk.id AND ($4::int > 3600 OR interval_seconds <= $7)
    ORDER BY id LIMIT 1
  ) AS following
  CROSS JOIN LATERAL (
    SELECT count(*) AS checks FROM (
      SELECT FROM result WHERE monitor_id = following.id AND due_at >= $2 AND due_at < $3 LIMIT $5
    ) AS found
  ) AS there
  WHERE walk.checks < $5 AND place < $6
)
SELECT id FROM walk WHERE place = 1 OR (place > 1 AND checks <= $5) ORDER BY id
"""

# Without that of controllers that have not been seen for a while, as pipeline.retention.review removes them.
_ALL_READ = "SELECT COALESCE(bool_and(blocks_days IS NOT NULL), false) FROM retention_setting"


async def all_read_blocks(connection: Connection) -> bool:
    """Whether every running controller reads blocks: those of earlier versions would miss what is in them."""
    found: bool = await connection.fetchval(_ALL_READ)
    return found


async def next_span(connection: Connection, *, settled_seconds: float) -> FoldSpan | None:
    """The next hour or day that ended so long ago and is rolled up; None when there is none."""
    row = await connection.fetchrow(_DUE, settled_seconds)
    return FoldSpan(*row) if row else None


async def next_monitors(connection: Connection, span: FoldSpan) -> list[int]:
    """The next monitors of the span in order, as many as have few enough checks in it; empty after the last one."""
    rows = await connection.fetch(
        _MONITORS,
        span.after_monitor,
        span.at,
        span.until,
        span.seconds,
        _CHECKS_AT_ONCE,
        _MONITORS_AT_ONCE,
        BY_HOUR_SECONDS,
    )
    return [row["id"] for row in rows]


async def note_done(connection: Connection, span: FoldSpan, last_monitor: int) -> bool:
    """Note that the span is done up to this monitor; returns False when it was no longer where it was read."""
    status = await connection.execute(
        "UPDATE fold_progress SET after_monitor = $4 WHERE span_seconds = $1 AND at = $2 AND after_monitor = $3",
        *span,
        last_monitor,
    )
    return status == "UPDATE 1"


async def note_ended(connection: Connection, span: FoldSpan) -> bool:
    """Continue with the next hour or day; returns False when it was no longer where it was read."""
    status = await connection.execute(
        "UPDATE fold_progress SET at = $4, after_monitor = 0"
        " WHERE span_seconds = $1 AND at = $2 AND after_monitor = $3",
        *span,
        span.until,
    )
    return status == "UPDATE 1"
