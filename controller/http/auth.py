"""Finds out who the caller is and whether it may use the route, and counts the request against its rate limit.

A caller sends an API token or an access token in the Authorization header (RFC 6750 section 2.1), or the cookie of a
session. All this happens before the body is read.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from litestar import Litestar
from litestar.connection import ASGIConnection, Request
from litestar.handlers import BaseRouteHandler
from litestar.openapi.spec import SecurityScheme
from litestar.types import Message, Scope

from controller.decisions.access import GLOBAL, Permission, may_read_metrics, permits
from controller.errors import ForbiddenError, InvalidError, LimitedError, OtherSiteError, UnauthenticatedError
from controller.http import cookies
from controller.http.identifiers import is_uuid
from controller.http.services import Services
from controller.model import Principal
from controller.operations.accounts.limits import Quota, RequestLimits, network_of
from controller.store.accounts import organizations, sessions, tokens
from controller.store.accounts.screens import ScreenAccess, access_of, screen_digest

SECURITY_SCHEME = "bearerToken"
COOKIE_SCHEME = "sessionCookie"
SECURITY: list[dict[str, list[str]]] = [{SECURITY_SCHEME: []}, {COOKIE_SCHEME: []}]
"""The OpenAPI security of a route that is not public: either scheme is enough."""
SCHEMES = {
    SECURITY_SCHEME: SecurityScheme(
        type="http",
        scheme="bearer",
        description="An API token (`wsm_…`), or an access token of `/api/v3/access-tokens`.",
    ),
    COOKIE_SCHEME: SecurityScheme(
        type="apiKey", security_scheme_in="cookie", name=cookies.SESSION, description="From `POST /api/session`."
    ),
}

PERMISSION = "permission"
"""A route's opt that names the Permission it needs."""
UNCOUNTED = "uncounted"
"""A route with this opt does not count against a rate limit: health and metrics. Refused logins count all the same, and
the requests of a machine's own token never do."""
COUNTED_APART = "counted_apart"
"""A route with this opt has a rate limit of its own, this many requests a minute, for callers that are known: streams,
whose clients all reconnect at once."""

FOR_PEOPLE = "for_people"
"""A route with this opt is a page: a global role names its organization by a cookie, and `chosen_organization` returns
its name."""

SCREENS = "screens"
"""A route with this opt is for screens on walls and for nobody else: only the cookie of a screen opens it."""

_ACCESS_TOKEN = re.compile(r"[0-9a-f]{32}")
_ORGANIZATION = re.compile(r"[0-9]{1,18}")
_NONE = 0
"""A number that routes refuse with a text of their own."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_QUOTA = "quota"
_IPV4_MAPPED = "::ffff:"
_CHOSEN = "chosen_organization"


async def requires_permission(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """The guard of every route; it runs before the body is read.

    Raises UnauthenticatedError, ForbiddenError, LimitedError, InvalidError, StoreUnavailableError.
    """
    permission = handler.opt.get(PERMISSION)
    if permission is None or connection.scope.get("user") is not None:
        return  # Litestar's own answer to OPTIONS; every other route declares a permission (require_permissions)
    services: Services = connection.app.state.services
    limits: RequestLimits = connection.app.state.limits
    if permission is Permission.READ_METRICS and _has_metrics_token(connection, services):
        return
    identify = _screen_principal if handler.opt.get(SCREENS) else _principal
    principal = None if permission is Permission.PUBLIC else await identify(connection, services)
    stranger = principal is None and permission is not Permission.PUBLIC
    uncounted = handler.opt.get(UNCOUNTED) or (principal is not None and principal.machine)
    if stranger or not uncounted:
        apart = None if principal is None else handler.opt.get(COUNTED_APART)
        quota = await limits.admit(_rate_key(principal, connection), apart=apart)
        connection.scope["state"][_QUOTA] = quota
        if quota is not None and quota.remaining < 0:
            raise LimitedError(HTTPStatus.TOO_MANY_REQUESTS.phrase, quota.seconds_left)
    if permission is Permission.PUBLIC:
        return
    if principal is None:
        raise UnauthenticatedError
    in_organization = _in_chosen_organization if handler.opt.get(FOR_PEOPLE) else _in_organization
    principal = await in_organization(principal, connection, services)
    if not permits(principal, permission):
        raise ForbiddenError
    if permission is Permission.READ_METRICS and not await _may_read_metrics(principal, services):
        raise ForbiddenError
    connection.scope["user"] = msgspec.structs.replace(principal, address=address_of(connection))


def given_principal(request: Request[Principal, Any, Any]) -> Principal:
    """The caller, as the guard identified it."""
    return request.user


async def person_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Principal | None:
    """Who is logged in, on a public route, which the guard identifies nobody for. Raises StoreUnavailableError."""
    secret = connection.cookies.get(cookies.SESSION)
    services: Services = connection.app.state.services
    return None if secret is None else await sessions.principal_of(services.database, secret, cookie=True)


async def screen_of(connection: ASGIConnection[Any, Any, Any, Any]) -> ScreenAccess | None:
    """What the screen may read whose cookie came along; None without a known one. Raises StoreUnavailableError."""
    token = connection.cookies.get(cookies.SCREEN)
    services: Services = connection.app.state.services
    return None if token is None else await access_of(services.database, token, address=address_of(connection))


def chosen_organization(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """The name of the organization that a page is about, for a global role that works in one; else None."""
    name: str | None = connection.scope["state"].get(_CHOSEN)
    return name


def credential_of(request: Request[Principal, Any, Any]) -> bytes:
    """The SHA-256 that the store keeps of the token that the guard accepted, or of the cookie without a token."""
    if request.user.screen_id is not None:
        return screen_digest(request.cookies[cookies.SCREEN])
    header = request.headers.get("authorization")
    return tokens.digest(request.cookies[cookies.SESSION] if header is None else header.partition(" ")[2].strip())


def require_permissions(application: Litestar) -> None:
    """Raises LookupError for the first route that declares no permission, so that no route is open by mistake."""
    for route in application.routes:
        handlers: Iterable[BaseRouteHandler] = getattr(route, "route_handlers", ())
        for handler in handlers:
            if PERMISSION not in handler.opt and getattr(handler, "http_methods", None) != {"OPTIONS"}:
                raise LookupError(f"{route.path} ({handler}) declares no permission")


async def add_quota_headers(message: Message, scope: Scope) -> None:
    """Adds to each counted answer how many requests are left (docs/compatibility.md, U20)."""
    quota: Quota | None = scope.get("state", {}).get(_QUOTA)
    if quota is not None and message["type"] == "http.response.start":
        headers = {"x-ratelimit-limit": quota.limit, "x-ratelimit-remaining": max(0, quota.remaining)}
        message["headers"] = [
            *message["headers"],
            *((name.encode(), str(value).encode()) for name, value in headers.items()),
        ]


def require_same_origin(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """Refuses a write that a page of another site sends: browsers add our cookie to it, and name the page's origin.

    Sec-Fetch-Site decides when it is sent, else Origin, which browsers send with every write. A proxy may have replaced
    Host, so the public URL counts as ours too. Raises OtherSiteError.
    """
    site = connection.headers.get("sec-fetch-site")
    origin = connection.headers.get("origin")
    if site is not None:
        same = site in {"same-origin", "none"}
    else:
        services: Services = connection.app.state.services
        ours = {connection.headers.get("host", ""), urlsplit(services.public_url.url).netloc} - {""}
        same = origin is None or urlsplit(origin).netloc in ours
    if not same:
        raise OtherSiteError


def address_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The client's address, as a trusted proxy gives it; "unknown" without one."""
    host = connection.client.host if connection.client else ""
    return host.removeprefix(_IPV4_MAPPED) or "unknown"


