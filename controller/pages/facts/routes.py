"""The feed of what changed about servers, and of what differs between countries."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.errors import ForbiddenError, NotFoundError
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.kinds import BY_NAME
from controller.model import Principal
from controller.off_loop import off_loop
from controller.operations.accounts.customers import list_customers
from controller.operations.facts.facts import fact_changes
from controller.operations.monitors.monitors import get_monitor
from controller.pages.facts.view import PER_PAGE, changes_filter, changes_view, read_changes_query
from controller.pages.shell.page import page
from shared.clock import utc_now


@get("/changes", opt={PERMISSION: Permission.READ})
async def changes_page(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """The newest first, as the query filters them."""
    query, now = read_changes_query(request.query_params), utc_now()
    filters = changes_filter(query)
    name = await _monitor_name(services, principal, filters.monitor)
    try:
        found = await fact_changes(
            services.database, services.vault, principal, filters, query.cursor or None, limit=PER_PAGE
        )
    except ForbiddenError:
        raise NotFoundError("There is no such customer.") from None
    customers = [] if principal.works_in is None else await list_customers(services.database, principal)
    view = await off_loop(changes_view, query, found, customers, name)
    return await page(request, "facts/list.html", view, title="Changes", section="changes", now=now)


async def _monitor_name(services: Services, principal: Principal, monitor: UUID | None) -> str | None:
    """The name of the monitor that the query names. Raises NotFoundError, also for another customer's."""
    if monitor is None:
        return None
    try:
        return (await get_monitor(services.database, principal, tuple(BY_NAME), monitor)).name
    except (NotFoundError, ForbiddenError):
        raise NotFoundError("There is no such monitor.") from None


ROUTES: list[ControllerRouterHandler] = [changes_page]
