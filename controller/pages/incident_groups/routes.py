"""`/incident-groups`: causes of several incidents, each with a page: its incidents, and a button to take them all."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.errors import NotFoundError
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices
from controller.off_loop import off_loop
from controller.operations.incidents.group_list import list_groups
from controller.operations.incidents.incident_groups import acknowledge_group, get_group
from controller.pages.incident_groups.listing import group_list_view
from controller.pages.incident_groups.view import group_view, title_of
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import page, see_other
from shared.clock import utc_now

_PER_PAGE = 50


class TakeForm(msgspec.Struct, frozen=True, kw_only=True):
    """A button and nothing else."""


@get("/incident-groups", opt={PERMISSION: Permission.READ})
async def incident_groups(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """Groups of two incidents or more, the newest first."""
    state, cursor, now = request.query_params.get("state", ""), request.query_params.get("cursor"), utc_now()
    found = await list_groups(
        services.database,
        services.vault,
        principal,
        state=state or None,
        since=None,
        at_least=2,
        cursor=cursor,
        limit=_PER_PAGE,
    )
    view = group_list_view(found, state, begins=cursor is None, now=now)
    title = "Incidents by cause"
    return await page(request, "incidents/groups.html", view, title=title, section="incidents", live=True, now=now)


@get("/incident-groups/{public_id:str}", opt={PERMISSION: Permission.READ})
async def incident_group(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    """The incidents of one cause, who has each, and the messages about them."""
    now = utc_now()
    found = await get_group(services.database, principal, _public_id(public_id))
    view = await off_loop(group_view, found, now)
    template = "incidents/group.html"
    return await page(request, template, view, title=title_of(view), section="incidents", live=True, now=now)


@post("/incident-groups/{public_id:str}/acknowledge", opt={PERMISSION: Permission.HANDLE_INCIDENTS})
async def acknowledge_incident_group(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal, public_id: FromPath[str]
) -> Response[bytes]:
    """Take all of its open incidents that nobody has."""
    number = _public_id(public_id)
    await get_group(services.database, principal, number)  # so that nobody learns that another one's exists
    await form_of(request, TakeForm)
    await acknowledge_group(services.database, principal, number, utc_now())
    return see_other(request, f"/incident-groups/{number}")


ROUTES: list[ControllerRouterHandler] = [incident_groups, incident_group, acknowledge_incident_group]


def _public_id(text: str) -> UUID:
    """Raises NotFoundError for what is no id."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFoundError("There is no such group.") from None
