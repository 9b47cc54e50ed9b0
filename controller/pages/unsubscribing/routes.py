"""`/unsubscribe/{token}`: the link of a digest. The token is the permission, so there is no login and no token of a
form: mail programs send the form by themselves when their reader clicks (RFC 8058).

Other programs open every link of a mail, and some submit every form: only a POST that says what RFC 8058 asks for
unsubscribes, which the form of the page says when its button is pressed.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.errors import DomainError, InvalidError, LimitedError
from controller.http.auth import PERMISSION, address_of
from controller.http.problems import status_of
from controller.http.services import GivenServices
from controller.operations.channels.unsubscribing import DigestSubscription, read_subscription, unsubscribe
from controller.pages.shell.errors import failed
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import page
from shared.clock import utc_now

_OPEN_TO_ALL = {PERMISSION: Permission.PUBLIC}
_NO_REFERRER = {"Referrer-Policy": "no-referrer"}
_ONE_CLICK = "One-Click"
_PRESS = "Press the button to unsubscribe."


class OneClickForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What RFC 8058 has mail programs send."""

    said: str = msgspec.field(default="", name="List-Unsubscribe")


class SubscriptionView(msgspec.Struct, frozen=True, kw_only=True):
    """`path` is where the form goes, and `problem` why it was refused."""

    path: str
    receiver: str
    channel: str
    subscribed: bool
    problem: str = ""


@get("/unsubscribe/{token:str}", opt=_OPEN_TO_ALL)
async def show_subscription(
    request: Request[Any, Any, Any], services: GivenServices, token: FromPath[str]
) -> Response[Any]:
    """What the link ends, and a button that does. It changes nothing."""
    return await _page(request, token, await read_subscription(services.database, token, utc_now()))


@post("/unsubscribe/{token:str}", opt=_OPEN_TO_ALL, status_code=200)
async def end_subscription(
    request: Request[Any, Any, Any], services: GivenServices, token: FromPath[str]
) -> Response[Any]:
    """Send the receiver of the digest no more of them. The same again changes nothing more."""
    try:
        if (await form_of(request, OneClickForm)).said != _ONE_CLICK:
            raise InvalidError("List-Unsubscribe", f"must be {_ONE_CLICK}")
    except InvalidError:
        found = await read_subscription(services.database, token, utc_now())
        return await _page(request, token, found, problem=_PRESS, status=HTTPStatus.BAD_REQUEST)
    done = await unsubscribe(services.database, token, utc_now(), address=address_of(request))
    return await _page(request, token, done)


async def _page(
    request: Request[Any, Any, Any],
    token: str,
    found: DigestSubscription,
    *,
    problem: str = "",
    status: HTTPStatus = HTTPStatus.OK,
) -> Response[bytes]:
    view = SubscriptionView(path=f"/unsubscribe/{token}", problem=problem, **found._asdict())
    title = "Unsubscribe from digests" if found.subscribed else "You are unsubscribed"
    return await page(
        request, "unsubscribing/page.html", view, title=title, status=status, now=utc_now(), headers=_NO_REFERRER
    )


def _refused(request: Request[Any, Any, Any], error: DomainError) -> Response[Any]:
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, LimitedError) else {}
    return failed(request, status_of(error), str(error), {**_NO_REFERRER, **headers})


ROUTES: list[ControllerRouterHandler] = [
    Router(path="/", route_handlers=[show_subscription, end_subscription], exception_handlers={DomainError: _refused})
]
