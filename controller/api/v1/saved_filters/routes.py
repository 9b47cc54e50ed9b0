"""`/api/v1/saved-filters`."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, delete, get, patch, post
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from controller.api.v1.saved_filters.schemas import (
    BODIES,
    EXAMPLE,
    SavedFilterBody,
    SavedFilterItem,
    SavedFilterPage,
    SavedFilterPatch,
    filter_change,
    filter_item,
)
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.etags import created, matching, tagged
from controller.http.identifiers import path_id
from controller.http.openapi import answers, problems
from controller.http.parameters import OrganizationId, PublicId
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.overview import saved_filters
from controller.operations.overview.saved_filters import FILTER_NOT_FOUND, NAME_RULE

__all__ = ["BODIES", "ROUTES"]

_TAGS = ["Saved filters"]
_PATH = "/api/v1/saved-filters"
_ONE = f"{_PATH}/{{public_id:str}}"
_OWN = {PERMISSION: Permission.MANAGE_OWN_ACCOUNT}
_FILTER = answers(SavedFilterItem, "The saved filter", EXAMPLE)
_REFUSED = f"name {NAME_RULE}"
_FOR_PEOPLE = "For people: an API token has no filters of its own."


@get(
    _PATH,
    operation_id="listSavedFilters",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=_TAGS,
    summary="List your saved filters of the overview, and those of the organization",
    responses={
        200: answers(SavedFilterPage, "All of them, by name", {"items": [EXAMPLE], "nextCursor": None}),
        **problems(s403="Forbidden"),
    },
)
async def list_filters(
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> SavedFilterPage:
    found = await saved_filters.list_saved_filters(services.database, principal)
    return SavedFilterPage(items=[filter_item(one) for one in found], next_cursor=None)


@post(
    _PATH,
    operation_id="createSavedFilter",
    opt=_OWN,
    dto=JsonBody[SavedFilterBody],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    summary="Save a filter of the overview",
    description=_FOR_PEOPLE,
    responses={
        201: answers(SavedFilterItem, "The saved filter", EXAMPLE),
        **problems(body=True, s400=_REFUSED, s403="Forbidden"),
    },
)
async def create_filter(
    request: Request[Any, Any, Any],
    data: JSONBody[SavedFilterBody],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[SavedFilterItem]:
    made = await saved_filters.create_saved_filter(services.database, principal, filter_change(data))
    return created(request, filter_item(made), f"{_PATH}/{made.public_id}")


@get(
    _ONE,
    operation_id="getSavedFilter",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=_TAGS,
    summary="Read a saved filter",
    responses={200: _FILTER, **problems(s400="id must be a UUID", s403="Forbidden", s404=FILTER_NOT_FOUND)},
)
async def get_filter(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[SavedFilterItem]:
    found = await saved_filters.get_saved_filter(services.database, principal, path_id(public_id))
    return tagged(request, filter_item(found))


@patch(
    _ONE,
    operation_id="updateSavedFilter",
    opt=_OWN,
    dto=JsonBody[SavedFilterPatch],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    summary="Rename, change or share a saved filter",
    description=_FOR_PEOPLE,
    responses={
        200: _FILTER,
        **problems(body=True, s400=_REFUSED, s403="Forbidden", s404=FILTER_NOT_FOUND, s412="The object has changed"),
    },
)
async def update_filter(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    data: JSONBody[SavedFilterPatch],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[SavedFilterItem]:
    changed = await saved_filters.update_saved_filter(
        services.database, principal, path_id(public_id), filter_change(data), expect=matching(request, filter_item)
    )
    return tagged(request, filter_item(changed))


@delete(
    _ONE,
    operation_id="deleteSavedFilter",
    opt=_OWN,
    status_code=204,
    security=SECURITY,
    tags=_TAGS,
    summary="Delete a saved filter",
    description=_FOR_PEOPLE,
    responses=problems(
        s400="id must be a UUID", s403="Forbidden", s404=FILTER_NOT_FOUND, s412="The object has changed"
    ),
)
async def delete_filter(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> None:
    await saved_filters.delete_saved_filter(
        services.database, principal, path_id(public_id), expect=matching(request, filter_item)
    )


ROUTES: list[ControllerRouterHandler] = [list_filters, create_filter, get_filter, update_filter, delete_filter]
