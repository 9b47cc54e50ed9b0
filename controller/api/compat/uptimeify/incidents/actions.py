"""What people do about an incident, on routes of our own: acknowledge, comment, resolve by hand with a reason."""

from __future__ import annotations

from litestar import Controller, post
from litestar.params import JSONBody

from controller.api.compat.uptimeify.incidents import examples
from controller.api.compat.uptimeify.incidents.answers import IncidentDetail, incident_detail
from controller.api.compat.uptimeify.incidents.routes import ID_REQUIRED, PATH, TAGS, IncidentId
from controller.api.v1.incidents.schemas import Acknowledgement, Comment, Resolution
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.identifiers import monitor_public_id
from controller.http.openapi import answers, refusals
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.incidents import incident_handling as handling
from controller.operations.incidents.incidents import UNKNOWN
from shared.clock import utc_now

_ANSWER = answers(IncidentDetail, "The incident as it is now", examples.DETAIL)
_OVER = "The incident is resolved"


_NO_COMMENT = Acknowledgement()


class IncidentChanges(Controller):
    path = f"{PATH}/{{public_id:str}}"
    tags = TAGS
    security = SECURITY
    opt = {PERMISSION: Permission.HANDLE_INCIDENTS}  # noqa: RUF012 - part of Litestar's contract

    @post(
        "/acknowledge",
        status_code=200,
        dto=JsonBody[Acknowledgement],
        return_dto=None,
        operation_id="uptimeifyAcknowledgeIncident",
        summary="Record that somebody takes care of the incident",
        responses={200: _ANSWER, **refusals(body=True, s400=ID_REQUIRED, s403="Forbidden", s404=UNKNOWN, s409=_OVER)},
    )
    async def acknowledge(
        self,
        public_id: IncidentId,
        services: GivenServices,
        principal: GivenPrincipal,
        data: JSONBody[Acknowledgement] = _NO_COMMENT,
    ) -> IncidentDetail:
        identifier = monitor_public_id(public_id, message=ID_REQUIRED)
        return incident_detail(
            await handling.acknowledge(services.database, principal, identifier, data.comment, utc_now())
        )

    @post(
        "/comments",
        status_code=200,
        dto=JsonBody[Comment],
        return_dto=None,
        operation_id="uptimeifyCommentIncident",
        summary="Add a comment to the incident's timeline",
        responses={200: _ANSWER, **refusals(body=True, s400=ID_REQUIRED, s403="Forbidden", s404=UNKNOWN)},
    )
    async def comment(
        self, public_id: IncidentId, data: JSONBody[Comment], services: GivenServices, principal: GivenPrincipal
    ) -> IncidentDetail:
        identifier = monitor_public_id(public_id, message=ID_REQUIRED)
        return incident_detail(
            await handling.comment_on(services.database, principal, identifier, data.comment, utc_now())
        )

    @post(
        "/resolve",
        status_code=200,
        dto=JsonBody[Resolution],
        return_dto=None,
        operation_id="uptimeifyResolveIncident",
        summary="Resolve the incident by hand; a failure that goes on must be confirmed anew",
        responses={200: _ANSWER, **refusals(body=True, s400=ID_REQUIRED, s403="Forbidden", s404=UNKNOWN, s409=_OVER)},
    )
    async def resolve(
        self, public_id: IncidentId, data: JSONBody[Resolution], services: GivenServices, principal: GivenPrincipal
    ) -> IncidentDetail:
        identifier = monitor_public_id(public_id, message=ID_REQUIRED)
        return incident_detail(await handling.resolve(services.database, principal, identifier, data.reason, utc_now()))
