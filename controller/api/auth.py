"""Who asks: a bearer token in the Authorization header (RFC 6750 section 2.1). Routes that need one carry the guard."""

from __future__ import annotations

from typing import Any

from litestar.connection import ASGIConnection, Request
from litestar.handlers import BaseRouteHandler

from controller.api.services import Services
from controller.errors import UnauthenticatedError
from controller.model import Principal
from controller.store.accounts import TOKEN_PREFIX, principal_of

SECURITY_SCHEME = "bearerToken"


async def requires_token(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """A guard runs before the body is read. Raises UnauthenticatedError, StoreUnavailableError."""
    services: Services = connection.app.state.services
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    token = token.strip()
    principal = None
    if scheme.lower() == "bearer" and token.startswith(TOKEN_PREFIX):
        principal = await principal_of(services.database, token)
    if principal is None:
        raise UnauthenticatedError
    connection.scope["user"] = principal


def given_principal(request: Request[Principal, Any, Any]) -> Principal:
    """Who asks, as the guard found."""
    return request.user
