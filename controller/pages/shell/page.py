"""Answers of pages: HTML with its frame, a fragment of it for scripts, and redirects after forms."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import MediaType, Request, Response
from litestar.datastructures import Cookie
from litestar.template.base import csrf_token

from controller.decisions.access import GLOBAL, Permission, permits
from controller.http.auth import chosen_organization
from controller.http.services import Services
from controller.model import Principal
from controller.off_loop import off_loop
from controller.pages.shell.templates import render, render_fragment
from shared.clock import utc_now

THEME_COOKIE = "mailprobe_theme"
THEMES = ("light", "dark")
KEYS_COOKIE = "mailprobe_keys"
KEYS_OFF = "off"
CSRF_COOKIE = "mailprobe_csrf"

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Vary": "Accept, Accept-Encoding, Cookie",
}

_IN_URLS = "/?#[]@!$&'()*+,;=:%~-._"
LIVE_AT = "live_at"
"""The name in a request's state of the position in the stream of events that the page is true of."""

_WORTH_PACKING = 1024
_GZIP_LEVEL = 5


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What surrounds a page. `base` stands before every path, `section` names the entry of the navigation, and `live`
    is the path and query whose changes the page follows; None for a page that nothing changes. `at` is the position in
    the stream of events that it is true of.
    """

    title: str
    base: str
    section: str
    live: str | None
    now: datetime
    csrf: str
    theme: str | None = None
    keys: bool = True
    """Whether the person wants key shortcuts (WCAG 2.1.4)."""
    organization: str | None = None
    """The organization that a global role works in; None for all others."""
    principal: Principal | None
    at: str | None = None

    @property
    def is_global(self) -> bool:
        """Whether the person chooses the organization."""
        return self.principal is not None and self.principal.role in GLOBAL

    def may(self, permission: str) -> bool:
        """Whether the person may use this permission at all; templates leave out what it does not allow."""
        return self.principal is not None and permits(self.principal, Permission(permission))


async def page(
    request: Request[Any, Any, Any],
    template: str,
    view: msgspec.Struct | None,
    *,
    title: str,
    section: str = "",
    live: bool = False,
    status: HTTPStatus = HTTPStatus.OK,
    now: datetime | None = None,
    headers: dict[str, str] | None = None,
) -> Response[bytes]:
    """The page of this view; only its main part when the request accepts a fragment. `now` is the moment as of which
    the view is true.
    """
    frame = _frame(request, title, section, live=live, now=now)
    return await off_loop(_drawn, request, template, frame, view, status, headers)


def small_page(
    request: Request[Any, Any, Any],
    template: str,
    view: msgspec.Struct,
    *,
    title: str,
    status: HTTPStatus,
    headers: dict[str, str] | None = None,
) -> Response[bytes]:
    """The same, at once, for what answers errors and must not wait."""
    return _drawn(request, template, _frame(request, title), view, status, headers)


def _frame(
    request: Request[Any, Any, Any], title: str, section: str = "", *, live: bool = False, now: datetime | None = None
) -> Frame:
    address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    principal = request.scope.get("user")
    return Frame(
        title=title,
        base=base_of(request),
        section=section,
        live=address if live else None,
        at=str(at) if (at := request.scope["state"].get(LIVE_AT)) else None,
        now=now or utc_now(),
        # An error before the forms' middleware has run leaves no token but the one of the last page.
        csrf=csrf_token({"request": request}) or request.cookies.get(CSRF_COOKIE, ""),
        theme=theme_of(request),
        keys=keys_of(request),
        organization=chosen_organization(request),
        principal=principal if isinstance(principal, Principal) else None,
    )


def _drawn(
    request: Request[Any, Any, Any],
    template: str,
    frame: Frame,
    view: msgspec.Struct | None,
    status: HTTPStatus,
    headers: dict[str, str] | None,
) -> Response[bytes]:
    draw = render_fragment if wants_fragment(request) else render
    return html(request, draw(template, frame=frame, view=view), status=status, headers=headers)


def html(
    request: Request[Any, Any, Any],
    text: str,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    headers: dict[str, str] | None = None,
) -> Response[bytes]:
    """HTML with the headers of all pages, compressed where the browser takes that."""
    body, extra = text.encode(), {**HEADERS, **(headers or {})}
    if len(body) > _WORTH_PACKING and "gzip" in request.headers.get("accept-encoding", ""):
        body = gzip.compress(body, _GZIP_LEVEL)
        extra["Content-Encoding"] = "gzip"
    return Response(body, status_code=status, media_type=MediaType.HTML, headers=extra)


def see_other(request: Request[Any, Any, Any], path: str, *, set_cookies: Sequence[Cookie] = ()) -> Response[bytes]:
    """Send the browser to a path of ours, after a form was accepted. The path begins with one slash."""
    return Response(
        b"",
        status_code=HTTPStatus.SEE_OTHER,
        headers={**HEADERS, "Location": base_of(request) + quote(path, safe=_IN_URLS)},
        cookies=list(set_cookies),
    )


def own_path(text: str | None) -> str:
    """A path of ours that a link or a form gave; `/` when it is missing or leads elsewhere."""
    if text is None or not text.startswith("/") or text[1:2] in {"/", "\\"} or not text.isprintable():
        return "/"
    return text


def base_of(request: Request[Any, Any, Any]) -> str:
    """What stands before every path in a link: the path of MAILPROBE_PUBLIC_URL, or nothing."""
    services: Services = request.app.state.services
    return services.public_url.path


def theme_of(request: Request[Any, Any, Any]) -> str | None:
    """The theme that this browser has chosen; None is the system's."""
    theme = request.cookies.get(THEME_COOKIE)
    return theme if theme in THEMES else None


def keys_of(request: Request[Any, Any, Any]) -> bool:
    """Whether single keys are shortcuts in this browser."""
    return request.cookies.get(KEYS_COOKIE) != KEYS_OFF


def wants_fragment(request: Request[Any, Any, Any]) -> bool:
    """Whether a script of ours fetches the page again to refresh it."""
    return "fragment" in request.headers.get("accept", "")
