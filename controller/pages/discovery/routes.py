"""`/monitors/new/find`: from an address to a server."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.decisions.discovery.typed_address import LONGEST
from controller.errors import InvalidError, LimitedError
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.discoveries import begin_discovery, get_discovery
from controller.pages.discovery.view import DiscoveryView, discovery_view
from controller.pages.shell.page import page, see_other

_PATH = "/monitors/new/find"
_TITLE = "Find a server"
_OTHER_SITES = ("cross-site", "same-site")


@get(_PATH, opt={PERMISSION: Permission.CREATE})
async def find(
    request: Request[Any, Any, Any],
    services: GivenServices,
    principal: GivenPrincipal,
    address: FromQuery[str] = "",
) -> Response[bytes]:
    """Search, and show what was found at an address of its own, which can be loaded again. Another site's link only
    fills in the field, because a search connects to servers.
    """
    if not address.strip() or request.headers.get("sec-fetch-site") in _OTHER_SITES:
        return await _page(request, DiscoveryView(address=address[:LONGEST]), HTTPStatus.OK)
    try:
        begun = await begin_discovery(services.database, services.dispatcher, services.finder, principal, address)
    except InvalidError as error:
        kept = "" if "password" in error.rule else address[:LONGEST]
        return await _page(request, DiscoveryView(address=kept, address_problem=str(error)), HTTPStatus.BAD_REQUEST)
    except LimitedError as error:
        problem = f"{error}. Try again in {error.retry_after} seconds."
        view = DiscoveryView(address=address[:LONGEST], address_problem=problem)
        return await _page(request, view, HTTPStatus.TOO_MANY_REQUESTS)
    return see_other(request, f"{_PATH}/{begun.discovery.id}")


@get(f"{_PATH}/{{discovery_id:uuid}}", opt={PERMISSION: Permission.CREATE})
async def found(
    request: Request[Any, Any, Any],
    services: GivenServices,
    principal: GivenPrincipal,
    discovery_id: FromPath[UUID],
) -> Response[bytes]:
    """The candidates, with how the tries of them go."""
    view = discovery_view(await get_discovery(services.database, principal, discovery_id))
    return await _page(request, view, HTTPStatus.OK)


async def _page(request: Request[Any, Any, Any], view: DiscoveryView, status: HTTPStatus) -> Response[bytes]:
    return await page(request, "discovery/page.html", view, title=_TITLE, section="overview", status=status)


ROUTES: list[ControllerRouterHandler] = [find, found]
