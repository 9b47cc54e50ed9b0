"""The page of one check."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.params import FromPath, FromQuery

from controller.decisions.access import Permission
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.results.single_checks import get_check
from controller.pages.check.view import check_view
from controller.pages.shell.page import page


@get("/monitors/{monitor_id:uuid}/checks/{check_id:uuid}", opt={PERMISSION: Permission.READ})
async def check_page(
    request: Request[Any, Any, Any],
    services: GivenServices,
    principal: GivenPrincipal,
    monitor_id: FromPath[UUID],
    check_id: FromPath[UUID],
    due: FromQuery[int | None] = None,
) -> Response[bytes]:
    """`due` says which round the check belongs to, in milliseconds since 1970."""
    details = await get_check(services.database, principal, monitor_id, check_id, due)
    view = check_view(details)
    title = f"{view.monitor_name}: {view.outcome} from {view.place}"
    # While results of the round may still come, the page fetches itself again.
    return await page(request, "check/page.html", view, title=title, live=view.pending)


ROUTES = [check_page]
