"""`/api/v1/screens`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

from litestar import Request, Response, delete, get, post
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from controller.api.v1.screens.schemas import (
    BODIES,
    CREATED,
    EXAMPLE,
    NewScreenItem,
    ScreenBody,
    ScreenItem,
    ScreenPage,
    screen_fields,
    screen_item,
)
from controller.decisions.access import Permission
from controller.errors import InvalidError, InvalidFieldsError
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.cookies import screen_url
from controller.http.documents.item_fields import with_fields
from controller.http.etags import require_match, tagged
from controller.http.identifiers import path_id
from controller.http.openapi import answers, problems
from controller.http.parameters import Cursor, Fields, OrganizationId, PageSize, PublicId, sort_parameter
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.accounts import screens
from controller.operations.accounts.screens import SCREEN_ORDERS
from controller.operations.listing import PageRequest

__all__ = ["BODIES", "ROUTES"]

_TAGS = ["Screens"]
_PATH = "/api/v1/screens"
_ONE = f"{_PATH}/{{public_id:str}}"
_NOT_FOUND = "Screen not found"
_MANAGING = {PERMISSION: Permission.MANAGE_ORGANIZATION_TOKENS}
_FOR_PEOPLE = """\
A screen on a wall shows one view of the dashboard, without a login, and can do nothing else. Only people manage
screens. Admins who are limited to some customers make and find only screens of these.
"""
_NAMES = {"customer": "wall.customerId", "label": "wall.labels", "by": "wall.by", "columns": "wall.columns"}
"""What operations call the fields of a body."""

ScreenSort = Annotated[str | None, sort_parameter(*SCREEN_ORDERS)]


@get(
    _PATH,
    operation_id="listScreens",
    opt=_MANAGING,
    security=SECURITY,
    tags=_TAGS,
    summary="List the screens that you may manage",
    description=_FOR_PEOPLE,
    responses={
        200: answers(ScreenPage, "Some screens, without their tokens", {"items": [EXAMPLE], "nextCursor": None}),
        **problems(s400="sort must be one of createdAt, name", s403="Forbidden"),
    },
)
async def list_screens(
    services: GivenServices,
    principal: GivenPrincipal,
    sort: ScreenSort = None,
    limit: PageSize = 50,
    cursor: Cursor = None,
    fields: Fields = None,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Any:
    request = PageRequest(sort=sort, limit=limit, cursor=cursor)
    found = await screens.screens_page(services.database, services.vault, principal, request)
    page = ScreenPage(items=[screen_item(screen) for screen in found.items], next_cursor=found.next_cursor)
    return with_fields(page, fields)


@post(
    _PATH,
    operation_id="createScreen",
    opt=_MANAGING,
    dto=JsonBody[ScreenBody],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    summary="Make a screen, whose link is shown this once",
    description=_FOR_PEOPLE,
    responses={
        201: answers(NewScreenItem, "The screen with its link, this once", CREATED),
        **problems(body=True, s400="wall.customerId must be a customer that you may see", s403="Forbidden"),
    },
)
async def create_screen(
    request: Request[Any, Any, Any],
    data: JSONBody[ScreenBody],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[NewScreenItem]:
    with _named(_NAMES):
        made, secret = await screens.create_screen(services.database, principal, name=data.name, view=data.query())
    item = NewScreenItem(**screen_fields(made), url=screen_url(request, secret))
    answer = tagged(request, item, status_code=201)
    answer.headers["Location"] = f"{_PATH}/{made.public_id}"
    return answer


@get(
    _ONE,
    operation_id="getScreen",
    opt=_MANAGING,
    security=SECURITY,
    tags=_TAGS,
    summary="Read about a screen",
    responses={
        200: answers(ScreenItem, "The screen without its token", EXAMPLE),
        **problems(s400="id must be a UUID", s403="Forbidden", s404=_NOT_FOUND),
    },
)
async def read_screen(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[ScreenItem]:
    return tagged(request, screen_item(await screens.get_screen(services.database, principal, path_id(public_id))))


@delete(
    _ONE,
    operation_id="deleteScreen",
    opt=_MANAGING,
    status_code=204,
    security=SECURITY,
    tags=_TAGS,
    summary="Revoke a screen: it shows nothing from then on",
    responses=problems(s400="id must be a UUID", s403="Forbidden", s404=_NOT_FOUND, s412="The object has changed"),
)
async def delete_screen(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> None:
    found = await screens.get_screen(services.database, principal, path_id(public_id))
    require_match(request, screen_item(found))
    await screens.revoke_screen(services.database, principal, found.public_id)


@contextmanager
def _named(names: Mapping[str, str]) -> Iterator[None]:
    """Errors of the block with the fields' own names. Raises InvalidFieldsError."""
    try:
        yield
    except InvalidError as error:
        found = [InvalidError(names.get(one.field, one.field), one.rule) for one in error.fields]
        raise InvalidFieldsError(found) from error


ROUTES: list[ControllerRouterHandler] = [list_screens, create_screen, read_screen, delete_screen]
