"""`GET /api/v3/report-sitestatus`: the present state of monitors (reference 2.9)."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import get
from litestar.params import QueryParameter

from controller.api.compat.alertsite.documents import TAGS, refusals
from controller.api.compat.alertsite.monitors import examples
from controller.api.compat.alertsite.monitors.answers import TYPES, Metadata, metadata
from controller.api.compat.alertsite.monitors.queries import LARGEST_LIMIT, Limit, Offset, Types, kinds_of, numbers_of
from controller.api.http.auth import PERMISSION, SECURITY
from controller.api.http.openapi import answers
from controller.api.http.services import GivenPrincipal, GivenServices
from controller.api.http.timestamps import Moment, moment, moment_or_none
from controller.decisions.access import Permission, permits
from controller.decisions.sitestatus import TEXTS, SiteStatus, status_of
from controller.model import LatestCheck, Location
from controller.operations.monitors.sitestatus import MonitorReport, site_status


class LocationStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What one location found last."""

    id: int
    name: str
    last_status: str
    last_status_desc: str
    dt_last_status: Moment


class SiteStatusObject(msgspec.Struct, frozen=True, kw_only=True):
    """`last_status` 0 is OK, 1 TCP connection failed, 2 test timed out; ours: 3 host name, 4 TLS, 5 protocol, 6 login,
    7 our probe is refused, 8 could not be tested. It is a failure while the verdict over all locations is one, of the
    whole service or in some countries.
    """

    device_id: int
    device_name: str
    device_type: str
    last_status: str
    last_status_desc: str
    dt_last_status: Moment | None
    info_msg: str
    locations: list[LocationStatus]


class SiteStatusReport(msgspec.Struct, frozen=True, kw_only=True):
    metadata: Metadata
    results: list[SiteStatusObject]


MonitorNumbers = Annotated[
    str | None, QueryParameter(name="monitors", description="Numbers of monitors, separated by commas.")
]
MonitorGroups = Annotated[
    str | None,
    QueryParameter(
        name="monitor_groups", description="There are no groups here, so any number of one matches nothing."
    ),
]
ShowRecords = Annotated[
    Literal["ok", "err"] | None,
    QueryParameter(description="Of the monitors in limit and offset, only these."),
]

BODIES = (SiteStatusReport,)


@get(
    "/api/v3/report-sitestatus",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=TAGS,
    summary="Current status of monitors",
    responses={
        200: answers(SiteStatusReport, "Monitors, oldest first", examples.listed(examples.SITE_STATUS)),
        **refusals(s400="invalid_request - monitors must be …", s403="Forbidden"),
    },
)
async def report_site_status(
    services: GivenServices,
    principal: GivenPrincipal,
    monitors: MonitorNumbers = None,
    groups: MonitorGroups = None,
    types: Types = None,
    showrecs: ShowRecords = None,
    limit: Limit = None,
    offset: Offset = 0,
) -> SiteStatusReport:
    numbers = [] if numbers_of(groups, "monitor_groups") else numbers_of(monitors, "monitors")
    reports, total = await site_status(
        services.database, principal, kinds_of(types), limit=limit or LARGEST_LIMIT, offset=offset, numbers=numbers
    )
    wanted = [_object(report) for report in reports if showrecs is None or (showrecs == "ok") is _is_ok(report)]
    writable = permits(principal, Permission.CREATE)
    return SiteStatusReport(
        metadata=metadata(writable=writable, count=len(wanted), total=total, limit=limit, offset=offset),
        results=wanted,
    )


def _is_ok(report: MonitorReport) -> bool:
    return report.report.status is SiteStatus.OK


def _object(found: MonitorReport) -> SiteStatusObject:
    status, text, at = found.report
    fine = sum(status_of(check) is SiteStatus.OK for _, check in found.checks)
    return SiteStatusObject(
        device_id=found.monitor.id,
        device_name=found.monitor.name,
        device_type=TYPES[found.monitor.kind],
        last_status=str(status.value),
        last_status_desc=text,
        dt_last_status=moment_or_none(at),
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
        dt_last_status=moment(check.checked_at or check.due_at),
    )
