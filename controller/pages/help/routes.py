"""`/help`: every word of a result explained, and a page for each kind of failure. Open to all: a message may reach
people who have no account.
"""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.errors import NotFoundError
from controller.help.failure_help import help_for
from controller.http.auth import PERMISSION, person_of
from controller.pages.help.view import help_list_view, help_view
from controller.pages.shell.page import page
from shared.wire.failures import FailureKind

_PUBLIC = {PERMISSION: Permission.PUBLIC}


@get("/help", opt=_PUBLIC)
async def help_list(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Kinds of failure, warnings, phases and sources."""
    await _with_person(request)
    return await page(request, "help/list.html", help_list_view(), title="What can go wrong in a check", section="help")


@get("/help/{name:str}", opt=_PUBLIC)
async def help_page(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """One kind of failure."""
    await _with_person(request)
    kind = next((kind for kind in FailureKind if name in (kind.value, kind.value.replace("_", "-"))), None)
    if kind is None:
        raise NotFoundError("There is no such kind of failure")
    about = help_for(kind)
    return await page(request, "help/failure.html", help_view(about), title=about.title, section="help")


async def _with_person(request: Request[Any, Any, Any]) -> None:
    """Draw the navigation for somebody who is logged in."""
    request.scope["user"] = await person_of(request)


ROUTES: list[ControllerRouterHandler] = [help_list, help_page]
