"""`/api/v1/rotas`."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Response, delete, get, patch, post
from litestar.params import JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from controller.api.v1.results.query import given_moment
from controller.api.v1.rotas.schemas import (
    BODIES,
    CALENDAR_EXAMPLE,
    EXAMPLE,
    ON_CALL_EXAMPLE,
    OnCallAnswer,
    RotaBody,
    RotaItem,
    RotaPage,
    RotaPatch,
    on_call_answer,
    rota_change,
    rota_item,
)
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.calendars import CALENDAR, calendar_answer
from controller.http.etags import created, matching, tagged
from controller.http.identifiers import path_id
from controller.http.openapi import answers, problems
from controller.http.parameters import OrganizationId, PublicId
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.on_call import on_call, rotas
from controller.operations.on_call.rotas import ROTA_NOT_FOUND
from shared.clock import utc_now

__all__ = ["BODIES", "ROUTES"]

_TAGS = ["Being on call"]
_PATH = "/api/v1/rotas"
_ONE = f"{_PATH}/{{public_id:str}}"
_MANAGING = {PERMISSION: Permission.MANAGE_CHANNELS}
_ROTA = answers(RotaItem, "The rota", EXAMPLE)
_ID = "id must be a UUID"
_LOST = "The object has changed"
_ABOUT = """\
A rota says who is on call: by a calendar that people keep elsewhere, which is read every 15 minutes, and by overrides.
While the calendar cannot be read, the shifts that were read last stay, and after some hours the organization is told.
Only who manages channels of the whole organization manages rotas.
"""

Moment = Annotated[
    str | None,
    QueryParameter(description="A moment in ISO 8601; now when not given.", max_length=40),
]


@get(
    _PATH,
    operation_id="listRotas",
    opt=_MANAGING,
    security=SECURITY,
    tags=_TAGS,
    summary="List the rotas",
    description=_ABOUT,
    responses={
        200: answers(RotaPage, "All of them", {"items": [EXAMPLE], "nextCursor": None}),
        **problems(s403="Forbidden"),
    },
)
async def list_rotas(
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> RotaPage:
    found = await rotas.list_rotas(services.database, principal)
    return RotaPage(items=[rota_item(one) for one in found], next_cursor=None)


@post(
    _PATH,
    operation_id="createRota",
    opt=_MANAGING,
    dto=JsonBody[RotaBody],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    summary="Make a rota",
    description=_ABOUT,
    responses={
        201: answers(RotaItem, "The rota", EXAMPLE),
        **problems(body=True, s400="url must be an http, https or webcal URL", s403="Forbidden"),
    },
)
async def create_rota(
    request: Request[Any, Any, Any],
    data: JSONBody[RotaBody],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[RotaItem]:
    made = await rotas.create_rota(
        services.database, services.vault, services.outlets.senders, principal, rota_change(data)
    )
    return created(request, rota_item(made), f"{_PATH}/{made.public_id}")


@get(
    _ONE,
    operation_id="getRota",
    opt=_MANAGING,
    security=SECURITY,
    tags=_TAGS,
    summary="Read a rota",
    responses={200: _ROTA, **problems(s400=_ID, s403="Forbidden", s404=ROTA_NOT_FOUND)},
)
async def get_rota(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[RotaItem]:
    return tagged(request, rota_item(await rotas.get_rota(services.database, principal, path_id(public_id))))


@patch(
    _ONE,
    operation_id="updateRota",
    opt=_MANAGING,
    dto=JsonBody[RotaPatch],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    summary="Rename a rota, or give it another calendar",
    responses={
        200: _ROTA,
        **problems(body=True, s400=_ID, s403="Forbidden", s404=ROTA_NOT_FOUND, s412=_LOST),
    },
)
async def update_rota(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    data: JSONBody[RotaPatch],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[RotaItem]:
    changed = await rotas.update_rota(
        services.database,
        services.vault,
        services.outlets.senders,
        principal,
        path_id(public_id),
        rota_change(data),
        expect=matching(request, rota_item),
    )
    return tagged(request, rota_item(changed))


@delete(
    _ONE,
    operation_id="deleteRota",
    opt=_MANAGING,
    status_code=204,
    security=SECURITY,
    tags=_TAGS,
    summary="Delete a rota that no escalation policy names",
    responses=problems(s400=_ID, s403="Forbidden", s404=ROTA_NOT_FOUND, s412=_LOST),
)
async def delete_rota(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> None:
    await rotas.delete_rota(services.database, principal, path_id(public_id), expect=matching(request, rota_item))


@get(
    f"{_ONE}/on-call",
    operation_id="getOnCall",
    opt=_MANAGING,
    security=SECURITY,
    tags=_TAGS,
    summary="Who is on call, now or at a moment",
    responses={
        200: answers(OnCallAnswer, "Who is on call", ON_CALL_EXAMPLE),
        **problems(s400="at must be a moment in ISO 8601", s403="Forbidden", s404=ROTA_NOT_FOUND),
    },
)
async def who_is_on_call(
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    at: Moment = None,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> OnCallAnswer:
    moment = given_moment(at, "at") or utc_now()
    found = await on_call.who_is_on_call(services.database, principal, path_id(public_id), moment)
    return on_call_answer(found, moment)


@get(
    f"{_ONE}/on-call.ics",
    operation_id="getRotaCalendar",
    opt=_MANAGING,
    security=SECURITY,
    tags=_TAGS,
    summary="Read who is on call today and in the next 90 days as a calendar (RFC 5545)",
    description="Each event is a time in which the same people and channels are on call, with overrides.",
    media_type=CALENDAR,
    responses={
        200: answers(str, "A calendar", CALENDAR_EXAMPLE, CALENDAR),
        **problems(s400=_ID, s403="Forbidden", s404=ROTA_NOT_FOUND),
    },
)
async def read_rota_calendar(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[bytes]:
    content = await on_call.rota_calendar(
        services.database, principal, path_id(public_id), services.public_url.url, utc_now()
    )
    return calendar_answer(request, content, "rota")


ROUTES: list[ControllerRouterHandler] = [
    list_rotas,
    create_rota,
    get_rota,
    update_rota,
    delete_rota,
    who_is_on_call,
    read_rota_calendar,
]
