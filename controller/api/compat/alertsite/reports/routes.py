"""`/api/v3/report-api/{detail,outage,sla,sitestatus}/{customer_id}` (docs/compatibility.md, A23)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Response, get
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler

from controller.api.compat.alertsite.documents import TAGS, refusals
from controller.api.compat.alertsite.lists import LARGEST_LIMIT, Limit, Metadata, listed, metadata
from controller.api.compat.alertsite.monitors.queries import numbers_of
from controller.api.compat.alertsite.reports.answers import (
    DETAIL,
    OUTAGE,
    SLA,
    DetailReport,
    OutageReport,
    SlaReport,
    detail_record,
    note_of,
    outage_record,
    sla_record,
)
from controller.api.compat.alertsite.reports.requests import (
    CustomerNumber,
    Form,
    GivenReport,
    ShownRecords,
    Version,
    customer_number,
    is_json,
    report_requests,
    shown_records,
)
from controller.api.compat.alertsite.reports.status_xml import (
    EnabledOnly,
    ReportingStatus,
    ServersOnly,
    SitesOnly,
    Subaccounts,
    TransactionsOnly,
    kinds_shown,
    status_answer,
)
from controller.api.compat.alertsite.reports.times import LONGEST, LONGEST_SLA
from controller.api.compat.alertsite.reports.xml import Reporting, fields_of, xml_answer
from controller.api.compat.alertsite.sitestatus.answers import EXAMPLE as SITE_STATUS
from controller.api.compat.alertsite.sitestatus.answers import SiteStatusReport, site_status_object
from controller.decisions.access import Permission
from controller.decisions.sitestatus import SiteStatus
from controller.errors import InvalidError
from controller.http.auth import PERMISSION, SECURITY
from controller.http.openapi import answers
from controller.http.problems import RECORD_NOT_FOUND
from controller.http.services import GivenPrincipal, GivenServices
from controller.model import Location, MonitorStatus
from controller.off_loop import off_loop
from controller.operations import period_reports
from controller.store.locations.locations import all_locations
from shared.wire.messages import ResultStatus

Places = Annotated[
    str | None,
    QueryParameter(
        name="obj_location", description="Numbers of locations, separated by commas; all locations without it."
    ),
]
OtherPlaces = Annotated[str | None, QueryParameter(name="locations", description="The same as obj_location.")]
_STATUSES: dict[str | None, list[ResultStatus]] = {
    "ok": [ResultStatus.SUCCESS],
    "err": [ResultStatus.FAILURE, ResultStatus.UNKNOWN],
}
_PATH = "/api/v3/report-api"
_REPORT: dict[str, Any] = {
    "opt": {PERMISSION: Permission.READ},
    "security": SECURITY,
    "tags": TAGS,
    "operation_class": Reporting,
}
_REFUSALS = refusals(
    s400="invalid_request - from must be a time as YYYY-MM-DD or YYYY-MM-DD HH:MM:SS",
    s403="Forbidden",
    s404=RECORD_NOT_FOUND,
)


@get(
    f"{_PATH}/detail/{{customer_id:str}}",
    dependencies={"report": report_requests(LONGEST)},
    operation_id="alertsiteReportDetail",
    summary="Single results of a time",
    description="The latest ones of at most 31 days, newest first. Failed checks are not kept as long as others:"
    " where the time begins before they are, `note` says so (in XML an attribute of the root).",
    responses={200: answers(DetailReport, "The results", listed(DETAIL)), **_REFUSALS},
    **_REPORT,
)
async def report_detail(
    customer: CustomerNumber,  # noqa: ARG001 - the report is about it
    report: GivenReport,
    services: GivenServices,
    principal: GivenPrincipal,
    places: Places = None,
    other_places: OtherPlaces = None,
    showrecs: ShownRecords = None,
    limit: Limit = None,
    version: Version = None,
    form: Form = None,
) -> DetailReport | Response[bytes]:
    locations = await all_locations(services.database)
    found = await period_reports.detail_report(
        services.database,
        services.vault,
        principal,
        report.about,
        report.time,
        locations=_codes(numbers_of(places, "obj_location") or numbers_of(other_places, "locations"), locations),
        statuses=_STATUSES.get(shown_records(showrecs)),
        limit=limit or LARGEST_LIMIT,
        now=report.now,
    )
    by_code = {here.code: here for here in locations}
    records = await off_loop(lambda: [detail_record(one, by_code) for one in found.results])
    note = note_of(found.failed_since)
    if is_json(version, form):
        return DetailReport(metadata=_metadata(len(records), limit), results=records, note=note)
    return await off_loop(lambda: xml_answer("detail", map(fields_of, records), note=note))


@get(
    f"{_PATH}/outage/{{customer_id:str}}",
    dependencies={"report": report_requests(LONGEST)},
    operation_id="alertsiteReportOutage",
    summary="Outages of a time",
    description="Those that lasted at some moment of at most 31 days: open ones first, then the newest.",
    responses={200: answers(OutageReport, "The outages", listed(OUTAGE)), **_REFUSALS},
    **_REPORT,
)
async def report_outage(
    customer: CustomerNumber,  # noqa: ARG001 - the report is about it
    report: GivenReport,
    services: GivenServices,
    principal: GivenPrincipal,
    limit: Limit = None,
    version: Version = None,
    form: Form = None,
) -> OutageReport | Response[bytes]:
    found = await period_reports.outage_report(
        services.database, principal, report.about, report.time, limit=limit or LARGEST_LIMIT
    )
    monitors = {one.public_id: one for one in report.about.monitors}
    records = [outage_record(one, monitors, report.now) for one in found]
    if is_json(version, form):
        return OutageReport(metadata=_metadata(len(records), limit), results=records)
    return await off_loop(lambda: xml_answer("outage", map(fields_of, records)))


@get(
    f"{_PATH}/sla/{{customer_id:str}}",
    dependencies={"report": report_requests(LONGEST_SLA)},
    operation_id="alertsiteReportSla",
    summary="Availability in a time",
    description="Of at most 100 monitors and 366 days. Times for which only sums are stored are in whole hours.",
    responses={200: answers(SlaReport, "Monitors, oldest first", listed(SLA)), **_REFUSALS},
    **_REPORT,
)
async def report_sla(
    customer: CustomerNumber,  # noqa: ARG001 - the report is about it
    report: GivenReport,
    services: GivenServices,
    principal: GivenPrincipal,
    version: Version = None,
    form: Form = None,
) -> SlaReport | Response[bytes]:
    found = await period_reports.sla_report(services.database, principal, report.about, report.time, report.now)
    records = [sla_record(*one) for one in found]
    if is_json(version, form):
        return SlaReport(metadata=_metadata(len(records), None), results=records)
    return await off_loop(lambda: xml_answer("sla", map(fields_of, records)))


@get(
    f"{_PATH}/sitestatus/{{customer_id:str}}",
    operation_id="alertsiteReportApiSiteStatus",
    summary="Current status of a customer's monitors",
    description="As XML a monitor's status by locations, as JSON as in /api/v3/report-sitestatus.",
    responses={
        200: answers(SiteStatusReport, "Monitors, oldest first", listed(SITE_STATUS)),
        **refusals(s400="invalid_request - showrecs must be one of ok, err", s403="Forbidden", s404=RECORD_NOT_FOUND),
    },
    **(_REPORT | {"operation_class": ReportingStatus}),
)
async def report_status(
    customer: CustomerNumber,
    services: GivenServices,
    principal: GivenPrincipal,
    showrecs: ShownRecords = None,
    enabled_only: EnabledOnly = None,
    sites_only: SitesOnly = None,
    transactions_only: TransactionsOnly = None,
    servers_only: ServersOnly = None,
    subaccounts: Subaccounts = None,  # noqa: ARG001 - an account has none
    version: Version = None,
    form: Form = None,
) -> SiteStatusReport | Response[bytes]:
    only = shown_records(showrecs)
    kinds = kinds_shown(sites_only, transactions_only, servers_only)
    found = await period_reports.customer_status(services.database, principal, kinds, customer_number(customer))
    if enabled_only == "1":
        found = [one for one in found if one.monitor.status is not MonitorStatus.DISABLED]
    if not is_json(version, form):
        return await off_loop(lambda: status_answer(found, only))
    shown = [one for one in found if only is None or (only == "ok") is (one.report.status is SiteStatus.OK)]
    objects = await off_loop(lambda: [site_status_object(one) for one in shown])
    return SiteStatusReport(metadata=_metadata(len(objects), None), results=objects)


def _codes(numbers: Sequence[int] | None, locations: Sequence[Location]) -> list[str] | None:
    """Raises InvalidError."""
    if numbers is None:
        return None
    codes = {here.id: here.code for here in locations}
    if unknown := [number for number in numbers if number not in codes]:
        raise InvalidError("obj_location", f"must name known locations: {unknown[0]} is unknown")
    return [codes[number] for number in numbers]


def _metadata(count: int, limit: int | None) -> Metadata:
    return metadata(writable=False, count=count, total=count, limit=limit)


ROUTES: tuple[ControllerRouterHandler, ...] = (report_detail, report_outage, report_sla, report_status)
BODIES = (DetailReport, OutageReport, SlaReport)
