"""`X-Request-Id`: names a request in its answer and in every log line that is written while it is handled."""

from __future__ import annotations

import re
import secrets

import structlog
from litestar.types import ASGIApp, Message, Receive, Scope, Send

HEADER = b"x-request-id"

_TAKEN = re.compile(rb"[A-Za-z0-9._-]{1,128}")


def with_request_ids(application: ASGIApp) -> ASGIApp:
    """The application, wrapped so that each request has an id: the client's or the proxy's own, if it is 1 to 128
    letters, digits, dots, hyphens or underscores, else a new one.
    """

    async def identifying_application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method") is None:  # a lifespan scope
            await application(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == HEADER), b"")
        request_id = given if _TAKEN.fullmatch(given) else secrets.token_hex(16).encode()

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (HEADER, request_id)]
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id.decode()):
            await application(scope, receive, send_with_id)

    return identifying_application
