"""The figures of checks that charts are made of: what one check adds, and which stored figures make up a time. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from controller.decisions.history.histogram import bin_of
from controller.decisions.history.views import DAY_SECONDS, HOUR_SECONDS, Sources
from controller.decisions.sql_function import SqlFunction
from shared.wire.messages import ResultStatus


class Figures(NamedTuple):
    """How many checks passed, failed, were blind, had a warning; durations are those of passed checks, and `histogram`
    counts them by bin (decisions.history.histogram).
    """

    passed: int = 0
    failed: int = 0
    blind: int = 0
    warned: int = 0
    duration_ms_sum: float = 0.0
    duration_ms_max: float | None = None
    histogram: Mapping[int, int] = {}


class FiguresAt(NamedTuple):
    """The figures of a check (`seconds` is 0), an hour or a day, at one location."""

    seconds: int
    at: datetime
    location_id: int
    figures: Figures


def of_check(status: ResultStatus, duration_ms: float, *, warned: bool) -> Figures:
    """What one check adds."""
    if status is ResultStatus.SUCCESS:
        return Figures(1, 0, 0, int(warned), duration_ms, duration_ms, {bin_of(duration_ms): 1})
    failed = status is ResultStatus.FAILURE
    return Figures(failed=int(failed), blind=int(not failed), warned=int(warned))


def total(parts: Iterable[Figures]) -> Figures:
    """What they are together, in any order and grouping."""
    known = list(parts)
    histogram = Counter[int]()
    for one in known:
        histogram.update(one.histogram)
    return Figures(
        passed=sum(one.passed for one in known),
        failed=sum(one.failed for one in known),
        blind=sum(one.blind for one in known),
        warned=sum(one.warned for one in known),
        duration_ms_sum=sum(one.duration_ms_sum for one in known),
        duration_ms_max=max((one.duration_ms_max for one in known if one.duration_ms_max is not None), default=None),
        histogram=histogram,
    )


def within(stored: Iterable[FiguresAt], sources: Sources) -> Iterator[FiguresAt]:
    """The figures that make up this time, none of them counted twice: days, then hours, then checks."""
    since = {
        DAY_SECONDS: (sources.days_from, sources.hours_from),
        HOUR_SECONDS: (sources.hours_from, sources.checks_from),
        0: (sources.checks_from, sources.until),
    }
    for one in stored:
        first, end = since[one.seconds]
        if first <= one.at < end:
            yield one


FIGURES_WITHIN = SqlFunction(
    "figures_within(bigint, timestamptz, timestamptz, timestamptz, timestamptz)",
    """
    CREATE OR REPLACE FUNCTION figures_within(
      of_monitor bigint, days_from timestamptz, hours_from timestamptz, checks_from timestamptz, until timestamptz
    ) RETURNS TABLE (
      at timestamptz, location_id integer, passed integer, failed integer, blind integer, warned integer,
      duration_ms_sum double precision, duration_ms_max real, bins smallint[], counts integer[]
    ) LANGUAGE sql STABLE AS $$
      SELECT bucket_at, rollup.location_id, rollup.passed, rollup.failed, rollup.blind, rollup.warned,
        rollup.duration_ms_sum, rollup.duration_ms_max, rollup.bins, rollup.counts
      FROM rollup
      WHERE monitor_id = of_monitor AND bucket_seconds = 86400 AND bucket_at >= days_from AND bucket_at < hours_from
      UNION ALL
      SELECT bucket_at, rollup.location_id, rollup.passed, rollup.failed, rollup.blind, rollup.warned,
        rollup.duration_ms_sum, rollup.duration_ms_max, rollup.bins, rollup.counts
      FROM rollup
      WHERE monitor_id = of_monitor AND bucket_seconds = 3600 AND bucket_at >= hours_from AND bucket_at < checks_from
      UNION ALL
      SELECT due_at, result.location_id, (status = 'success')::integer, (status = 'failure')::integer,
        (status = 'unknown')::integer, (warnings IS NOT NULL)::integer,
        CASE WHEN status = 'success' THEN duration_ms::double precision ELSE 0 END,
        CASE WHEN status = 'success' THEN duration_ms END,
        CASE WHEN status = 'success' THEN ARRAY[bin_of(duration_ms)] ELSE '{}' END,
        CASE WHEN status = 'success' THEN '{1}'::integer[] ELSE '{}' END
      FROM results_of(of_monitor, checks_from, until) AS result
    $$
    """,
)
"""`within` and `of_check` over one monitor's roll-ups and results; the times are those of Sources."""
