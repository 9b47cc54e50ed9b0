"""A monitor's details as Uptimeify's clients read them (docs/compatibility.md, U19 and U23)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from controller.api.compat.uptimeify.checks.history import HistoryItem
from controller.api.compat.uptimeify.incidents.history_items import AlertItem, IncidentItem, alert_item, incident_item
from controller.api.compat.uptimeify.made_structs import Number, Total, made_struct
from controller.api.compat.uptimeify.maintenance.answers import window_answer
from controller.api.compat.uptimeify.maintenance.schemas import WindowAnswer
from controller.api.compat.uptimeify.monitors.answers import ListedMonitor
from controller.api.compat.uptimeify.monitors.fields import monitor_fields
from controller.decisions.evaluation.state import MonitorState, VerdictKind
from controller.decisions.history.figures import Bucket, LocationBucket, Stats
from controller.decisions.history.views import Range
from controller.http.timestamps import Timestamp, timestamp
from controller.model import CheckRecord
from controller.model.tags import Tag
from controller.operations.details import MonitorDetails
from controller.vault import mask
from shared.epoch import to_datetime


class UptimeifyLatestCheck(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    status: str
    checked_at: Timestamp
    location_code: str
    location_name: str


class UptimeStats(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Percent of the judged time in which the monitor was not down, and average milliseconds of the checks that passed;
    null where there were none.
    """

    day: float | None
    month: float | None
    year: float | None
    day_avg_response: float | None
    month_avg_response: float | None
    year_avg_response: float | None


class StatsTime(msgspec.Struct, frozen=True, kw_only=True):
    """The span of time of a figure, with the number of its `checks`, its `failures` and its `locations`. `blind`
    checks, where the fault was our own, are not among `checks`.
    """

    since: Timestamp = msgspec.field(name="from")
    to: Timestamp
    checks: int
    failures: int
    blind: int
    locations: int


class StatsMeta(msgspec.Struct, frozen=True, kw_only=True):
    day: StatsTime
    month: StatsTime
    year: StatsTime


