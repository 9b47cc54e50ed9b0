"""The figures of one monitor's details, read from days, hours and results as decisions.history.views decides."""

from __future__ import annotations

from datetime import datetime

from controller.decisions.history.figures import Cell, Chart, RawCheck
from controller.decisions.history.views import Sources, View
from controller.store.platform.pool import Connection
from shared.wire.messages import ResultStatus

# The parameters of both: the monitor, the time of Sources ($2 to $5), and the seconds of a bucket.
_CELLS = """
SELECT bucket_at, location.code, passed, failed, blind, warned, duration_ms_sum, duration_ms_max
FROM (
  SELECT date_bin(make_interval(secs => $6), at, $2) AS bucket_at, location_id, sum(passed) AS passed,
    sum(failed) AS failed, sum(blind) AS blind, sum(warned) AS warned, sum(duration_ms_sum) AS duration_ms_sum,
    max(duration_ms_max) AS duration_ms_max
  FROM figures_within($1, $2, $3, $4, $5) GROUP BY 1, 2
) AS cell JOIN location ON location.id = cell.location_id
ORDER BY bucket_at, location.code
"""

_CHART = """
WITH bucketed AS (
  SELECT date_bin(make_interval(secs => $6), at, $2) AS bucket_at, stored.*
  FROM figures_within($1, $2, $3, $4, $5) AS stored
), cell AS (
  SELECT bucket_at, location_id, sum(passed) AS passed, sum(failed) AS failed, sum(blind) AS blind,
    sum(warned) AS warned, sum(duration_ms_sum) AS duration_ms_sum, max(duration_ms_max) AS duration_ms_max
  FROM bucketed GROUP BY bucket_at, location_id
), counted AS (
  SELECT bucket_at, bin, sum(number)::int AS number
  FROM bucketed, unnest(bins, counts) AS counted (bin, number) GROUP BY bucket_at, bin
)
SELECT bucket_at, location.code, passed, failed, blind, warned, duration_ms_sum, duration_ms_max,
  NULL::smallint[] AS bins, NULL::int[] AS counts
FROM cell JOIN location ON location.id = cell.location_id
UNION ALL
SELECT bucket_at, NULL, 0, 0, 0, 0, 0, 0, array_agg(bin), array_agg(number) FROM counted GROUP BY bucket_at
ORDER BY bucket_at, code
"""


async def rolled_until(connection: Connection) -> datetime:
    """The moment until which roll-ups are complete."""
    moment: datetime = await connection.fetchval("SELECT rolled_until FROM rollup_progress")
    return moment


async def chart(connection: Connection, monitor_id: int, view: View, sources: Sources) -> Chart:
    rows = await connection.fetch(_CHART, monitor_id, *sources, view.bucket_seconds)
    cells = [Cell(*row[:8]) for row in rows if row["code"] is not None]
    histograms = {
        row["bucket_at"]: dict(zip(row["bins"], row["counts"], strict=True)) for row in rows if row["code"] is None
    }
    return Chart(cells, histograms)


async def totals(connection: Connection, monitor_id: int, sources: Sources) -> list[Cell]:
    """The whole time as one bucket."""
    whole = (sources.until - sources.days_from).total_seconds()
    rows = await connection.fetch(_CELLS, monitor_id, *sources, whole)
    return [Cell(*row) for row in rows]


async def raw_checks(connection: Connection, monitor_id: int, view: View, limit: int) -> list[RawCheck]:
    """The latest checks of the time, `limit` at most, newest first."""
    rows = await connection.fetch(
        """
        SELECT due_at, location.code, status, duration_ms, warnings IS NOT NULL
        FROM (SELECT newest_since($1, $2, $3, NULL, NULL, NULL, $4::bigint) AS at OFFSET 0) AS begun
        CROSS JOIN LATERAL results_of($1, begun.at, $3) AS result JOIN location ON location.id = location_id
        ORDER BY due_at DESC, location_id DESC, purpose DESC LIMIT $4
        """,
        monitor_id,
        view.since,
        view.until,
        limit,
    )
    return [RawCheck(row[0], row[1], ResultStatus(row[2]), row[3], row[4]) for row in rows]
