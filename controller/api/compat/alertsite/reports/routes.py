"""`/api/v3/report-api/{detail,outage,sla}/{customer_id}` (docs/compatibility.md, A23)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from litestar import get
from litestar.params import PathParameter, QueryParameter
from litestar.types import ControllerRouterHandler

from controller.api.compat.alertsite import values
from controller.api.compat.alertsite.documents import TAGS, refusals
from controller.api.compat.alertsite.lists import LARGEST_LIMIT, Limit, Metadata, listed, metadata
from controller.api.compat.alertsite.monitors.kinds import KINDS
from controller.api.compat.alertsite.monitors.queries import number_of
from controller.api.compat.alertsite.reports.answers import (
    DETAIL,
    OUTAGE,
    SLA,
    DetailReport,
    OutageReport,
    SlaReport,
    detail_record,
    outage_record,
    sla_record,
)
from controller.api.compat.alertsite.reports.times import LONGEST, LONGEST_SLA, report_time
from controller.decisions.access import Permission
from controller.errors import InvalidError
from controller.http.auth import PERMISSION, SECURITY
from controller.http.openapi import answers
from controller.http.problems import RECORD_NOT_FOUND
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Location, Principal
from controller.operations import period_reports
from controller.operations.accounts.organizations import time_zone_of
from controller.operations.period_reports import Reported, ReportTime
from controller.store.locations.locations import all_locations
from shared.clock import utc_now
from shared.wire.messages import ResultStatus

CustomerNumber = Annotated[
    str,
    PathParameter(name="customer_id", description="The customer's number.", schema_extra={"pattern": "^[0-9]+$"}),
]
Device = Annotated[
    str | None, QueryParameter(name="obj_device", description="The monitor's number; all of the customer without it.")
]
Place = Annotated[
    str | None, QueryParameter(name="obj_location", description="The location's number; all locations without it.")
]
Day = Annotated[
    str | None, QueryParameter(name="rdate", description="One day of the account's time zone, as 2027-01-31.")
]
From = Annotated[
    str | None,
    QueryParameter(
        name="from", description="As 2027-01-31 or 2027-01-31 12:00:00, in the account's time zone; needs to."
    ),
]
To = Annotated[str | None, QueryParameter(name="to", description="As from; a day is included whole.")]
ShownRecords = Annotated[
    Literal["ok", "err"] | None,
    QueryParameter(name="showrecs", description="Only results that are OK, or that are not."),
]
_STATUSES = {"ok": [ResultStatus.SUCCESS], "err": [ResultStatus.FAILURE, ResultStatus.UNKNOWN]}
_KINDS = tuple(KINDS.values())
_PATH = "/api/v3/report-api"
_TAGGED: dict[str, Any] = {"opt": {PERMISSION: Permission.READ}, "security": SECURITY, "tags": TAGS}
_REFUSALS = refusals(
    s400="invalid_request - rdate must be a time as YYYY-MM-DD", s403="Forbidden", s404=RECORD_NOT_FOUND
)


@get(
    f"{_PATH}/detail/{{customer_id:str}}",
    operation_id="alertsiteReportDetail",
    summary="Single results of a time",
    description="The latest ones of at most 31 days, newest first.",
    responses={200: answers(DetailReport, "The results", listed(DETAIL)), **_REFUSALS},
    **_TAGGED,
)
async def report_detail(
    customer: CustomerNumber,
    services: GivenServices,
    principal: GivenPrincipal,
    device: Device = None,
    place: Place = None,
    rdate: Day = None,
    from_: From = None,
    to: To = None,
    showrecs: ShownRecords = None,
    limit: Limit = None,
) -> DetailReport:
    about, now = await _about(services, principal, customer, device), utc_now()
    time = await _time(services, about, rdate, from_, to, now, LONGEST)
    locations = await all_locations(services.database)
    found = await period_reports.detail_report(
        services.database,
        services.vault,
        principal,
        about,
        time,
        locations=_location(place, locations),
        statuses=None if showrecs is None else _STATUSES[showrecs],
        limit=limit or LARGEST_LIMIT,
        now=now,
    )
    by_code = {here.code: here for here in locations}
    return DetailReport(metadata=_metadata(len(found), limit), results=[detail_record(one, by_code) for one in found])


@get(
    f"{_PATH}/outage/{{customer_id:str}}",
    operation_id="alertsiteReportOutage",
    summary="Outages of a time",
    description="Those that lasted at some moment of at most 31 days: open ones first, then the newest.",
    responses={200: answers(OutageReport, "The outages", listed(OUTAGE)), **_REFUSALS},
    **_TAGGED,
)
async def report_outage(
    customer: CustomerNumber,
    services: GivenServices,
    principal: GivenPrincipal,
    device: Device = None,
    rdate: Day = None,
    from_: From = None,
    to: To = None,
    limit: Limit = None,
) -> OutageReport:
    about, now = await _about(services, principal, customer, device), utc_now()
    time = await _time(services, about, rdate, from_, to, now, LONGEST)
    found = await period_reports.outage_report(services.database, principal, about, time, limit=limit or LARGEST_LIMIT)
    monitors = {one.public_id: one for one in about.monitors}
    return OutageReport(
        metadata=_metadata(len(found), limit), results=[outage_record(one, monitors, now) for one in found]
    )


@get(
    f"{_PATH}/sla/{{customer_id:str}}",
    operation_id="alertsiteReportSla",
    summary="Availability in a time",
    description="Of at most 100 monitors and 366 days. Times for which only sums are stored are in whole hours.",
    responses={200: answers(SlaReport, "Monitors, oldest first", listed(SLA)), **_REFUSALS},
    **_TAGGED,
)
async def report_sla(
    customer: CustomerNumber,
    services: GivenServices,
    principal: GivenPrincipal,
    device: Device = None,
    rdate: Day = None,
    from_: From = None,
    to: To = None,
) -> SlaReport:
    about, now = await _about(services, principal, customer, device), utc_now()
    time = await _time(services, about, rdate, from_, to, now, LONGEST_SLA)
    found = await period_reports.sla_report(services.database, principal, about, time, now)
    return SlaReport(metadata=_metadata(len(found), None), results=[sla_record(*one) for one in found])


async def _about(services: Services, principal: Principal, customer: str, device: str | None) -> Reported:
    number = None if device is None else values.number(device, "obj_device", 1, 2**63 - 1)
    return await period_reports.reported(services.database, principal, _KINDS, number_of(customer), number)


async def _time(
    services: Services,
    about: Reported,
    rdate: str | None,
    from_: str | None,
    to: str | None,
    now: datetime,
    longest: timedelta,
) -> ReportTime:
    zone = await time_zone_of(services.database, about.customer.organization_id)
    return report_time(rdate, from_, to, zone, now, longest)


def _location(place: str | None, locations: Sequence[Location]) -> list[str] | None:
    if place is None:
        return None
    number = values.number(place, "obj_location", 1, 2**31 - 1)
    found = [here.code for here in locations if here.id == number]
    if not found:
        raise InvalidError("obj_location", f"must name known locations: {number} is unknown")
    return found


def _metadata(count: int, limit: int | None) -> Metadata:
    return metadata(writable=False, count=count, total=count, limit=limit)


ROUTES: tuple[ControllerRouterHandler, ...] = (report_detail, report_outage, report_sla)
BODIES = (DetailReport, OutageReport, SlaReport)
