"""`/api/v1/rotas/{id}/overrides`."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.params import JSONBody, PathParameter
from litestar.types import ControllerRouterHandler

from controller.api.v1.rotas.schemas import (
    OVERRIDE_EXAMPLE,
    OverrideBody,
    OverrideItem,
    OverridePage,
    override_item,
)
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.etags import created, matching, tagged
from controller.http.identifiers import path_id
from controller.http.openapi import answers, problems
from controller.http.parameters import OrganizationId, PublicId
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.on_call import rotas
from controller.operations.on_call.rotas import OVERRIDE_NOT_FOUND, ROTA_NOT_FOUND, NewOverride
from shared.clock import utc_now

__all__ = ["BODIES", "ROUTES"]

BODIES: tuple[type[msgspec.Struct], ...] = ()
"""Those of rotas have them."""

_TAGS = ["Being on call"]
_PATH = "/api/v1/rotas"
_OVERRIDES = f"{_PATH}/{{public_id:str}}/overrides"
_MANAGING = {PERMISSION: Permission.MANAGE_CHANNELS}
_ID = "id must be a UUID"

OverrideId = Annotated[
    str, PathParameter(description="The public UUID of the override.", schema_extra={"format": "uuid"})
]


@get(
    _OVERRIDES,
    operation_id="listRotaOverrides",
    opt=_MANAGING,
    security=SECURITY,
    tags=_TAGS,
    summary="List the overrides of a rota that are not over",
    responses={
        200: answers(OverridePage, "The overrides", {"items": [OVERRIDE_EXAMPLE], "nextCursor": None}),
        **problems(s400=_ID, s403="Forbidden", s404=ROTA_NOT_FOUND),
    },
)
async def list_overrides(
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> OverridePage:
    found = await rotas.list_overrides(services.database, principal, path_id(public_id), since=utc_now())
    return OverridePage(items=[override_item(one) for one in found], next_cursor=None)


@post(
    _OVERRIDES,
    operation_id="createRotaOverride",
    opt=_MANAGING,
    dto=JsonBody[OverrideBody],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    summary="Put somebody on call instead of whom the calendar says",
    responses={
        201: answers(OverrideItem, "The override", OVERRIDE_EXAMPLE),
        **problems(body=True, s400="to must be after from", s403="Forbidden", s404=ROTA_NOT_FOUND),
    },
)
async def add_override(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    data: JSONBody[OverrideBody],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[OverrideItem]:
    new = NewOverride(data.from_, data.to, data.person, data.channel_id)
    made = await rotas.add_override(services.database, principal, path_id(public_id), new, utc_now())
    return created(request, override_item(made), f"{_PATH}/{public_id}/overrides/{made.public_id}")


@get(
    f"{_OVERRIDES}/{{override_id:str}}",
    operation_id="getRotaOverride",
    opt=_MANAGING,
    security=SECURITY,
    tags=_TAGS,
    summary="Read an override",
    responses={
        200: answers(OverrideItem, "The override", OVERRIDE_EXAMPLE),
        **problems(s400=_ID, s403="Forbidden", s404=OVERRIDE_NOT_FOUND),
    },
)
async def get_override(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    override_id: OverrideId,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[OverrideItem]:
    found = await rotas.get_override(services.database, principal, path_id(public_id), path_id(override_id))
    return tagged(request, override_item(found))


@delete(
    f"{_OVERRIDES}/{{override_id:str}}",
    operation_id="deleteRotaOverride",
    opt=_MANAGING,
    status_code=204,
    security=SECURITY,
    tags=_TAGS,
    summary="Remove an override",
    responses=problems(s400=_ID, s403="Forbidden", s404=OVERRIDE_NOT_FOUND, s412="The object has changed"),
)
async def remove_override(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    override_id: OverrideId,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> None:
    await rotas.remove_override(
        services.database,
        principal,
        path_id(public_id),
        path_id(override_id),
        expect=matching(request, override_item),
    )


ROUTES: list[ControllerRouterHandler] = [list_overrides, add_override, get_override, remove_override]
