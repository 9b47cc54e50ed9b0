"""`/maintenance`: planned work as a list and as a calendar, one window, its form, and what people do with it."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Request, Response, get
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.errors import InvalidError
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices
from controller.off_loop import off_loop
from controller.operations.accounts.organizations import get_organization
from controller.operations.maintenance import windows
from controller.pages.maintenance.acts import ACTS
from controller.pages.maintenance.calendar import LATEST, MONTH, VIEWS, calendar_view
from controller.pages.maintenance.editing import EDITING
from controller.pages.maintenance.now import begin_maintenance_now
from controller.pages.maintenance.one import show
from controller.pages.maintenance.view import DONE, STATES, windows_view
from controller.pages.settings.requests import done_of, search_of, thing_of
from controller.pages.shell.page import page
from shared.clock import utc_now

_OPT = {PERMISSION: Permission.READ}
_SECTION = "maintenance"
_LAST_PAGE = 1000


@get("/maintenance", opt=_OPT)
async def windows_page(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """All windows: what is under way, what is coming, what is over."""
    state, number, now = request.query_params.get("state", ""), request.query_params.get("page", "1"), utc_now()
    if state and state not in STATES:
        raise InvalidError("state", f"must be one of {', '.join(STATES)}")
    if not (number.isascii() and number.isdigit() and len(number) < 5 and 1 <= int(number) <= _LAST_PAGE):
        raise InvalidError("page", f"must be a number from 1 to {_LAST_PAGE}")
    found = await windows.list_windows(services.database, principal)
    view = await off_loop(
        windows_view,
        found,
        now,
        text=search_of(request),
        state=state,
        page=int(number),
        done=done_of(request, DONE),
    )
    return await page(request, "maintenance/list.html", view, title="Maintenance", section=_SECTION, now=now)


@get("/maintenance/calendar", opt=_OPT)
async def calendar_page(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """A month or a week in the organization's time zone."""
    query, now = request.query_params, utc_now()
    zone = ZoneInfo((await get_organization(services.database, principal)).time_zone)
    shown = query.get("view") or MONTH
    if shown not in VIEWS:
        raise InvalidError("view", f"must be one of {', '.join(VIEWS)}")
    day = _day(query["date"]) if query.get("date") else now.astimezone(zone).date()
    found = await windows.list_windows(services.database, principal)
    view = await off_loop(calendar_view, found, shown, day, zone, now)
    return await page(request, "maintenance/calendar.html", view, title=view.title, section=_SECTION, now=now)


@get("/maintenance/{public_id:str}", opt=_OPT)
async def window_page(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    return await show(request, services, principal, thing_of(public_id))


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InvalidError("date", "must be a date, as 2027-03-28") from None
    if not 2000 <= day.year <= LATEST:
        raise InvalidError("date", f"must be between 2000 and {LATEST}")
    return day


ROUTES: list[ControllerRouterHandler] = [
    windows_page,
    calendar_page,
    begin_maintenance_now,
    *EDITING,
    window_page,
    *ACTS,
]
