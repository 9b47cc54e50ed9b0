"""`GET /api/v1/locations` and `GET /api/v1/locations/{code}`."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.params import PathParameter, QueryParameter
from litestar.types import ControllerRouterHandler

from controller.api.v1.locations.items import (
    ITEM_EXAMPLE,
    PAGE_EXAMPLE,
    LocationItem,
    LocationPage,
    location_item,
)
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.documents.item_fields import with_fields
from controller.http.etags import tagged
from controller.http.openapi import answers, problems
from controller.http.parameters import Cursor, Fields, OrganizationId, PageSize
from controller.http.services import GivenPrincipal, GivenServices
from controller.model.values.countries import country_code
from controller.operations.locations import SORTED_BY, LocationFilter, find_locations, location_with

PATH = "/api/v1/locations"
TAGS = ["Locations"]

Code = Annotated[str, PathParameter(description="The code of the location.", schema_extra={"examples": ["de-nbg"]})]
Sort = Annotated[
    str,
    QueryParameter(
        description=f"One of {', '.join(SORTED_BY)}; after a minus sign in the other direction.",
        schema_extra={"enum": [f"{sign}{name}" for name in SORTED_BY for sign in ("", "-")]},
    ),
]
Country = Annotated[
    str | None, QueryParameter(description="Locations in this country only: ISO 3166-1 alpha-2.", max_length=2)
]
Enabled = Annotated[bool | None, QueryParameter(description="Only those that are enabled, or only those that are not.")]
Ready = Annotated[
    bool | None, QueryParameter(description="Only those that can run every check now, or only the others.")
]
Text = Annotated[str | None, QueryParameter(name="q", description="A part of the code or of the name.", max_length=255)]


@get(
    PATH,
    operation_id="listLocations",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=TAGS,
    summary="List locations",
    description="Locations belong to no organization: everybody sees them all.",
    responses={
        200: answers(LocationPage, "A page of locations", PAGE_EXAMPLE),
        **problems(s400="sort must be one of code, name, country, or one of them after a minus sign"),
    },
)
async def list_our_locations(
    services: GivenServices,
    principal: GivenPrincipal,
    country: Country = None,
    enabled: Enabled = None,
    ready: Ready = None,
    text: Text = None,
    sort: Sort = "code",
    limit: PageSize = 50,
    cursor: Cursor = None,
    fields: Fields = None,
    organization_id: OrganizationId = None,  # noqa: ARG001 - the guard reads it
) -> Any:
    filters = LocationFilter(
        country=None if country is None else country_code(country, field="country"),
        enabled=enabled,
        ready=ready,
        text=text,
    )
    found = await find_locations(
        services.database, services.vault, principal, filters, sort=sort, cursor=cursor, limit=limit
    )
    page = LocationPage(items=[location_item(state) for state in found.states], next_cursor=found.next_cursor)
    return with_fields(page, fields)


@get(
    f"{PATH}/{{code:str}}",
    operation_id="getLocation",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=TAGS,
    summary="Read a location",
    responses={
        200: answers(LocationItem, "The location", ITEM_EXAMPLE),
        **problems(s404="Not found"),
    },
)
async def get_location(
    request: Request[Any, Any, Any],
    code: Code,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - the guard reads it
) -> Response[LocationItem]:
    return tagged(request, location_item(await location_with(services.database, principal, code)))


ROUTES: list[ControllerRouterHandler] = [list_our_locations, get_location]
BODIES = (LocationPage, LocationItem)