async def _principal(connection: ASGIConnection[Any, Any, Any, Any], services: Services) -> Principal | None:
    header = connection.headers.get("authorization")
    if header is not None:
        scheme, _, token = header.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer":
            return None
        if token.startswith(tokens.TOKEN_PREFIX):
            return await tokens.principal_of(services.database, token)
        if _ACCESS_TOKEN.fullmatch(token):
            return await sessions.principal_of(services.database, token, cookie=False)
        return None
    cookie = connection.cookies.get(cookies.SESSION)
    if cookie is None:
        return None
    if connection.scope.get("method") not in _SAFE:
        require_same_origin(connection)
    return await sessions.principal_of(services.database, cookie, cookie=True)


async def _screen_principal(connection: ASGIConnection[Any, Any, Any, Any], _: Services) -> Principal | None:
    found = await screen_of(connection)
    return None if found is None or found.revoked else found.principal


def _has_metrics_token(connection: ASGIConnection[Any, Any, Any, Any], services: Services) -> bool:
    """Whether the metrics token came along. It needs no database, so metrics can be read while that is away."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if services.metrics_token is None or scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(token.strip().encode(), services.metrics_token.reveal().encode())


async def _may_read_metrics(principal: Principal, services: Services) -> bool:
    here = principal.works_in
    operating = here is not None and await organizations.is_operating(services.database, here)
    return may_read_metrics(principal, operating=operating)


def _rate_key(principal: Principal | None, connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    return f"address:{network_of(address_of(connection))}" if principal is None else principal.name


async def _in_organization(
    principal: Principal, connection: ASGIConnection[Any, Any, Any, Any], services: Services
) -> Principal:
    """The caller in the organization that `organizationId` names, which only global roles may choose. Others must not
    change their own one when they name another. Raises InvalidError, ForbiddenError.
    """
    named = connection.query_params.get("organizationId")
    if named is None:
        return principal
    if principal.role not in GLOBAL:
        number = int(named) if _ORGANIZATION.fullmatch(named) else principal.works_in
        if is_uuid(named):
            own = await organizations.by_public_id(services.database, principal.works_in, UUID(named))
            number = None if own is None else own.id
        if number not in {_NONE, principal.works_in}:
            raise ForbiddenError
        return principal
    found = None
    if is_uuid(named):
        found = await organizations.by_public_id(services.database, None, UUID(named))
    elif _ORGANIZATION.fullmatch(named):
        found = await organizations.by_id(services.database, int(named))
    if found is None:
        rule = "must be the public UUID or the number of an organization"
        raise InvalidError("organizationId", rule, message="Invalid organizationId")
    return msgspec.structs.replace(principal, works_in=found.id)


async def _in_chosen_organization(
    principal: Principal, connection: ASGIConnection[Any, Any, Any, Any], services: Services
) -> Principal:
    """The caller in the organization that the browser's cookie names. One that is gone counts as none."""
    if principal.role not in GLOBAL:
        return principal
    named = connection.cookies.get(cookies.ORGANIZATION, "")
    number = int(named) if _ORGANIZATION.fullmatch(named) else principal.works_in
    found = None if number is None else await organizations.by_id(services.database, number)
    if found is None and number != principal.works_in and principal.works_in is not None:
        found = await organizations.by_id(services.database, principal.works_in)
    if found is None:
        return principal
    connection.scope["state"][_CHOSEN] = found.name
    return msgspec.structs.replace(principal, works_in=found.id)
