"""Everything that a page about one monitor shows: its latest checks, uptime, response times and chart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from uuid import UUID

import msgspec

from controller.decisions.evaluation.state import MonitorState
from controller.decisions.history.histogram import percentile
from controller.decisions.history.retention import single_results_since
from controller.decisions.history.uptime import EvaluatedTime, uptime_percent
from controller.decisions.history.views import Range, View, sources, stats_view, stored_view
from controller.model import Alert, CheckRecord, Incident, Monitor, MonitorStatus, Principal
from controller.off_loop import off_loop
from controller.operations.incidents.incidents import alerts_of, incidents_of
from controller.operations.monitors.monitors import Kinds, get_monitor
from controller.store.checks.history import check_history
from controller.store.monitors.latest import state_of
from controller.store.platform.pool import Connection, Database
from controller.store.retention import choices
from controller.store.rollups import charts
from controller.store.rollups.charts import Cell, Chart, RawCheck
from controller.store.rollups.judged import judged_times
from shared.wire.messages import ResultStatus

LATEST_CHECKS = 50
MOST_RAW_CHECKS = 10_000
STATS = (Range.DAY, Range.MONTH, Range.YEAR)


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


class MonitorDetails(msgspec.Struct, frozen=True, kw_only=True):
    """`truncated` says that there were more single checks than the latest MOST_RAW_CHECKS shown. `state` is None for a
    monitor without any evaluation.
    """

    monitor: Monitor
    latest: list[CheckRecord]
    stats: dict[Range, Stats]
    view: View
    buckets: list[Bucket]
    truncated: bool
    incidents: list[Incident]
    alerts: list[Alert]
    in_maintenance: bool
    state: MonitorState | None


async def monitor_details(
    database: Database,
    principal: Principal,
    kinds: Kinds,
    public_id: UUID,
    *,
    view: View,
    reference: datetime,
    now: datetime,
) -> MonitorDetails:
    """The chart shows `view`; the figures are of the day, month and year before `reference`.

    Raises NotFoundError, ForbiddenError.
    """
    monitor = await get_monitor(database, principal, kinds, public_id)
    async with database.connection() as connection:
        held = await choices.kept_by(connection, monitor.organization_id, now)
    view = stored_view(view, single_results_since(held, now), now)
    latest = await check_history(database, monitor.id, monitor.public_id, limit=LATEST_CHECKS)
    async with database.connection() as connection:
        rolled_until = await charts.rolled_until(connection)
        stats = await _stats(
            connection, monitor, [stats_view(range_, reference=reference, now=now) for range_ in STATS], rolled_until
        )
        if view.bucket_seconds:
            chart = await charts.chart(connection, monitor.id, view, sources(view, rolled_until))
            buckets, truncated = await off_loop(_buckets, chart, view.bucket_seconds), False
        else:
            checks = await charts.raw_checks(connection, monitor.id, view, MOST_RAW_CHECKS + 1)
            truncated = len(checks) > MOST_RAW_CHECKS
            buckets = await off_loop(lambda: [_single(check) for check in reversed(checks[:MOST_RAW_CHECKS])])
        incidents = await incidents_of(connection, monitor.id)
        alerts = await alerts_of(connection, monitor.id)
        state = await state_of(connection, monitor.id)
    return MonitorDetails(
        monitor=monitor,
        latest=latest,
        stats=dict(zip(STATS, stats, strict=True)),
        view=view,
        buckets=buckets,
        truncated=truncated,
        incidents=incidents,
        alerts=alerts,
        in_maintenance=monitor.status is MonitorStatus.MAINTENANCE,
        state=state,
    )


async def _stats(
    connection: Connection, monitor: Monitor, views: Sequence[View], rolled_until: datetime
) -> list[Stats]:
    times = [sources(view, rolled_until) for view in views]
    judged = await judged_times(connection, monitor.id, monitor.interval_seconds, times)
    return [
        _stats_of(view, await charts.totals(connection, monitor.id, here), one.evaluated)
        for view, here, one in zip(views, times, judged, strict=True)
    ]


def _stats_of(view: View, cells: Sequence[Cell], evaluated: EvaluatedTime) -> Stats:
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


def _buckets(chart: Chart, seconds: int) -> list[Bucket]:
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


def _single(check: RawCheck) -> Bucket:
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
