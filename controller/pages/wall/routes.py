"""`/wall`, for people who are logged in, and `/wall/screen`, for screens on a wall with a token of their own."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import HeaderParameter, QueryParameter
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.http.auth import COUNTED_APART, PERMISSION, SCREENS, require_same_origin, screen_of
from controller.http.cookies import SCREEN, SCREEN_PATH, screen_cookie
from controller.http.event_stream import EVENT_STREAM, EventStream, away
from controller.http.problems import UNAVAILABLE
from controller.http.services import GivenPrincipal, GivenServices
from controller.model import Principal
from controller.off_loop import off_loop
from controller.operations.accounts.screens import is_valid
from controller.pages.live.routes import LIVE_PATH, OPENINGS, GivenLivePages, opened, read_since
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import page, see_other
from controller.pages.wall.address import read_wall_query, wall_path
from controller.pages.wall.reading import read
from controller.pages.wall.view import page_of

_OPEN_TO_ALL = {PERMISSION: Permission.PUBLIC}
_SCREEN_EVENTS = f"{SCREEN_PATH}/live"

WITHOUT = "This screen has no token"
REVOKED = "This screen was revoked"
WRONG = "This token is not known"


class ScreenEntryForm(msgspec.Struct, frozen=True, kw_only=True):
    screen: str = ""


class ScreenEntryView(msgspec.Struct, frozen=True):
    """The page of a screen that shows nothing, with the reason as its title."""

    title: str
    wrong: bool = False


@get("/wall", opt={PERMISSION: Permission.READ})
async def wall(request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal) -> Response[bytes]:
    query = read_wall_query(request.url.query)
    found = await read(services, principal, query)
    address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    view = await off_loop(page_of, query, *found, address=address, events=LIVE_PATH)
    return await page(request, "wall/page.html", view, title="Wall", now=found.content.now)


@get(SCREEN_PATH, opt=_OPEN_TO_ALL)
async def screen_page(request: Request[Any, Any, Any], services: GivenServices) -> Response[bytes]:
    """The wall of the screen whose cookie came along."""
    screen = await screen_of(request)
    if screen is None:
        return await _entry(request, ScreenEntryView(WITHOUT), HTTPStatus.UNAUTHORIZED)
    if screen.revoked:
        return await _entry(request, ScreenEntryView(REVOKED), HTTPStatus.UNAUTHORIZED)
    found = await read(services, screen.principal, screen.view)
    address = wall_path(screen.view)
    view = await off_loop(page_of, screen.view, *found, address=address, events=_SCREEN_EVENTS, screen=screen.name)
    answer = await page(request, "wall/page.html", view, title=screen.name, now=found.content.now)
    answer.set_cookie(screen_cookie(request, request.cookies[SCREEN]))  # which lives on while it is in use
    return answer


@post(SCREEN_PATH, opt=_OPEN_TO_ALL)
async def enter_screen(request: Request[Any, Any, Any], services: GivenServices) -> Response[bytes]:
    """Exchange a screen's token for its cookie."""
    require_same_origin(request)
    form = await form_of(request, ScreenEntryForm)
    token = form.screen.strip()
    if not await is_valid(services.database, token):
        return await _entry(request, ScreenEntryView(WRONG, wrong=True), HTTPStatus.UNAUTHORIZED)
    return see_other(request, SCREEN_PATH, set_cookies=[screen_cookie(request, token)])


@get(
    _SCREEN_EVENTS,
    opt={PERMISSION: Permission.READ, SCREENS: True, COUNTED_APART: OPENINGS},
    media_type=EVENT_STREAM,
    exception_handlers=dict.fromkeys(UNAVAILABLE, away),
)
async def screen_events(
    request: Request[Principal, Any, Any],
    services: GivenServices,
    principal: GivenPrincipal,
    live_pages: GivenLivePages,
    view: Annotated[list[str] | None, QueryParameter()] = None,  # noqa: ARG001 - a screen follows its own wall only
    since: Annotated[str | None, QueryParameter()] = None,
    last_event_id: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
) -> EventStream:
    """Changes of the screen's own wall, whatever is named."""
    screen = await screen_of(request)
    assert screen is not None  # noqa: S101 - the guard found it
    position = read_since(last_event_id or since)
    return await opened(request, services, principal, live_pages, [wall_path(screen.view)], position)


async def _entry(request: Request[Any, Any, Any], view: ScreenEntryView, status: HTTPStatus) -> Response[bytes]:
    return await page(request, "wall/entry.html", view, title=view.title, status=status)


ROUTES: list[ControllerRouterHandler] = [wall, screen_page, enter_screen, screen_events]
