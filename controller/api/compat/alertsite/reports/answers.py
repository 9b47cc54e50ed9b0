"""The reports as they are answered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from controller.api.compat.alertsite.lists import Metadata
from controller.decisions.history.uptime import uptime_percent
from controller.decisions.sitestatus import TEXTS, SiteStatus, status_of_failure
from controller.http.timestamps import Timestamp, timestamp, timestamp_or_none
from controller.model import IncidentSummary, Location, Monitor
from controller.operations.monitors.uptimes import UptimeOf
from controller.store.checks.result_history import HistoryRecord
from shared.wire.messages import ResultStatus


class DetailRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One result at one location. `status` is as in the site status report; `resptime` is in seconds."""

    obj_device: int
    descrip: str
    obj_location: int | None
    location: str
    dt_status: Timestamp
    status: str
    status_desc: str
    resptime: float


class OutageRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An outage. `dt_end` is null while it lasts; `minutes` are those until then, or until now. `outage_start` and
    `outage_end` are the same moments, by the names that clients of AlertSite's reports read.
    """

    obj_device: int | None
    descrip: str
    dt_start: Timestamp
    dt_end: Timestamp | None
    outage_start: Timestamp
    outage_end: Timestamp | None
    minutes: float
    severity: str
    info_msg: str


class SlaRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How much of the judged time a monitor was up. `availability` is in percent, null when no time was judged."""

    obj_device: int
    descrip: str
    dt_from: Timestamp
    dt_to: Timestamp
    availability: float | None
    judged_minutes: float
    down_minutes: float
    outages: int


class DetailReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`note` says that failed checks of a part of the time are not kept any more."""

    metadata: Metadata
    results: list[DetailRecord]
    note: str | None = None


class OutageReport(msgspec.Struct, frozen=True, kw_only=True):
    metadata: Metadata
    results: list[OutageRecord]


class SlaReport(msgspec.Struct, frozen=True, kw_only=True):
    metadata: Metadata
    results: list[SlaRecord]


def note_of(failed_since: datetime | None) -> str | None:
    """What a detail report says when failed checks before this moment are not kept any more."""
    if failed_since is None:
        return None
    return (
        f"Failed checks due before {timestamp(failed_since)} are not kept any more: only those that passed are listed."
    )


DETAIL: dict[str, Any] = {
    "obj_device": 123456,
    "descrip": "Email Sample Monitor",
    "obj_location": 10,
    "location": "Germany",
    "dt_status": "2026-01-01T12:00:00.000Z",
    "status": "0",
    "status_desc": "OK",
    "resptime": 0.25,
}
OUTAGE: dict[str, Any] = {
    "obj_device": 123456,
    "descrip": "Email Sample Monitor",
    "dt_start": "2026-01-01T12:00:00.000Z",
    "dt_end": "2026-01-01T12:10:00.000Z",
    "outage_start": "2026-01-01T12:00:00.000Z",
    "outage_end": "2026-01-01T12:10:00.000Z",
    "minutes": 10.0,
    "severity": "down",
    "info_msg": "2 of 3 locations: cannot connect: refused",
}
SLA: dict[str, Any] = {
    "obj_device": 123456,
    "descrip": "Email Sample Monitor",
    "dt_from": "2026-01-01T00:00:00.000Z",
    "dt_to": "2026-01-02T00:00:00.000Z",
    "availability": 99.305,
    "judged_minutes": 1440.0,
    "down_minutes": 10.0,
    "outages": 1,
}
_MINUTE_MS = 60_000


def detail_record(one: HistoryRecord, locations: Mapping[str, Location]) -> DetailRecord:
    here = locations.get(one.location)
    status = _status(one)
    return DetailRecord(
        obj_device=one.monitor_id,
        descrip=one.monitor_name,
        obj_location=here.id if here else None,
        location=here.name if here else one.location,
        dt_status=timestamp(one.started_at),
        status=str(status.value),
        status_desc=TEXTS[status],
        resptime=round(one.duration_ms / 1000, 3),
    )


def outage_record(one: IncidentSummary, monitors: Mapping[Any, Monitor], now: datetime) -> OutageRecord:
    monitor = monitors.get(one.monitor_public_id)
    lasted = (one.resolved_at or now) - one.outage_started_at
    return OutageRecord(
        obj_device=monitor.id if monitor else None,
        descrip=one.monitor_name,
        dt_start=timestamp(one.outage_started_at),
        dt_end=timestamp_or_none(one.resolved_at),
        outage_start=timestamp(one.outage_started_at),
        outage_end=timestamp_or_none(one.resolved_at),
        minutes=round(lasted.total_seconds() / 60, 1),
        severity=one.severity,
        info_msg=one.reason,
    )


def sla_record(monitor: Monitor, uptime: UptimeOf) -> SlaRecord:
    judged = uptime.judged.evaluated
    return SlaRecord(
        obj_device=monitor.id,
        descrip=monitor.name,
        dt_from=timestamp(uptime.since),
        dt_to=timestamp(uptime.until),
        availability=uptime_percent(judged),
        judged_minutes=round(judged.evaluated_ms / _MINUTE_MS, 1),
        down_minutes=round(judged.down_ms / _MINUTE_MS, 1),
        outages=len(uptime.incidents),
    )


def _status(one: HistoryRecord) -> SiteStatus:
    if one.status is ResultStatus.SUCCESS:
        return SiteStatus.OK
    if one.status is ResultStatus.UNKNOWN or one.failure is None:
        return SiteStatus.BLIND
    return status_of_failure(one.failure.kind)
