"""`/locations`: every location, by country. `/locations/{code}`: one of them."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices
from controller.off_loop import off_loop
from controller.operations.installation.location_effects import effects_of
from controller.operations.installation.managed_locations import keys_of, manages_locations, removed_locations
from controller.operations.locations import blind_results_at, list_locations, location_with
from controller.pages.locations.acting import ROUTES as ACTING
from controller.pages.locations.enrolling import ROUTES as ENROLLING
from controller.pages.locations.view import location_page_view, locations_view
from controller.pages.shell.page import page
from shared.clock import utc_now

_DONE = {
    "renamed": "The location has its new name.",
    "disabled": "The location is disabled. Its agents are cut off within ten seconds.",
    "enabled": "The location is enabled. Its agents can log in again within ten seconds.",
    "removed": "The location is removed. Its history stays, and its keys never work again.",
}


@get("/locations", opt={PERMISSION: Permission.READ})
async def location_list(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """Every location; probe problems of monitors that the person may see. The removed ones for who can add them."""
    found = await list_locations(services.database, principal)
    manages = await manages_locations(services.database, principal)
    removed = await removed_locations(services.database, principal) if manages else []
    now = found[0].now if found else utc_now()
    view = await off_loop(locations_view, found, now, manages=manages, removed=removed, done=_done(request))
    return await page(
        request, "locations/locations.html", view, title="Locations", section="locations", live=True, now=now
    )


@get("/locations/{code:str}", opt={PERMISSION: Permission.READ})
async def location_page(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, code: FromPath[str]
) -> Response[bytes]:
    """Its state, its agents, the monitors that it checks, and for some people its enrolments and what they can do."""
    found = await location_with(services.database, principal, code)
    effects = await effects_of(services.database, principal, code)
    manages = await manages_locations(services.database, principal)
    keys = await keys_of(services.database, principal, code) if manages else []
    blind_results = await blind_results_at(services.database, found)
    view = await off_loop(
        location_page_view, found, effects, blind_results, manages=manages, keys=keys, done=_done(request)
    )
    title = f"Location {code}"
    return await page(
        request, "locations/location.html", view, title=title, section="locations", live=True, now=found.now
    )


def _done(request: Request[Any, Any, Any]) -> str:
    return _DONE.get(request.query_params.get("done", ""), "")


ROUTES: list[ControllerRouterHandler] = [location_list, location_page, *ENROLLING, *ACTING]
