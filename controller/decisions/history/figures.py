"""The figures of a chart and of spans of time, summed up from what is stored by location. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

import msgspec

from controller.decisions.history.histogram import percentile
from controller.decisions.history.uptime import EvaluatedTime, uptime_percent
from controller.decisions.history.views import View
from shared.wire.messages import ResultStatus


class Cell(NamedTuple):
    """The figures of one location in one bucket; durations are those of passed checks."""

    bucket_at: datetime
    location: str
    passed: int
    failed: int
    blind: int
    warned: int
    duration_ms_sum: float
    duration_ms_max: float | None


class Chart(NamedTuple):
    """Cells by bucket and location, and for each bucket how many passed checks of all locations are in which bin."""

    cells: list[Cell]
    histograms: dict[datetime, dict[int, int]]


class RawCheck(NamedTuple):
    due_at: datetime
    location: str
    status: ResultStatus
    duration_ms: float
    warned: bool


class Stats(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a span of time. `checks` are those that were not blind; milliseconds are of checks that passed."""

    since: datetime
    until: datetime
    uptime_percent: float | None
    average_ms: float | None
    checks: int
    failures: int
    blind: int
    locations: int


class LocationBucket(msgspec.Struct, frozen=True, kw_only=True):
    checks: int
    failures: int
    blind: int
    average_ms: float | None


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """The checks of `seconds` from `start` on; with 0, a single check that was due then."""

    start: datetime
    seconds: int
    checks: int
    failures: int
    blind: int
    warnings: int
    average_ms: float | None
    p50_ms: float | None
    p95_ms: float | None
    max_ms: float | None
    locations: dict[str, LocationBucket]


def stats_of(view: View, cells: Sequence[Cell], evaluated: EvaluatedTime) -> Stats:
    return Stats(
        since=view.since,
        until=view.until,
        uptime_percent=uptime_percent(evaluated),
        average_ms=_average(cells),
        checks=sum(cell.passed + cell.failed for cell in cells),
        failures=sum(cell.failed for cell in cells),
        blind=sum(cell.blind for cell in cells),
        locations=len(cells),
    )


def buckets_of(chart: Chart, seconds: int) -> list[Bucket]:
    """The buckets in which something was checked. `cells` come in order."""
    return [
        _bucket(start, seconds, list(cells), chart.histograms.get(start, {}))
        for start, cells in groupby(chart.cells, key=lambda cell: cell.bucket_at)
    ]


def _bucket(start: datetime, seconds: int, cells: list[Cell], histogram: dict[int, int]) -> Bucket:
    # A year from ten locations has thousands of cells, so all figures are summed in one pass.
    passed = failed = blind = warned = 0
    total_ms, slowest_ms = 0.0, 0.0
    locations = {}
    for _, location, here_passed, here_failed, here_blind, here_warned, here_ms, here_slowest_ms in cells:
        passed += here_passed
        failed += here_failed
        blind += here_blind
        warned += here_warned
        total_ms += here_ms
        slowest_ms = max(slowest_ms, here_slowest_ms or 0.0)
        locations[location] = LocationBucket(
            checks=here_passed + here_failed,
            failures=here_failed,
            blind=here_blind,
            average_ms=here_ms / here_passed if here_passed else None,
        )
    return Bucket(
        start=start,
        seconds=seconds,
        checks=passed + failed,
        failures=failed,
        blind=blind,
        warnings=warned,
        average_ms=total_ms / passed if passed else None,
        p50_ms=_percentile(histogram, 0.5, slowest_ms),
        p95_ms=_percentile(histogram, 0.95, slowest_ms),
        max_ms=slowest_ms if passed else None,
        locations=locations,
    )


def bucket_of_one(check: RawCheck) -> Bucket:
    blind, failed = check.status is ResultStatus.UNKNOWN, check.status is ResultStatus.FAILURE
    duration = check.duration_ms if check.status is ResultStatus.SUCCESS else None
    here = LocationBucket(checks=int(not blind), failures=int(failed), blind=int(blind), average_ms=duration)
    return Bucket(
        start=check.due_at,
        seconds=0,
        checks=here.checks,
        failures=here.failures,
        blind=here.blind,
        warnings=int(check.warned),
        average_ms=duration,
        p50_ms=duration,
        p95_ms=duration,
        max_ms=duration,
        locations={check.location: here},
    )


def _average(cells: Sequence[Cell]) -> float | None:
    passed = sum(cell.passed for cell in cells)
    return sum(cell.duration_ms_sum for cell in cells) / passed if passed else None


def _percentile(histogram: dict[int, int], share: float, slowest_ms: float) -> float | None:
    """An estimate from bins, cut at the greatest measured value."""
    estimate = percentile(histogram, share)
    return None if estimate is None else min(estimate, slowest_ms)
