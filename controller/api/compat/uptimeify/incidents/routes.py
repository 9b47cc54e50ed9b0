"""`/api/incidents` as Uptimeify's clients know it (docs/compatibility.md, U25)."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Controller, Request, Response, get
from litestar.params import PathParameter, QueryParameter

from controller.api.compat.uptimeify.incidents import examples
from controller.api.compat.uptimeify.incidents.answers import (
    IncidentDetail,
    ListedIncident,
    UptimeifyIncidentPage,
    incident_detail,
    listed_incident,
)
from controller.decisions.access import Permission
from controller.errors import ForbiddenError, InvalidError, OrganizationRequiredError
from controller.http.auth import PERMISSION, SECURITY
from controller.http.identifiers import monitor_public_id, names_another
from controller.http.openapi import answers, refusals
from controller.http.parameters import OrganizationId
from controller.http.problems import FAILED, from_domain
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.incidents import incidents
from controller.operations.incidents.incidents import UNKNOWN
from shared.clock import utc_now

PATH = "/api/incidents"
ID_REQUIRED = "Incident public ID (UUID) required"
TAGS = ("Incidents",)

_ORGANIZATION_REQUIRED = "Organization ID is required"
_FAILED = "Failed to fetch incidents"

IncidentId = Annotated[str, PathParameter(description="The public UUID.", schema_extra={"format": "uuid"})]
Limit = Annotated[int, QueryParameter(ge=1, le=500)]
Offset = Annotated[int, QueryParameter(ge=0, le=1_000_000_000)]
IncludeTotal = Annotated[
    str | None,
    QueryParameter(
        name="includeTotal", description="1 or true: an object with the total instead of a bare array.", max_length=10
    ),
]

BODIES = (ListedIncident, UptimeifyIncidentPage, IncidentDetail)


def _organization_required(request: Request[Any, Any, Any], _: Exception) -> Response[Any]:
    return from_domain(request, InvalidError("organizationId", "is required", message=_ORGANIZATION_REQUIRED))


class Incidents(Controller):
    path = PATH
    tags = TAGS
    security = SECURITY
    exception_handlers = {OrganizationRequiredError: _organization_required}  # noqa: RUF012 - part of Litestar's contract

    @get(
        opt={PERMISSION: Permission.READ, FAILED: _FAILED},
        operation_id="uptimeifyListIncidents",
        summary="List incidents",
        responses={
            200: answers(
                list[ListedIncident] | UptimeifyIncidentPage,
                "The latest first; with includeTotal an object",
                [examples.LISTED],
            ),
            **refusals(s400=_ORGANIZATION_REQUIRED, s403="Forbidden", s500=_FAILED),
        },
    )
    async def list_incidents(
        self,
        services: GivenServices,
        principal: GivenPrincipal,
        organization_id: OrganizationId = None,
        limit: Limit = 100,
        offset: Offset = 0,
        include_total: IncludeTotal = None,
    ) -> list[ListedIncident] | UptimeifyIncidentPage:
        if organization_id is not None and names_another(organization_id, principal):
            raise ForbiddenError
        found = await incidents.list_incidents(
            services.database, principal, limit=limit, offset=offset, counted=include_total in ("1", "true")
        )
        listed = [listed_incident(one, found.servers[one.monitor_public_id]) for one in found.incidents]
        if found.total is None:
            return listed
        return UptimeifyIncidentPage(incidents=listed, total=found.total, limit=limit, offset=offset)

    @get(
        "/{public_id:str}",
        opt={PERMISSION: Permission.READ, FAILED: _FAILED},
        operation_id="uptimeifyGetIncident",
        summary="An incident with its timeline, its evidence and the dialogue that shows it",
        responses={
            200: answers(IncidentDetail, "The incident", examples.DETAIL),
            **refusals(s400=ID_REQUIRED, s403="Forbidden", s404=UNKNOWN, s500=_FAILED),
        },
    )
    async def get_incident(
        self, public_id: IncidentId, services: GivenServices, principal: GivenPrincipal
    ) -> IncidentDetail:
        identifier = monitor_public_id(public_id, message=ID_REQUIRED)
        return incident_detail(await incidents.get_incident(services.database, principal, identifier, utc_now()))
