"""`/monitors/new/find`: from an address to a server."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.decisions.discovery.typed_address import LONGEST, holds_password
from controller.errors import InvalidError, LimitedError
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.discoveries import begin_discovery, get_discovery
from controller.pages.discovery.view import DiscoveryView, discovery_view
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import page, see_other

_PATH = "/monitors/new/find"
_TITLE = "Find a server"


class FindForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    address: str = ""


@get(_PATH, opt={PERMISSION: Permission.CREATE})
async def find(request: Request[Any, Any, Any], address: FromQuery[str] = "") -> Response[bytes]:
    """The form, with this address filled in. A link never searches, because a search connects to servers."""
    kept = "" if holds_password(address) else address[:LONGEST]
    return await _page(request, DiscoveryView(address=kept), HTTPStatus.OK)


@post(_PATH, opt={PERMISSION: Permission.CREATE})
async def search(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """Search, and show what was found at an address of its own, which can be loaded again."""
    address = (await form_of(request, FindForm)).address
    try:
        begun = await begin_discovery(services.database, services.dispatcher, services.finder, principal, address)
    except InvalidError as error:
        kept = "" if holds_password(address) else address[:LONGEST]
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


ROUTES: list[ControllerRouterHandler] = [find, search, found]
