"""`/settings/screens`: screens on walls are made, listed and revoked."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.errors import InvalidError, NotFoundError
from controller.http.auth import PERMISSION
from controller.http.cookies import screen_url
from controller.http.identifiers import is_uuid, path_id
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Principal
from controller.model.walls import ScreenToken
from controller.operations.accounts import customers, screens
from controller.operations.listing import PageRequest
from controller.pages.settings.screens.view import (
    NewScreenView,
    RevokingView,
    ScreenForm,
    screen_row,
    screens_view,
    wall_words,
)
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import page, see_other
from controller.pages.shell.problems import problems_of, values_of
from controller.pages.wall.address import wall_query

_PATH = "/settings/screens"
_REVOKE = f"{_PATH}/{{public_id:str}}/revoke"
_MANAGING = {PERMISSION: Permission.MANAGE_ORGANIZATION_TOKENS}
_SHOWN = 200


@get(_PATH, opt=_MANAGING)
async def screens_list(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    return await _list_page(request, services, principal, ScreenForm(), done=request.query_params.get("done"))


@post(_PATH, opt=_MANAGING)
async def make_screen(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """The answer is a page and no redirect: the link is nowhere but here."""
    form = await form_of(request, ScreenForm)
    try:
        view = wall_query(
            customer=form.customer, labels=form.labels, states=form.state, by=form.by_text, columns=form.columns
        )
        made, secret = await screens.create_screen(services.database, principal, name=form.name.strip(), view=view)
    except InvalidError as error:
        return await _list_page(request, services, principal, form, error=error)
    known = {one.public_id: one.name for one in await customers.list_customers(services.database, principal)}
    shown = NewScreenView(name=made.name, url=screen_url(request, secret), shows=wall_words(made.view, known))
    title = "The screen is made"
    status = HTTPStatus.CREATED
    return await page(request, "settings/screens/made.html", shown, title=title, section="settings", status=status)


@get(_REVOKE, opt=_MANAGING)
async def revoking_page(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    screen = await _screen(services, principal, public_id)
    known = {one.public_id: one.name for one in await customers.list_customers(services.database, principal)}
    view = RevokingView(screen=screen_row(screen, known))
    return await page(request, "settings/screens/revoke.html", view, title="Revoke a screen", section="settings")


@post(_REVOKE, opt=_MANAGING)
async def revoke_screen(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    screen = await _screen(services, principal, public_id)
    await screens.revoke_screen(services.database, principal, screen.public_id)
    return see_other(request, f"{_PATH}?done=revoked")


async def _list_page(
    request: Request[Any, Any, Any],
    services: Services,
    principal: Principal,
    form: ScreenForm,
    *,
    error: InvalidError | None = None,
    done: str | None = None,
) -> Response[bytes]:
    found = await screens.screens_page(
        services.database, services.vault, principal, PageRequest(sort="name", limit=_SHOWN)
    )
    known = await customers.list_customers(services.database, principal)
    problems = {}
    if error is not None:
        # The rule about `by` can only be broken by the key of the label.
        by = "by_label" if form.by_label or form.by == "label" else "by"
        problems = problems_of(error, form.__struct_fields__, {"by": by})
    view = screens_view(
        found.items, known, values_of(form), more=found.next_cursor is not None, problems=problems, done=done
    )
    status = HTTPStatus.OK if error is None else HTTPStatus.BAD_REQUEST
    return await page(request, "settings/screens/list.html", view, title="Screens", section="settings", status=status)


async def _screen(services: Services, principal: Principal, public_id: str) -> ScreenToken:
    """Raises NotFoundError."""
    if not is_uuid(public_id):
        raise NotFoundError
    return await screens.get_screen(services.database, principal, path_id(public_id))


ROUTES: list[ControllerRouterHandler] = [screens_list, make_screen, revoking_page, revoke_screen]
