"""`/api/maintenance-windows` as Uptimeify's clients know it (docs/compatibility.md, U29)."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, delete, get, patch, post
from litestar.params import JSONBody, PathParameter

from controller.api.compat.uptimeify.coded_errors import CODED
from controller.api.compat.uptimeify.maintenance.answers import window_answer
from controller.api.compat.uptimeify.maintenance.changes import make_window, replan_window, tags_of_windows
from controller.api.compat.uptimeify.maintenance.schemas import WINDOW, NewWindowBody, WindowAnswer, WindowUpdate
from controller.api.compat.uptimeify.maintenance.times import NOT_AFTER
from controller.api.compat.uptimeify.monitors.answers import DeleteAnswer
from controller.decisions.access import Permission
from controller.errors import InvalidError, NotFoundError
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.openapi import answers, refusals
from controller.http.parameters import OrganizationId
from controller.http.services import GivenPrincipal, GivenServices
from controller.model.maintenance import MaintenanceWindow
from controller.off_loop import off_loop
from controller.operations.maintenance.changing import NOT_FOUND
from controller.operations.maintenance.windows import delete_window, get_window, list_windows

_INVALID_ID = "Invalid maintenance window ID"
_MOST_DIGITS = 18

WindowNumber = Annotated[str, PathParameter(description="The number.", schema_extra={"pattern": "^[0-9]{1,18}$"})]


class MaintenanceWindows(Controller):
    path = "/api/maintenance-windows"
    tags = ("Maintenance windows",)
    security = SECURITY
    exception_handlers = CODED

    @get(
        opt={PERMISSION: Permission.READ},
        operation_id="uptimeifyListMaintenanceWindows",
        summary="List maintenance windows",
        responses={
            200: answers(list[WindowAnswer], "Oldest first, without those that are a monitor's status", [WINDOW]),
            **refusals(s403="Forbidden"),
        },
    )
    async def list_maintenance_windows(
        self,
        services: GivenServices,
        principal: GivenPrincipal,
        organization_id: OrganizationId = None,  # noqa: ARG002 - read by the guard
    ) -> list[WindowAnswer]:
        found = [one for one in await list_windows(services.database, principal) if one.of_status is None]
        tags = await tags_of_windows(services.database, found)
        return await off_loop(lambda: [window_answer(one, tags) for one in found])

    @post(
        opt={PERMISSION: Permission.PLAN_MAINTENANCE},
        status_code=200,
        dto=JsonBody[NewWindowBody],
        return_dto=None,
        operation_id="uptimeifyCreateMaintenanceWindow",
        summary="Plan a maintenance window",
        responses={
            200: answers(WindowAnswer, "The new window", WINDOW),
            **refusals(body=True, s400=NOT_AFTER, s403="Forbidden"),
        },
    )
    async def create_maintenance_window(
        self,
        data: JSONBody[NewWindowBody],
        services: GivenServices,
        principal: GivenPrincipal,
        organization_id: OrganizationId = None,  # noqa: ARG002 - read by the guard
    ) -> WindowAnswer:
        return await _shown(services, await make_window(services.database, principal, data))

    @get(
        "/{window_id:str}",
        opt={PERMISSION: Permission.READ},
        operation_id="uptimeifyGetMaintenanceWindow",
        summary="Get a maintenance window",
        responses={
            200: answers(WindowAnswer, "The window", WINDOW),
            **refusals(s400=_INVALID_ID, s403="Forbidden", s404=NOT_FOUND),
        },
    )
    async def get_maintenance_window(
        self,
        window_id: WindowNumber,
        services: GivenServices,
        principal: GivenPrincipal,
        organization_id: OrganizationId = None,  # noqa: ARG002 - read by the guard
    ) -> WindowAnswer:
        found = await get_window(services.database, principal, _number(window_id))
        _refuse_status(found)
        return await _shown(services, found)

    @patch(
        "/{window_id:str}",
        opt={PERMISSION: Permission.PLAN_MAINTENANCE},
        dto=JsonBody[WindowUpdate],
        return_dto=None,
        operation_id="uptimeifyUpdateMaintenanceWindow",
        summary="Change a maintenance window",
        responses={
            200: answers(WindowAnswer, "The window as it is now", WINDOW),
            **refusals(body=True, s400=_INVALID_ID, s403="Forbidden", s404=NOT_FOUND),
        },
    )
    async def update_maintenance_window(
        self,
        window_id: WindowNumber,
        data: JSONBody[WindowUpdate],
        services: GivenServices,
        principal: GivenPrincipal,
        organization_id: OrganizationId = None,  # noqa: ARG002 - read by the guard
    ) -> WindowAnswer:
        changed = await replan_window(services.database, principal, _number(window_id), data)
        return await _shown(services, changed)

    @delete(
        "/{window_id:str}",
        opt={PERMISSION: Permission.PLAN_MAINTENANCE},
        status_code=200,
        operation_id="uptimeifyDeleteMaintenanceWindow",
        summary="Delete a maintenance window",
        responses={
            200: answers(DeleteAnswer, "Deleted; maintenance that was under way by it has ended", {"success": True}),
            **refusals(s400=_INVALID_ID, s403="Forbidden", s404=NOT_FOUND),
        },
    )
    async def delete_maintenance_window(
        self,
        window_id: WindowNumber,
        services: GivenServices,
        principal: GivenPrincipal,
        organization_id: OrganizationId = None,  # noqa: ARG002 - read by the guard
    ) -> DeleteAnswer:
        await delete_window(services.database, principal, _number(window_id), on_found=_refuse_status)
        return DeleteAnswer(success=True)


async def _shown(services: GivenServices, window: MaintenanceWindow) -> WindowAnswer:
    return window_answer(window, await tags_of_windows(services.database, [window]))


def _refuse_status(window: MaintenanceWindow) -> None:
    """Raises NotFoundError for a window that is a monitor's status, which is shown and changed there."""
    if window.of_status is not None:
        raise NotFoundError(NOT_FOUND)


def _number(text: str) -> int:
    """Raises InvalidError, NotFoundError."""
    if not (text.isascii() and text.isdecimal()):
        raise InvalidError("id", "must be a number", message=_INVALID_ID)
    if len(text) > _MOST_DIGITS:
        raise NotFoundError(NOT_FOUND)
    return int(text)
