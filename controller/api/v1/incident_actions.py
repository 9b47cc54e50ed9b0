"""What people do about an incident over the API (ours): acknowledge, comment, resolve by hand with a reason."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Controller, post
from litestar.params import JSONBody
from msgspec import Meta

from controller.api.compat.uptimeify.incidents import examples as examples
from controller.api.compat.uptimeify.incidents.answers import IncidentDetail, incident_detail
from controller.api.compat.uptimeify.incidents.list import PATH, TAGS, WANTED, IncidentId
from controller.api.http.auth import PERMISSION, SECURITY
from controller.api.http.bodies import JsonBody
from controller.api.http.identifiers import monitor_public_id
from controller.api.http.openapi import answers, refusals
from controller.api.http.services import GivenPrincipal, GivenServices
from controller.decisions.access import Permission
from controller.operations.incidents import incident_handling as handling
from controller.operations.incidents.incident_handling import LONGEST
from controller.operations.incidents.incidents import UNKNOWN
from shared.clock import utc_now

_ANSWER = answers(IncidentDetail, "The incident as it is now", examples.DETAIL)
_OVER = "The incident is resolved"


class _Note(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What is said of an incident."""


class Acknowledgement(_Note, frozen=True, kw_only=True):
    comment: Annotated[str, Meta(description=f"At most {LONGEST} characters.", examples=["On my way"])] = ""


class Comment(_Note, frozen=True, kw_only=True):
    comment: Annotated[str, Meta(description=f"1 to {LONGEST} characters.", examples=["The disk was full"])]


class Resolution(_Note, frozen=True, kw_only=True):
    reason: Annotated[str, Meta(description=f"1 to {LONGEST} characters.", examples=["The server is retired"])]


_WITHOUT_A_WORD = Acknowledgement()

BODIES = (Acknowledgement, Comment, Resolution)


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
        summary="Say that somebody looks after it",
        responses={200: _ANSWER, **refusals(body=True, s400=WANTED, s403="Forbidden", s404=UNKNOWN, s409=_OVER)},
    )
    async def acknowledge(
        self,
        public_id: IncidentId,
        services: GivenServices,
        principal: GivenPrincipal,
        data: JSONBody[Acknowledgement] = _WITHOUT_A_WORD,
    ) -> IncidentDetail:
        identifier = monitor_public_id(public_id, wanted=WANTED)
        return incident_detail(
            await handling.acknowledge(services.database, principal, identifier, data.comment, utc_now())
        )

    @post(
        "/comments",
        status_code=200,
        dto=JsonBody[Comment],
        return_dto=None,
        summary="Write something into its timeline",
        responses={200: _ANSWER, **refusals(body=True, s400=WANTED, s403="Forbidden", s404=UNKNOWN)},
    )
    async def comment(
        self, public_id: IncidentId, data: JSONBody[Comment], services: GivenServices, principal: GivenPrincipal
    ) -> IncidentDetail:
        identifier = monitor_public_id(public_id, wanted=WANTED)
        return incident_detail(
            await handling.comment_on(services.database, principal, identifier, data.comment, utc_now())
        )

    @post(
        "/resolve",
        status_code=200,
        dto=JsonBody[Resolution],
        return_dto=None,
        summary="End it by hand; what still fails must be confirmed anew",
        responses={200: _ANSWER, **refusals(body=True, s400=WANTED, s403="Forbidden", s404=UNKNOWN, s409=_OVER)},
    )
    async def resolve(
        self, public_id: IncidentId, data: JSONBody[Resolution], services: GivenServices, principal: GivenPrincipal
    ) -> IncidentDetail:
        identifier = monitor_public_id(public_id, wanted=WANTED)
        return incident_detail(await handling.resolve(services.database, principal, identifier, data.reason, utc_now()))
