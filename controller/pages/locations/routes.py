"""`/locations`: every location, by country."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices
from controller.off_loop import off_loop
from controller.operations.locations import list_locations
from controller.pages.locations.view import locations_view
from controller.pages.shell.page import page
from shared.clock import utc_now


@get("/locations", opt={PERMISSION: Permission.READ})
async def location_list(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """Every location that was not removed; probe problems of monitors that the person may see."""
    found = await list_locations(services.database, principal)
    now = found[0].now if found else utc_now()
    view = await off_loop(locations_view, found, now)
    return await page(
        request, "locations/locations.html", view, title="Locations", section="locations", live=True, now=now
    )


ROUTES: list[ControllerRouterHandler] = [location_list]
