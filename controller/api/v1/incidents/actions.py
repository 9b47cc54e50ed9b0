"""What people and programs do about an incident: acknowledge it, comment on it, resolve it by hand."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Request, Response, post
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from controller.api.v1.incidents.report import REPORT, IncidentReport, incident_report
from controller.api.v1.incidents.routes import ID, TAGS
from controller.api.v1.incidents.schemas import Acknowledgement, Comment, Resolution
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.etags import require_match, tagged
from controller.http.identifiers import given_uuid
from controller.http.openapi import answers, problems
from controller.http.parameters import OrganizationId, PublicId
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Principal
from controller.operations.incidents import incident_handling as handling
from controller.operations.incidents.incident_handling import Requirement
from controller.operations.incidents.incidents import UNKNOWN, IncidentDetails
from controller.operations.incidents.notified import Notified, notified_of
from shared.clock import utc_now

_Request = Request[Principal, Any, Any]

_ANSWER = answers(IncidentReport, "The incident as it is now", REPORT)
_OVER = "The incident is resolved"
_LOST = "The object has changed: read it again"
_NO_COMMENT = Acknowledgement()


@post(
    "/api/v1/incidents/{public_id:str}/acknowledge",
    operation_id="acknowledgeIncident",
    status_code=200,
    opt={PERMISSION: Permission.HANDLE_INCIDENTS},
    dto=JsonBody[Acknowledgement],
    return_dto=None,
    security=SECURITY,
    tags=TAGS,
    summary="Record that somebody takes care of the incident",
    description=(
        "While somebody has it, a second acknowledgement changes nothing, except that who has it may keep it for"
        " longer. Everybody who was notified of the incident is notified. The body may be left out."
    ),
    responses={
        200: _ANSWER,
        **problems(body=True, s400=ID, s403="Forbidden", s404=UNKNOWN, s409=_OVER, s412=_LOST),
    },
)
async def acknowledge_incident(
    request: _Request,
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    data: JSONBody[Acknowledgement] = _NO_COMMENT,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[IncidentReport]:
    number = given_uuid(public_id, "publicId")
    details = await handling.acknowledge(
        services.database,
        principal,
        number,
        data.comment,
        utc_now(),
        lasts=data.lasts,
        require_state=_matching(request),
    )
    return await _answer(request, services, principal, number, details)


@post(
    "/api/v1/incidents/{public_id:str}/comments",
    operation_id="commentOnIncident",
    status_code=200,
    opt={PERMISSION: Permission.HANDLE_INCIDENTS},
    dto=JsonBody[Comment],
    return_dto=None,
    security=SECURITY,
    tags=TAGS,
    summary="Add a comment to the incident's timeline, also when it is resolved",
    responses={200: _ANSWER, **problems(body=True, s400=ID, s403="Forbidden", s404=UNKNOWN, s412=_LOST)},
)
async def comment_on_incident(
    request: _Request,
    public_id: PublicId,
    data: JSONBody[Comment],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[IncidentReport]:
    number = given_uuid(public_id, "publicId")
    details = await handling.comment_on(
        services.database, principal, number, data.comment, utc_now(), require_state=_matching(request)
    )
    return await _answer(request, services, principal, number, details)


@post(
    "/api/v1/incidents/{public_id:str}/resolve",
    operation_id="resolveIncident",
    status_code=200,
    opt={PERMISSION: Permission.HANDLE_INCIDENTS},
    dto=JsonBody[Resolution],
    return_dto=None,
    security=SECURITY,
    tags=TAGS,
    summary="Resolve the incident by hand; a failure that goes on must be confirmed anew",
    responses={
        200: _ANSWER,
        **problems(body=True, s400=ID, s403="Forbidden", s404=UNKNOWN, s409=_OVER, s412=_LOST),
    },
)
async def resolve_incident(
    request: _Request,
    public_id: PublicId,
    data: JSONBody[Resolution],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[IncidentReport]:
    number = given_uuid(public_id, "publicId")
    details = await handling.resolve(
        services.database, principal, number, data.reason, utc_now(), require_state=_matching(request)
    )
    return await _answer(request, services, principal, number, details)


def _matching(request: _Request) -> Requirement | None:
    """What If-Match requires of the incident; None without one."""
    if "if-match" not in request.headers:
        return None

    def check(details: IncidentDetails, notified: Notified) -> None:
        require_match(request, incident_report(details, notified))

    return check


async def _answer(
    request: _Request, services: Services, principal: Principal, number: UUID, details: IncidentDetails
) -> Response[IncidentReport]:
    return tagged(request, incident_report(details, await notified_of(services.database, principal, number)))


ROUTES: list[ControllerRouterHandler] = [acknowledge_incident, comment_on_incident, resolve_incident]
BODIES = (Acknowledgement, Comment, Resolution)
