"""The page of one window."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from uuid import UUID

from litestar import Request, Response

from controller.http.services import Services
from controller.model import Principal
from controller.off_loop import off_loop
from controller.operations.maintenance import windows
from controller.operations.maintenance.past import monitors_of_window, past_of_window
from controller.pages.maintenance.view import DONE, window_view
from controller.pages.settings.requests import done_of
from controller.pages.shell.page import page
from shared.clock import utc_now

_MONITORS = 50
_PAST = 20


async def show(
    request: Request[Any, Any, Any],
    services: Services,
    principal: Principal,
    public_id: UUID,
    *,
    problem: str = "",
    status: HTTPStatus = HTTPStatus.OK,
    typed: tuple[str, str] | None = None,
) -> Response[bytes]:
    """The page, with the `problem` of an act and what was `typed` for it, if any. Raises NotFoundError."""
    window = await windows.get_window(services.database, principal, public_id)
    now = utc_now()
    view = await off_loop(
        window_view,
        window,
        await past_of_window(services.database, window, _PAST),
        await monitors_of_window(services.database, window, _MONITORS),
        now,
        done=done_of(request, DONE),
        problem=problem,
        typed=typed,
    )
    return await page(
        request, "maintenance/window.html", view, title=window.name, section="maintenance", status=status, now=now
    )
