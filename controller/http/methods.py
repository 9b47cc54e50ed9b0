"""What every path answers without a handler of its own: HEAD wherever there is GET, and OPTIONS (RFC 9110, 9.3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from http import HTTPStatus
from typing import cast

from litestar.routes.base import BaseRoute
from litestar.types import ASGIApp, Message, Receive, Scope, Send

_WHOLE_SERVER = "*"


def with_head_and_options(application: ASGIApp, routes: Iterable[BaseRoute]) -> ASGIApp:
    """The application, wrapped so that HEAD is answered as GET without the body, and that the header Allow of each
    answer names every method of its path: Litestar's names those of one handler, or leaves out HEAD.
    """
    methods: dict[str, set[str]] = defaultdict(set)
    for route in routes:
        methods[_nameless(route.path_format)].update(map(str, route.methods))
    everywhere = _listed({method for one in methods.values() for method in one})

    async def answering_application(scope: Scope, receive: Receive, send: Send) -> None:
        method = scope.get("method")
        if method == "OPTIONS" and scope["path"] == _WHOLE_SERVER:
            headers = [(b"allow", everywhere)]
            await send({"type": "http.response.start", "status": HTTPStatus.NO_CONTENT, "headers": headers})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        elif method == "HEAD":
            as_get = cast("Scope", {**scope, "method": "GET"})
            await application(as_get, receive, _Head(scope, as_get, send))
        else:

            async def send_with_methods(message: Message) -> None:
                if message["type"] == "http.response.start":
                    message["headers"] = [
                        (name, _allow(scope, value, methods) if name.lower() == b"allow" else value)
                        for name, value in message["headers"]
                    ]
                await send(message)

            await application(scope, receive, send_with_methods)

    return answering_application


class _Head:
    """Sends the head of an answer, and ends the answer there: what streams its body finds its client gone."""

    def __init__(self, scope: Scope, as_get: Scope, send: Send) -> None:
        self._scope = scope
        self._as_get = as_get
        self._send = send
        self._sent = False

    async def __call__(self, message: Message) -> None:
        if self._sent:
            return
        self._sent = True
        if "path_template" in self._as_get:  # by which requests are counted
            self._scope["path_template"] = self._as_get["path_template"]
        await self._send(message)
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})


def _allow(scope: Scope, given: bytes, methods: dict[str, set[str]]) -> bytes:
    template = scope.get("path_template")  # a path without the method of the request has none
    known = methods.get(_nameless(template)) if isinstance(template, str) else None
    return _listed(known or {method.strip() for method in given.decode().split(",")})


def _listed(methods: set[str]) -> bytes:
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set()))).encode()


def _nameless(path: str) -> str:
    """Paths that differ in the names of their parameters only are one path."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))
