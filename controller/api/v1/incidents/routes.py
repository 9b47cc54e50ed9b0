"""`/api/v1/incidents`: the list, and one incident with its timeline."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler

from controller.api.v1.incidents.answers import EXAMPLE, IncidentEntries, incident_entry
from controller.api.v1.incidents.report import REPORT, IncidentReport, incident_report
from controller.api.v1.results.query import given_moment
from controller.decisions.access import Permission
from controller.errors import InvalidError
from controller.http.auth import PERMISSION, SECURITY
from controller.http.documents.item_fields import with_fields
from controller.http.etags import tagged
from controller.http.identifiers import given_uuid
from controller.http.openapi import answers, problems
from controller.http.parameters import Cursor, Fields, OrganizationId, PageSize, PublicId
from controller.http.services import GivenPrincipal, GivenServices
from controller.model import Principal
from controller.operations.incidents.incident_list import SEVERITIES, STATES, IncidentSearch
from controller.operations.incidents.incident_pages import incidents_page
from controller.operations.incidents.incidents import UNKNOWN, get_incident
from controller.operations.incidents.notified import notified_of
from shared.clock import utc_now

TAGS = ["Incidents"]
ID = "publicId must be a UUID"
SORTS = ("startedAt", "-startedAt")
_NEWEST = "-startedAt"

_State = Annotated[
    str | None,
    QueryParameter(
        name="state",
        description="open: those that are not resolved. unacknowledged, acknowledged: of these.",
        schema_extra={"enum": list(STATES)},
    ),
]
_Severity = Annotated[
    str | None,
    QueryParameter(
        name="severity",
        description="The present one; partial: only some locations fail.",
        schema_extra={"enum": list(SEVERITIES)},
    ),
]
_Customer = Annotated[
    str | None, QueryParameter(name="customer", description="A customer's UUID.", schema_extra={"format": "uuid"})
]
_Monitor = Annotated[
    str | None, QueryParameter(name="monitor", description="A monitor's UUID.", schema_extra={"format": "uuid"})
]
_From = Annotated[
    str | None,
    QueryParameter(
        name="from", description="Those that lasted at this moment or began later. ISO 8601, UTC unless it says so."
    ),
]
_To = Annotated[
    str | None,
    QueryParameter(name="to", description="Those whose outage began before this moment. ISO 8601."),
]
_Sort = Annotated[
    str,
    QueryParameter(
        name="sort",
        description="By the moment at which they were confirmed; with - the newest first.",
        schema_extra={"enum": list(SORTS)},
    ),
]


@get(
    "/api/v1/incidents",
    operation_id="listIncidents",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=TAGS,
    summary="List incidents, open and resolved",
    responses={
        200: answers(IncidentEntries, "Some incidents, and where the next ones are", EXAMPLE),
        **problems(s400=f"state must be one of {', '.join(STATES)}", s403="Forbidden", s404="Customer not found"),
    },
)
async def list_incidents(
    services: GivenServices,
    principal: GivenPrincipal,
    in_state: _State = None,
    severity: _Severity = None,
    customer: _Customer = None,
    monitor: _Monitor = None,
    since: _From = None,
    until: _To = None,
    sort: _Sort = _NEWEST,
    limit: PageSize = 50,
    cursor: Cursor = None,
    fields: Fields = None,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[Any]:
    if sort not in SORTS:
        raise InvalidError("sort", f"must be one of {', '.join(SORTS)}")
    search = IncidentSearch(
        state=in_state,
        severity=severity,
        monitor=None if monitor is None else given_uuid(monitor, "monitor"),
        customer=None if customer is None else given_uuid(customer, "customer"),
        since=given_moment(since, "from"),
        until=given_moment(until, "to"),
    )
    if search.since is not None and search.until is not None and search.since >= search.until:
        raise InvalidError("to", "must be later than from")
    found = await incidents_page(
        services.database,
        services.vault,
        principal,
        search,
        cursor,
        newest_first=sort == _NEWEST,
        limit=limit,
    )
    page = IncidentEntries(items=[incident_entry(one) for one in found.incidents], next_cursor=found.next_cursor)
    return Response(with_fields(page, fields))


@get(
    "/api/v1/incidents/{public_id:str}",
    operation_id="getIncident",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=TAGS,
    summary="An incident with its timeline, its evidence, and who was notified",
    responses={
        200: answers(IncidentReport, "The incident", REPORT),
        **problems(s400=ID, s403="Forbidden", s404=UNKNOWN),
    },
)
async def read_incident(
    request: Request[Principal, Any, Any],
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[IncidentReport]:
    number = given_uuid(public_id, "publicId")
    details = await get_incident(services.database, principal, number, utc_now())
    return tagged(request, incident_report(details, await notified_of(services.database, principal, number)))


ROUTES: list[ControllerRouterHandler] = [list_incidents, read_incident]
BODIES: tuple[type[msgspec.Struct], ...] = (IncidentEntries, IncidentReport)
