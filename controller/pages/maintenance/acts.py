"""What people do with a window from its page: start, end, prolong, switch on and off, delete."""

from __future__ import annotations

from datetime import date, datetime, time
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.decisions.maintenance.wall_clock import end_instant
from controller.errors import InvalidError, WrongStateError
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.maintenance import acts, windows
from controller.operations.maintenance.past import monitors_of_window
from controller.operations.maintenance.windows import WindowChange
from controller.pages.maintenance.now import minutes_of
from controller.pages.maintenance.one import show
from controller.pages.maintenance.view import present_of
from controller.pages.settings.requests import thing_of
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import own_path, page, see_other
from shared.clock import utc_now

_OPT = {PERMISSION: Permission.PLAN_MAINTENANCE}


class WindowActForm(msgspec.Struct, frozen=True, kw_only=True):
    """A button. `next` is the path of ours to return to; the window's own when empty."""

    next: str = ""


class ProlongForm(msgspec.Struct, frozen=True, kw_only=True):
    """So many minutes more, or else until a time of the window's clock."""

    minutes: str = ""
    until_date: str = ""
    until_time: str = ""
    next: str = ""


class DeletedWindow(msgspec.Struct, frozen=True, kw_only=True):
    """The window that is about to be deleted."""

    path: str
    name: str
    under_way: bool
    is_status: bool
    monitors: int


@post([f"/maintenance/{{public_id:str}}/{act}" for act in ("start", "end", "enable", "disable")], opt=_OPT)
async def act_on_window(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """What the last part of the address says."""
    number, act = thing_of(public_id), request.url.path.rpartition("/")[2]
    await windows.get_window(services.database, principal, number)
    form = await form_of(request, WindowActForm)
    try:
        if act == "start":
            await acts.start_now(services.database, principal, number)
        elif act == "end":
            ended = await acts.end_now(services.database, principal, number)
            if ended.of_status is not None:
                return see_other(request, "/maintenance?done=ended")
        else:
            change = WindowChange(enabled=act == "enable")
            await windows.change_window(services.database, principal, number, change)
    except (WrongStateError, InvalidError) as error:
        status = HTTPStatus.CONFLICT if isinstance(error, WrongStateError) else HTTPStatus.BAD_REQUEST
        return await show(request, services, principal, number, problem=f"{error}.", status=status)
    done = {"start": "started", "end": "ended"}.get(act, f"{act}d")
    return see_other(request, own_path(form.next) if form.next else f"/maintenance/{number}?done={done}")


@post("/maintenance/{public_id:str}/prolong", opt=_OPT)
async def prolong_window(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """Move the end of the occurrence under way."""
    number = thing_of(public_id)
    window = await windows.get_window(services.database, principal, number)
    form = await form_of(request, ProlongForm)
    try:
        if form.minutes:
            present = present_of(window, utc_now())
            if present is None:
                raise WrongStateError("The window is not under way")
            if present.to_at is None:
                raise InvalidError("until", "must not be set: this window lasts until somebody ends it")
            until = present.to_at + minutes_of(form.minutes)
        else:
            until = end_instant(_typed(form), ZoneInfo(window.time_zone))
        await acts.prolong(services.database, principal, number, until)
    except (WrongStateError, InvalidError) as error:
        status = HTTPStatus.CONFLICT if isinstance(error, WrongStateError) else HTTPStatus.BAD_REQUEST
        typed = (form.until_date, form.until_time) if form.until_date or form.until_time else None
        return await show(request, services, principal, number, problem=f"{error}.", status=status, typed=typed)
    return see_other(request, own_path(form.next) if form.next else f"/maintenance/{number}?done=prolonged")


@get("/maintenance/{public_id:str}/delete", opt=_OPT)
async def ask_delete_window(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """What it would do to delete the window."""
    window = await windows.get_window(services.database, principal, thing_of(public_id))
    view = DeletedWindow(
        path=f"/maintenance/{window.public_id}",
        name=window.name,
        under_way=present_of(window, utc_now()) is not None,
        is_status=window.of_status is not None,
        monitors=(await monitors_of_window(services.database, window, 1)).number,
    )
    return await page(request, "maintenance/delete.html", view, title=f"Delete {window.name}?", section="maintenance")


@post("/maintenance/{public_id:str}/delete", opt=_OPT)
async def delete_window(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    number = thing_of(public_id)
    await windows.get_window(services.database, principal, number)
    await form_of(request, WindowActForm)
    await windows.delete_window(services.database, principal, number)
    return see_other(request, "/maintenance?done=deleted")


def _typed(form: ProlongForm) -> datetime:
    try:
        clock = time.fromisoformat(form.until_time.strip())
        if clock.tzinfo is None:
            return datetime.combine(date.fromisoformat(form.until_date.strip()), clock)
    except ValueError:
        pass
    raise InvalidError("until", "must be a date and a time")


ACTS: list[ControllerRouterHandler] = [act_on_window, prolong_window, ask_delete_window, delete_window]
