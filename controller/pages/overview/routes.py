"""`/`: the overview."""

from __future__ import annotations

from typing import Any

from litestar import Request, get
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.errors import InvalidError
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices
from controller.model.dependencies import Dependency
from controller.off_loop import off_loop
from controller.operations.accounts import customers
from controller.operations.overview.overview import bar_time, find_monitors, read_monitors, read_troubles
from controller.operations.overview.query import read_query
from controller.pages.new_monitor.view import new_monitor_view
from controller.pages.overview.head import title_of
from controller.pages.overview.view import overview_view
from controller.pages.shell.page import page
from shared.clock import utc_now


@get("/", opt={PERMISSION: Permission.READ})
async def overview(request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal) -> Any:
    """What is wrong, and a page of monitors."""
    query = read_query(request.url.query)
    now = utc_now()
    found = await find_monitors(services.database, principal, query.filter, now)
    problem = services.health.problems.get(Dependency.DATABASE)
    troubles = await read_troubles(services.database, principal, query.filter.customer, database_problem=problem)
    if query.filter.customer is not None and not any(one.chosen for one in troubles.customers):
        raise InvalidError("customer", "must be a customer that you may see")
    monitors = await read_monitors(services.database, principal, found.on_page, now)
    empty = None
    if not found.of_all:
        known = await customers.list_customers(services.database, principal)
        empty = new_monitor_view(troubles.locations, known)
    view = await off_loop(overview_view, query, found, troubles, monitors, bar_time(now), empty)
    return await page(
        request, "overview/page.html", view, title=title_of(found.of_all), section="overview", live=True, now=now
    )


ROUTES: list[ControllerRouterHandler] = [overview]
