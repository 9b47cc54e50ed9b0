"""The answer of `GET /api/v3/report-sitestatus`."""

from __future__ import annotations

import msgspec

from controller.api.compat.alertsite.lists import Metadata
from controller.api.compat.alertsite.monitors.kinds import TYPES
from controller.decisions.sitestatus import TEXTS, SiteStatus, status_of
from controller.http.timestamps import Timestamp, timestamp, timestamp_or_none
from controller.model import LatestCheck, Location
from controller.operations.monitors.sitestatus import MonitorReport

EXAMPLE = {
    "device_id": 123456,
    "device_name": "Email Sample Monitor",
    "device_type": "email-smtp",
    "last_status": "0",
    "last_status_desc": "OK",
    "dt_last_status": "2026-01-01T12:00:00.000Z",
    "info_msg": "1 of 1 locations OK",
    "locations": [
        {
            "id": 1,
            "name": "Germany",
            "last_status": "0",
            "last_status_desc": "OK",
            "dt_last_status": "2026-01-01T12:00:00.000Z",
        }
    ],
}


class LocationStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The result of the latest check at one location."""

    id: int
    name: str
    last_status: str
    last_status_desc: str
    dt_last_status: Timestamp


class SiteStatusObject(msgspec.Struct, frozen=True, kw_only=True):
    """`last_status` is 0 for OK, 1 for a TCP connection that failed, 2 for a test that timed out. Mailprobe adds 3 for
    the host name, 4 for TLS, 5 for the protocol, 6 for the login, 7 for a server that refuses our probe, 8 for a
    monitor that could not be tested. It is a failure while the verdict over all locations is down or partial.
    """

    device_id: int
    device_name: str
    device_type: str
    last_status: str
    last_status_desc: str
    dt_last_status: Timestamp | None
    info_msg: str
    locations: list[LocationStatus]


class SiteStatusReport(msgspec.Struct, frozen=True, kw_only=True):
    metadata: Metadata
    results: list[SiteStatusObject]


def site_status_object(found: MonitorReport) -> SiteStatusObject:
    status, text, at = found.report
    fine = sum(status_of(check) is SiteStatus.OK for _, check in found.checks)
    return SiteStatusObject(
        device_id=found.monitor.id,
        device_name=found.monitor.name,
        device_type=TYPES[found.monitor.kind],
        last_status=str(status.value),
        last_status_desc=text,
        dt_last_status=timestamp_or_none(at),
        info_msg=f"{fine} of {len(found.checks)} locations OK" if found.checks else "",
        locations=[_location(here, check) for here, check in found.checks],
    )


def _location(location: Location, check: LatestCheck) -> LocationStatus:
    status = status_of(check)
    return LocationStatus(
        id=location.id,
        name=location.name,
        last_status=str(status.value),
        last_status_desc=TEXTS[status],
        dt_last_status=timestamp(check.checked_at or check.due_at),
    )
