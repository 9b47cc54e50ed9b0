"""`/api/v1/maintenance-windows`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, delete, get, patch, post, put
from litestar.params import JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from controller.api.v1.maintenance.schemas import (
    EXAMPLE,
    EXAMPLE_ONE,
    KEPT_NULL,
    PATCH_BODY,
    OneWindow,
    WindowBody,
    WindowPage,
    WindowPatch,
    one_window,
    window_change,
    window_item,
)
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody, body_of, convert_ours
from controller.http.documents.item_fields import with_fields
from controller.http.documents.merge_patch import merged
from controller.http.etags import require_match, tagged
from controller.http.identifiers import path_id
from controller.http.openapi import answers, problems
from controller.http.parameters import Cursor, Fields, OrganizationId, PageSize, PublicId, sort_parameter
from controller.http.services import GivenPrincipal, GivenServices
from controller.model.maintenance import MaintenanceWindow
from controller.operations.listing import PageRequest
from controller.operations.maintenance import windows
from controller.operations.maintenance.changing import NOT_FOUND
from controller.operations.maintenance.listing import WINDOW_ORDERS, WindowFilter, windows_page
from controller.operations.maintenance.preview import warnings_of
from controller.operations.maintenance.windows import WindowChange
from shared.clock import utc_now

TAGS = ["Maintenance windows"]
PATH = "/api/v1/maintenance-windows"
ONE = f"{PATH}/{{public_id:str}}"
PLANNING = {PERMISSION: Permission.PLAN_MAINTENANCE}
WINDOW = answers(OneWindow, "The maintenance window", EXAMPLE_ONE)
S412 = "The object has changed"
_REFUSED = "end must be after start"

ActiveFilter = Annotated[
    bool | None, QueryParameter(name="active", description="Only those that are, or are not, under way.")
]
MonitorFilter = Annotated[
    UUID | None, QueryParameter(name="monitor", description="Only those that are for this monitor.")
]
TextFilter = Annotated[
    str | None, QueryParameter(name="search", description="A part of name or description.", max_length=255)
]
WindowSort = Annotated[str | None, sort_parameter(*WINDOW_ORDERS)]


@get(
    PATH,
    operation_id="listMaintenanceWindows",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=TAGS,
    summary="List maintenance windows",
    description="Who is limited to some customers sees windows that are for monitors of one of these.",
    responses={
        200: answers(WindowPage, "Some windows", {"items": [EXAMPLE], "nextCursor": None}),
        **problems(s400="sort must be one of createdAt, name", s403="Forbidden"),
    },
)
async def list_windows(
    services: GivenServices,
    principal: GivenPrincipal,
    active: ActiveFilter = None,
    monitor: MonitorFilter = None,
    search: TextFilter = None,
    sort: WindowSort = None,
    limit: PageSize = 50,
    cursor: Cursor = None,
    fields: Fields = None,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Any:
    found = await windows_page(
        services.database,
        services.vault,
        principal,
        PageRequest(sort=sort, limit=limit, cursor=cursor),
        WindowFilter(active=active, search=search, monitor=monitor),
    )
    now = utc_now()
    page = WindowPage(items=[window_item(one, now) for one in found.items], next_cursor=found.next_cursor)
    return with_fields(page, fields)


@post(
    PATH,
    operation_id="createMaintenanceWindow",
    opt=PLANNING,
    dto=JsonBody[WindowBody],
    return_dto=None,
    security=SECURITY,
    tags=TAGS,
    summary="Plan a maintenance window",
    responses={
        201: answers(OneWindow, "The new window", EXAMPLE_ONE),
        **problems(body=True, s400=_REFUSED, s403="Forbidden"),
    },
)
async def create_window(
    request: Request[Any, Any, Any],
    data: JSONBody[WindowBody],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[OneWindow]:
    made = await windows.create_window(services.database, principal, window_change(data))
    return created(request, made)


@get(
    ONE,
    operation_id="getMaintenanceWindow",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=TAGS,
    summary="Read a maintenance window",
    responses={200: WINDOW, **problems(s400="id must be a UUID", s403="Forbidden", s404=NOT_FOUND)},
)
async def get_window(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[OneWindow]:
    return answer(request, await windows.get_window(services.database, principal, path_id(public_id)))


@patch(
    ONE,
    operation_id="updateMaintenanceWindow",
    opt=PLANNING,
    dto=body_of(PATCH_BODY),
    return_dto=None,
    security=SECURITY,
    tags=TAGS,
    summary="Change a maintenance window",
    description="An occurrence that is under way goes on if the window still has it, and else ends. Other times (start,"
    " end, recurrence, timeZone) also undo what was started, ended or prolonged by hand.",
    responses={
        200: WINDOW,
        **problems(body=True, s400=_REFUSED, s403="Forbidden", s404=NOT_FOUND, s412=S412),
    },
)
async def update_window(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    data: JSONBody[WindowPatch],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[OneWindow]:
    def decide(window: MaintenanceWindow) -> WindowChange:
        document = merged(
            msgspec.to_builtins(window_item(window, utc_now())), msgspec.to_builtins(data), kept_null=KEPT_NULL
        )
        return window_change(convert_ours(document, WindowBody))

    changed = await windows.change_window(
        services.database, principal, path_id(public_id), decide, on_found=matching(request)
    )
    return answer(request, changed)


@put(
    ONE,
    operation_id="replaceMaintenanceWindow",
    opt=PLANNING,
    dto=JsonBody[WindowBody],
    return_dto=None,
    security=SECURITY,
    tags=TAGS,
    summary="Replace a maintenance window; a zone that is left out stays",
    responses={
        200: WINDOW,
        **problems(body=True, s400=_REFUSED, s403="Forbidden", s404=NOT_FOUND, s412=S412),
    },
)
async def replace_window(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    data: JSONBody[WindowBody],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[OneWindow]:
    changed = await windows.change_window(
        services.database, principal, path_id(public_id), window_change(data), on_found=matching(request)
    )
    return answer(request, changed)


@delete(
    ONE,
    operation_id="deleteMaintenanceWindow",
    opt=PLANNING,
    status_code=204,
    security=SECURITY,
    tags=TAGS,
    summary="Delete a maintenance window",
    description="Maintenance that is under way by it ends. What was stays in uptime and charts.",
    responses=problems(s400="id must be a UUID", s403="Forbidden", s404=NOT_FOUND, s412=S412),
)
async def delete_window(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> None:
    await windows.delete_window(services.database, principal, path_id(public_id), on_found=matching(request))


def answer(
    request: Request[Any, Any, Any], window: MaintenanceWindow, *, status_code: int = 200
) -> Response[OneWindow]:
    return tagged(request, one_window(window, warnings_of(window), utc_now()), status_code=status_code)


def created(request: Request[Any, Any, Any], window: MaintenanceWindow) -> Response[OneWindow]:
    """The answer of a request that made a window."""
    response = answer(request, window, status_code=201)
    response.headers["Location"] = f"{PATH}/{window.public_id}"
    return response


def matching(request: Request[Any, Any, Any]) -> Callable[[MaintenanceWindow], None]:
    """Refuses a window in another state than the one that the request names."""

    def expect(window: MaintenanceWindow) -> None:
        require_match(request, one_window(window, [], utc_now()))

    return expect


BODIES = (WindowBody, PATCH_BODY, OneWindow, WindowPage)
ROUTES: list[ControllerRouterHandler] = [
    list_windows,
    create_window,
    get_window,
    update_window,
    replace_window,
    delete_window,
]
