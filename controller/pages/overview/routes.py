"""`/`: the overview."""

from __future__ import annotations

from typing import Any

from litestar import Request, get
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission, permits
from controller.errors import InvalidError
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.kinds import kind_named
from controller.model import Principal
from controller.model.dependencies import Dependency
from controller.off_loop import off_loop
from controller.operations.accounts import customers
from controller.operations.overview.overview import bar_time, find_monitors, read_monitors, read_troubles
from controller.operations.overview.query import OverviewQuery, read_query
from controller.operations.overview.saved_filters import list_saved_filters, may_share
from controller.pages.monitor_form.names import offered
from controller.pages.monitor_form.values import usual_values
from controller.pages.monitor_form.view import Around, form_view
from controller.pages.overview.head import title_of
from controller.pages.overview.saved import SavedView, saved_view
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
        kind = kind_named(offered()[0])
        empty = form_view(kind, usual_values(kind), Around(locations=troubles.locations, customers=known))
    saved = await _saved(services, principal, query)
    view = await off_loop(overview_view, query, found, troubles, monitors, bar_time(now), empty, saved)
    return await page(
        request, "overview/page.html", view, title=title_of(found.of_all), section="overview", live=True, now=now
    )


async def _saved(services: Services, principal: Principal, query: OverviewQuery) -> SavedView:
    filters = await list_saved_filters(services.database, principal)
    may_save = permits(principal, Permission.MANAGE_OWN_ACCOUNT)
    return saved_view(query, filters, may_save=may_save, may_share=may_share(principal))


ROUTES: list[ControllerRouterHandler] = [overview]
