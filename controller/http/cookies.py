"""The cookies of people's browsers, and what their sessions are recognized by."""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie

from controller.http.services import Services
from shared.secret import Secret

SESSION = "mailprobe_session"
ORGANIZATION = "mailprobe_organization"
"""The number of the organization that a global role has chosen for its pages."""

SCREEN = "mailprobe_screen"
"""The token of a screen on a wall. Browsers send it to SCREEN_PATH only."""
SCREEN_PATH = "/wall/screen"

_LONGEST_NAME = 200
_LONGEST_LIFE = 400 * 24 * 3600
"""What browsers cut longer lives to."""


def session_cookie(request: Request[Any, Any, Any], secret: str) -> Cookie:
    """A session cookie without an end of its own; the server ends the session."""
    return own_cookie(request, SESSION, secret)


def screen_cookie(request: Request[Any, Any, Any], token: str) -> Cookie:
    """The cookie of a screen, which the server checks at each use."""
    services: Services = request.app.state.services
    path = services.public_url.path + SCREEN_PATH
    return own_cookie(request, SCREEN, token, max_age=_LONGEST_LIFE, path=path)


def screen_url(request: Request[Any, Any, Any], token: Secret) -> str:
    """What a screen opens. The token is in the fragment, which browsers send to nobody."""
    services: Services = request.app.state.services
    return f"{services.public_url.url}{SCREEN_PATH}#screen={token.reveal()}"


def own_cookie(
    request: Request[Any, Any, Any], name: str, value: str, *, max_age: int | None = None, path: str = "/"
) -> Cookie:
    """A cookie that scripts cannot read and pages of other sites cannot use; for HTTPS only where people have that."""
    services: Services = request.app.state.services
    return Cookie(
        name,
        value=value,
        path=path,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https" or services.public_url.encrypted,
        max_age=max_age,
    )


def ended(request: Request[Any, Any, Any], name: str) -> Cookie:
    """Makes the browser forget a cookie."""
    return own_cookie(request, name, "", max_age=0)


def user_agent_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """What the browser calls itself, as far as it can be shown."""
    name = "".join(filter(str.isprintable, connection.headers.get("user-agent", "")))[:_LONGEST_NAME]
    return name or None
