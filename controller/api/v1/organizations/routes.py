"""`/api/v1/organizations`: everybody finds their own one, its admins change it, and global admins add more."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, patch, post
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from controller.api.v1.organizations.changes import settings_change
from controller.api.v1.organizations.schemas import (
    BODIES,
    DETAILS,
    EXAMPLE,
    NAMES,
    NewOrganization,
    OrganizationDetails,
    OrganizationPage,
    OrganizationPatch,
    organization_details,
    organization_item,
)
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.documents.item_fields import with_fields
from controller.http.documents.mistakes import named
from controller.http.etags import require_match, tagged
from controller.http.identifiers import path_id
from controller.http.openapi import answers, problems
from controller.http.parameters import Cursor, Fields, PageSize, PartOfText, PublicId, sort_parameter
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.accounts import all_organizations, settings
from controller.operations.accounts.lists import ORGANIZATION_ORDERS, organizations_page
from controller.operations.accounts.settings import OrganizationSettings
from controller.operations.listing import PageRequest
from controller.store.locations.locations import all_locations
from shared.clock import utc_now

__all__ = ["BODIES", "ROUTES"]

_TAGS = ["Organizations"]
_PATH = "/api/v1/organizations"
_ONE = f"{_PATH}/{{public_id:str}}"
_ORGANIZATION = answers(OrganizationDetails, "The organization and all that is set for it", DETAILS)

OrganizationSort = Annotated[str | None, sort_parameter(*ORGANIZATION_ORDERS)]


@get(
    _PATH,
    operation_id="listOrganizations",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=_TAGS,
    summary="List all organizations for global roles, and the own one for all others",
    responses={
        200: answers(OrganizationPage, "Some organizations", {"items": [EXAMPLE], "nextCursor": None}),
        **problems(s400="sort must be one of createdAt, name", s403="Forbidden"),
    },
)
async def list_organizations(
    services: GivenServices,
    principal: GivenPrincipal,
    q: PartOfText = None,
    sort: OrganizationSort = None,
    limit: PageSize = 50,
    cursor: Cursor = None,
    fields: Fields = None,
) -> Any:
    request = PageRequest(sort=sort, limit=limit, cursor=cursor)
    found = await organizations_page(services.database, services.vault, principal, request, text=q)
    page = OrganizationPage(items=[organization_item(one) for one in found.items], next_cursor=found.next_cursor)
    return with_fields(page, fields)


@post(
    _PATH,
    operation_id="createOrganization",
    opt={PERMISSION: Permission.MANAGE_ALL_ORGANIZATIONS},
    dto=JsonBody[NewOrganization],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    summary="Add an organization, with a customer of the name Default; for global admins",
    responses={
        201: answers(OrganizationDetails, "The new organization", DETAILS),
        **problems(
            body=True,
            s400="name must be 1 to 255 printable characters",
            s403="Forbidden",
            s409="An organization with this name exists already",
        ),
    },
)
async def create_organization(
    request: Request[Any, Any, Any],
    data: JSONBody[NewOrganization],
    services: GivenServices,
    principal: GivenPrincipal,
) -> Response[OrganizationDetails]:
    made = await all_organizations.create_organization(services.database, principal, data.name)
    there = msgspec.structs.replace(principal, works_in=made.id)
    found = await settings.get_settings(services.database, there, made.public_id, utc_now())
    locations = await all_locations(services.database)
    answer = tagged(request, organization_details(found, locations), status_code=201)
    answer.headers["Location"] = f"{_PATH}/{made.public_id}"
    return answer


@get(
    _ONE,
    operation_id="getOrganization",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=_TAGS,
    summary="Read an organization and all that is set for it",
    responses={200: _ORGANIZATION, **problems(s400="id must be a UUID", s403="Forbidden", s404="Not found")},
)
async def get_organization(
    request: Request[Any, Any, Any], public_id: PublicId, services: GivenServices, principal: GivenPrincipal
) -> Response[OrganizationDetails]:
    found = await settings.get_settings(services.database, principal, path_id(public_id), utc_now())
    return tagged(request, organization_details(found, await all_locations(services.database)))


@patch(
    _ONE,
    operation_id="updateOrganization",
    opt={PERMISSION: Permission.MANAGE_ORGANIZATION},
    dto=JsonBody[OrganizationPatch],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    summary="Change an organization",
    description="A shorter time that history is kept takes effect after 24 hours, in which it can be taken back;"
    " operators are notified.",
    responses={
        200: _ORGANIZATION,
        **problems(
            body=True,
            s400="timeZone must be the name of a time zone, as Europe/Berlin",
            s403="Forbidden",
            s404="Not found",
            s412="The object has changed",
        ),
    },
)
async def update_organization(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    data: JSONBody[OrganizationPatch],
    services: GivenServices,
    principal: GivenPrincipal,
) -> Response[OrganizationDetails]:
    identifier, now = path_id(public_id), utc_now()
    locations = await all_locations(services.database)

    def expect(found: OrganizationSettings) -> None:
        require_match(request, organization_details(found, locations))

    with named(NAMES):
        change = settings_change(data, locations)
        if data.dry_run:
            tried = await settings.try_settings(services.database, principal, identifier, change, now)
            return Response(organization_details(tried, locations))
        changed = await settings.change_settings(services.database, principal, identifier, change, expect, now)
    return tagged(request, organization_details(changed, locations))


ROUTES: list[ControllerRouterHandler] = [list_organizations, create_organization, get_organization, update_organization]
