"""`GET /api/v3/report-sitestatus`: the current state of monitors (docs/compatibility.md, A15)."""

from __future__ import annotations

from typing import Annotated, Literal

from litestar import get
from litestar.params import QueryParameter

from controller.api.compat.alertsite.documents import TAGS, refusals
from controller.api.compat.alertsite.lists import LARGEST_LIMIT, Limit, Offset, listed, metadata
from controller.api.compat.alertsite.monitors.queries import Types, kinds_of, numbers_of
from controller.api.compat.alertsite.sitestatus.answers import EXAMPLE, SiteStatusReport, site_status_object
from controller.decisions.access import Permission, permits
from controller.decisions.sitestatus import SiteStatus
from controller.http.auth import PERMISSION, SECURITY
from controller.http.openapi import answers
from controller.http.services import GivenPrincipal, GivenServices
from controller.off_loop import off_loop
from controller.operations.channels.recipient_groups import monitors_of_groups
from controller.operations.monitors.sitestatus import MonitorReport, site_status

MonitorNumbers = Annotated[
    str | None, QueryParameter(name="monitors", description="Numbers of monitors, separated by commas.")
]
MonitorGroups = Annotated[
    str | None,
    QueryParameter(
        name="monitor_groups",
        description="Numbers of recipient groups: only their monitors, each once for every group it is in.",
    ),
]
ShowRecords = Annotated[
    Literal["ok", "err"] | None,
    QueryParameter(
        description="Show only monitors that are OK (ok) or that are not (err), after limit and offset are applied."
    ),
]


@get(
    "/api/v3/report-sitestatus",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=TAGS,
    operation_id="alertsiteReportSiteStatus",
    summary="Current status of monitors",
    responses={
        200: answers(SiteStatusReport, "Monitors, oldest first", listed(EXAMPLE)),
        **refusals(
            s400="invalid_request - monitors must be at most 1000 numbers separated by commas", s403="Forbidden"
        ),
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
    numbers = numbers_of(monitors, "monitors")
    grouped = None
    if chosen := numbers_of(groups, "monitor_groups"):
        grouped = await monitors_of_groups(services.database, principal, chosen)
        numbers = [number for number in grouped if numbers is None or number in numbers]
    reports, total = await site_status(
        services.database, principal, kinds_of(types), limit=limit or LARGEST_LIMIT, offset=offset, numbers=numbers
    )
    if grouped is not None:
        reports = [report for report in reports for _ in range(grouped[report.monitor.id])]
    matching = [report for report in reports if showrecs is None or (showrecs == "ok") is _is_ok(report)]
    writable = permits(principal, Permission.CREATE)
    return SiteStatusReport(
        metadata=metadata(writable=writable, count=len(matching), total=total, limit=limit, offset=offset),
        results=await off_loop(lambda: [site_status_object(report) for report in matching]),
    )


def _is_ok(report: MonitorReport) -> bool:
    return report.report.status is SiteStatus.OK
