"""How long passed checks of one monitor took at each location, in buckets, and how long each of their phases took."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from controller.decisions.history.views import Sources, View
from controller.off_loop import off_loop
from controller.store.platform.pool import Connection


class LocationCell(NamedTuple):
    """The figures of one location in one bucket. Durations are those of passed checks; `histogram` counts them by bin
    (decisions.history.histogram), and is empty where it was not requested.
    """

    bucket_at: datetime
    location: str
    country: str
    passed: int
    failed: int
    blind: int
    warned: int
    duration_ms_sum: float
    duration_ms_max: float | None
    histogram: dict[int, int]


class PhaseSums(NamedTuple):
    """How many milliseconds all passed checks of a location spent in each phase, in one bucket."""

    bucket_at: datetime
    location: str
    duration_ms: dict[str, float]


class _Timing(msgspec.Struct, gc=False, rename="camel"):
    phase: str
    duration_ms: float


_NO_DURATIONS: dict[int, int] = {}
_TIMINGS = msgspec.json.Decoder(list[list[_Timing]])

# The parameters of both: the monitor, the time of Sources ($2 to $5), and the seconds of a bucket.
_CELLS = """
SELECT bucket_at, code, country_code, passed, failed, blind, warned, duration_ms_sum, duration_ms_max
FROM (
  SELECT date_bin(make_interval(secs => $6), at, $2) AS bucket_at, location_id, sum(passed) AS passed,
    sum(failed) AS failed, sum(blind) AS blind, sum(warned) AS warned, sum(duration_ms_sum) AS duration_ms_sum,
    max(duration_ms_max) AS duration_ms_max
  FROM figures_within($1, $2, $3, $4, $5) GROUP BY 1, 2
) AS cell JOIN location ON location.id = cell.location_id
ORDER BY country_code, code, bucket_at
"""

_BINNED = """
WITH bucketed AS (
  SELECT date_bin(make_interval(secs => $6), at, $2) AS bucket_at, stored.*
  FROM figures_within($1, $2, $3, $4, $5) AS stored
), cell AS (
  SELECT bucket_at, location_id, sum(passed) AS passed, sum(failed) AS failed, sum(blind) AS blind,
    sum(warned) AS warned, sum(duration_ms_sum) AS duration_ms_sum, max(duration_ms_max) AS duration_ms_max
  FROM bucketed GROUP BY bucket_at, location_id
), counted AS (
  SELECT bucket_at, location_id, bin, sum(number)::int AS number
  FROM bucketed, unnest(bins, counts) AS counted (bin, number) GROUP BY bucket_at, location_id, bin
), histogram AS (
  SELECT bucket_at, location_id, array_agg(bin) AS bins, array_agg(number) AS counts
  FROM counted GROUP BY bucket_at, location_id
)
SELECT bucket_at, code, country_code, passed, failed, blind, warned, duration_ms_sum, duration_ms_max, bins, counts
FROM cell JOIN location ON location.id = cell.location_id LEFT JOIN histogram USING (bucket_at, location_id)
ORDER BY country_code, code, bucket_at
"""

# PostgreSQL takes ten times as long to take JSON apart as msgspec does.
_PHASES = """
SELECT date_bin(make_interval(secs => $4), due_at, $2) AS bucket_at, location.code,
  '[' || string_agg(COALESCE(phases, unfolded_phases(phase_names, phase_codes, phase_gaps))::text, ',') || ']'
    AS timings
FROM results_of($1, $2, $3) AS result JOIN location ON location.id = result.location_id
WHERE status = 'success'
GROUP BY 1, 2
"""


async def location_cells(
    connection: Connection, monitor_id: int, view: View, sources: Sources, *, binned: bool
) -> list[LocationCell]:
    """By location, ordered by country; the buckets of each in order, without those in which nothing was checked. With
    `binned` they have histograms.
    """
    rows = await connection.fetch(_BINNED if binned else _CELLS, monitor_id, *sources, view.bucket_seconds)
    return await off_loop(_binned_cells if binned else _cells, rows)


def _cells(rows: Sequence[Any]) -> list[LocationCell]:
    return [LocationCell._make((*row, _NO_DURATIONS)) for row in rows]


def _binned_cells(rows: Sequence[Any]) -> list[LocationCell]:
    return [LocationCell._make((*row[:9], dict(zip(row[9] or (), row[10] or (), strict=True)))) for row in rows]


async def duration_percentiles(
    connection: Connection, monitor_id: int, view: View, shares: Sequence[float]
) -> dict[str, list[float]]:
    """By location, the milliseconds that these shares of its passed checks do not exceed; from the stored results."""
    rows = await connection.fetch(
        """
        SELECT location.code, percentile_disc($4::float8[]) WITHIN GROUP (ORDER BY duration_ms)
        FROM results_of($1, $2, $3) AS result JOIN location ON location.id = result.location_id
        WHERE status = 'success' GROUP BY location.code
        """,
        monitor_id,
        view.since,
        view.until,
        shares,
    )
    return {code: list(found) for code, found in rows}


async def phase_sums(connection: Connection, monitor_id: int, view: View) -> list[PhaseSums]:
    """From the stored results, so only as far back as they are kept; the caller limits how many there are."""
    rows = await connection.fetch(_PHASES, monitor_id, view.since, view.until, view.bucket_seconds)
    return await off_loop(_phase_sums, rows)


def _phase_sums(rows: Sequence[Any]) -> list[PhaseSums]:
    return [PhaseSums(bucket_at, location, _summed(timings)) for bucket_at, location, timings in rows]


def _summed(timings: str) -> dict[str, float]:
    sums: dict[str, float] = defaultdict(float)
    for check in _TIMINGS.decode(timings):
        for timing in check:
            sums[timing.phase] += timing.duration_ms
    return sums