class LocationData(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    checks: int
    failures: int
    blind: int
    avg_ms: float | None


class ChartData(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The `checks` that were due in `bucketSeconds` from `bucketStart` on; with 0 seconds, a single check.

    Milliseconds are of checks that passed; percentiles of buckets are accurate to 2.5 percent.
    """

    bucket_start: Timestamp
    bucket_seconds: int
    checks: int
    failures: int
    blind: int
    warnings: int
    avg_ms: float | None
    p50_ms: float | None
    p95_ms: float | None
    max_ms: float | None
    by_location: dict[str, LocationData]


class ChartTime(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The span of time of `monitoringData`. `truncated`: only the latest 10000 single checks of it are shown."""

    since: Timestamp = msgspec.field(name="from")
    to: Timestamp
    bucket_seconds: int
    truncated: bool


class Maintenance(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`inMaintenance` is true while any window is active for the monitor, and while its status is maintenance.
    `allWindows` are those for the monitor that the caller may see, `activeWindows` those of them that are active.
    """

    in_maintenance: bool
    active_windows: list[WindowAnswer]
    all_windows: list[WindowAnswer]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict of all locations together: up, degraded (up, with a warning), partial (down in some countries), down,
    or unknown (missing votes could decide either way); with its reason and since when it holds.
    """

    verdict: VerdictKind
    reason: str
    since: Timestamp


class UptimeifyMonitorDetails(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`testResultLog` are the latest 50 checks, newest round first. `verdict` is null before the first evaluation."""

    monitor: ListedMonitor
    uptime_stats: UptimeStats
    uptime_stats_meta: StatsMeta
    monitoring_data: list[ChartData]
    monitoring_data_meta: ChartTime
    incidents: list[IncidentItem]
    alerts: list[AlertItem]
    maintenance: Maintenance
    verdict: Verdict | None


def details_of(
    stem: str, number: str, timing: str, item: type[HistoryItem]
) -> tuple[type[UptimeifyMonitorDetails], type[UptimeifyLatestCheck]]:
    """The details of a group of routes, and its latest check, whose total is the field `timing`."""
    doc = f"`{timing}` is the total, in whole milliseconds."
    latest = made_struct(f"{stem}LatestCheck", UptimeifyLatestCheck, {timing: Total}, doc=doc)
    own = {number: Number, "latest_check": latest | None, "test_result_log": list[item]}  # type: ignore[valid-type]
    return made_struct(f"{stem}MonitorDetails", UptimeifyMonitorDetails, own), latest


def latest_fields(check: CheckRecord) -> dict[str, Any]:
    """The fields that the latest check of all groups shares."""
    return {
        "status": check.status.value,
        "checked_at": timestamp(check.started_at + timedelta(milliseconds=check.duration_ms)),
        "location_code": check.location_code,
        "location_name": check.location_name,
    }


def detail_fields(details: MonitorDetails, tags: Mapping[str, Tag], now: datetime) -> dict[str, Any]:
    """The fields that the answers of all groups share. `tags` are those of the windows, by name."""
    monitor, stats = details.monitor, details.stats
    return {
        "monitor": ListedMonitor(**monitor_fields(monitor, mask(monitor.config)), customer_name=monitor.customer_name),
        "uptime_stats": UptimeStats(
            day=stats[Range.DAY].uptime_percent,
            month=stats[Range.MONTH].uptime_percent,
            year=stats[Range.YEAR].uptime_percent,
            day_avg_response=_ms(stats[Range.DAY].average_ms),
            month_avg_response=_ms(stats[Range.MONTH].average_ms),
            year_avg_response=_ms(stats[Range.YEAR].average_ms),
        ),
        "uptime_stats_meta": StatsMeta(**{range_.value: _stats_time(figure) for range_, figure in stats.items()}),
        "monitoring_data": [_chart_data(bucket) for bucket in details.buckets],
        "monitoring_data_meta": ChartTime(
            since=timestamp(details.view.since),
            to=timestamp(details.view.until),
            bucket_seconds=details.view.bucket_seconds,
            truncated=details.truncated,
        ),
        "incidents": [incident_item(incident, now) for incident in details.incidents],
        "alerts": [alert_item(alert) for alert in details.alerts],
        "maintenance": _maintenance(details, tags, now),
        "verdict": _verdict(details.state) if details.state else None,
    }


def _maintenance(details: MonitorDetails, tags: Mapping[str, Tag], now: datetime) -> Maintenance:
    return Maintenance(
        in_maintenance=details.in_maintenance,
        active_windows=[window_answer(one, tags) for one in details.windows if any(at.holds(now) for at in one.stored)],
        all_windows=[window_answer(one, tags) for one in details.windows],
    )


def _verdict(state: MonitorState) -> Verdict:
    return Verdict(verdict=state.verdict, reason=state.reason, since=timestamp(to_datetime(state.since_ms)))


def _stats_time(stats: Stats) -> StatsTime:
    return StatsTime(
        since=timestamp(stats.since),
        to=timestamp(stats.until),
        checks=stats.checks,
        failures=stats.failures,
        blind=stats.blind,
        locations=stats.locations,
    )


def _chart_data(bucket: Bucket) -> ChartData:
    return ChartData(
        bucket_start=timestamp(bucket.start),
        bucket_seconds=bucket.seconds,
        checks=bucket.checks,
        failures=bucket.failures,
        blind=bucket.blind,
        warnings=bucket.warnings,
        avg_ms=_ms(bucket.average_ms),
        p50_ms=_ms(bucket.p50_ms),
        p95_ms=_ms(bucket.p95_ms),
        max_ms=_ms(bucket.max_ms),
        by_location={code: _location_data(location) for code, location in bucket.locations.items()},
    )


def _location_data(location: LocationBucket) -> LocationData:
    return LocationData(
        checks=location.checks, failures=location.failures, blind=location.blind, avg_ms=_ms(location.average_ms)
    )


def _ms(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
