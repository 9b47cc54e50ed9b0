"""The list of incidents, one incident, and why nobody was paged."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.errors import ForbiddenError, NotFoundError
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.kinds import BY_NAME
from controller.model import Principal
from controller.off_loop import off_loop
from controller.operations.accounts.customers import list_customers
from controller.operations.incidents.incident_list import search_incidents
from controller.operations.incidents.notified import unpaged
from controller.operations.monitors.monitors import get_monitor
from controller.pages.incidents.actions import ACTIONS, incident_page, public_id_of
from controller.pages.incidents.listing import PER_PAGE, identifier, list_view, read_query, search_of
from controller.pages.incidents.unpaged import PER_PAGE as RUNS_PER_PAGE
from controller.pages.incidents.unpaged import unpaged_view
from controller.pages.shell.page import page
from shared.clock import utc_now

SECTION = "incidents"


@get("/incidents", opt={PERMISSION: Permission.READ})
async def incident_list(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """Open incidents first, then the newest, as the query filters them."""
    query, now = read_query(request.query_params), utc_now()
    search = search_of(query)
    name = await _monitor_name(services, principal, search.monitor)
    offset = (query.page - 1) * PER_PAGE
    try:
        found = await search_incidents(services.database, principal, search, limit=PER_PAGE, offset=offset)
    except (NotFoundError, ForbiddenError):
        raise NotFoundError("There is no such customer.") from None
    customers = [] if principal.works_in is None else await list_customers(services.database, principal)
    view = await off_loop(list_view, query, found, customers, name, now)
    return await page(request, "incidents/list.html", view, title="Incidents", section=SECTION, live=True, now=now)


@get("/incidents/unpaged", opt={PERMISSION: Permission.READ})
async def unpaged_list(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """Failures that nobody was notified of, each with its reason."""
    query, now = read_query(request.query_params), utc_now()
    monitor = identifier(query.monitor, "monitor")
    name = await _monitor_name(services, principal, monitor)
    offset = (query.page - 1) * RUNS_PER_PAGE
    found = await unpaged(services.database, principal, monitor, now, limit=RUNS_PER_PAGE, offset=offset)
    view = await off_loop(unpaged_view, found, monitor, name, query.page, now)
    title = "Why nobody was paged"
    return await page(request, "incidents/unpaged.html", view, title=title, section=SECTION, live=True, now=now)


@get("/incidents/{public_id:str}", opt={PERMISSION: Permission.READ})
async def incident(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    """One incident with its timeline, its evidence and its notifications."""
    return await incident_page(request, services, principal, public_id_of(public_id))


async def _monitor_name(services: Services, principal: Principal, monitor: UUID | None) -> str | None:
    """The name of the monitor that the query names. Raises NotFoundError, also for another customer's."""
    if monitor is None:
        return None
    try:
        return (await get_monitor(services.database, principal, tuple(BY_NAME), monitor)).name
    except (NotFoundError, ForbiddenError):
        raise NotFoundError("There is no such monitor.") from None


ROUTES: list[ControllerRouterHandler] = [incident_list, unpaged_list, incident, *ACTIONS]
