"""The OpenAPI document: complete and true for every route, errors included."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response, Router
from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, Example

from controller.api.asyncapi.routes import asyncapi_json, stream_page
from controller.api.http.auth import PERMISSION, SCHEMES
from controller.api.http.problems import AlertSiteErrors, Problem, problem
from controller.api.system.schema_page import SchemaPage, with_policy
from controller.decisions.access import Permission


class _MsgspecSchemas(JsonRenderPlugin):
    """Litestar's own schemas of structs leave out enumerations, bounds and formats, so msgspec's take their place."""

    def __init__(self, kinds: Sequence[type[msgspec.Struct]]) -> None:
        super().__init__()
        self._kinds = kinds
        self._rendered: bytes | None = None

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        if self._rendered is None:
            self._rendered = self._render(request, openapi_schema)
        return self._rendered

    def _render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        _, schemas = msgspec.json.schema_components(self._kinds, ref_template="#/components/schemas/{name}")
        for kind in self._kinds:
            # A body that is taken in as it is, to tell all mistakes at once, names here what it cannot do without.
            schemas[kind.__name__] |= {"required": [*fields]} if (fields := getattr(kind, "REQUIRED", ())) else {}
        components = {**openapi_schema["components"], "schemas": schemas}
        return super().render(request, {**openapi_schema, "components": components})


def document(kinds: Sequence[type[msgspec.Struct]]) -> OpenAPIConfig:
    """`kinds` are the bodies that the routes read and answer; structs inside them need not be named."""
    return OpenAPIConfig(
        title="Mailprobe",
        version="1",
        description="Monitors of mail services, checked from several countries.",
        openapi_router=Router(
            "/schema",
            route_handlers=[asyncapi_json, stream_page],
            include_in_schema=False,
            opt={PERMISSION: Permission.PUBLIC},
            after_request=_in_form,
        ),
        render_plugins=[SchemaPage(), _MsgspecSchemas([*kinds, Problem, AlertSiteErrors])],
        components=Components(security_schemes={**SCHEMES}),
        create_examples=False,
    )


def _in_form(response: Response[Any]) -> Response[Any]:
    """Litestar has a page of its own for what is not there."""
    if response.status_code == HTTPStatus.NOT_FOUND:
        return problem(HTTPStatus.NOT_FOUND, HTTPStatus.NOT_FOUND.phrase)
    return with_policy(response)


_GUARDED = {400: "Invalid organizationId", 401: "Unauthorized"}
_ALWAYS = {
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "The database is away; try again",
}
_WITH_BODY = {413: "Request Entity Too Large", 415: "Unsupported Media Type"}


def refusals(*, body: bool = False, token: bool = True, **texts: str) -> dict[int, ResponseSpec]:
    """The error answers of a route: those every route may give, and `texts` as `s404="Not found"`."""
    messages = (_GUARDED if token else {}) | _ALWAYS | (_WITH_BODY if body else {})
    messages |= {int(name.removeprefix("s")): text for name, text in texts.items()}
    return {
        status: answers(Problem, HTTPStatus(status).phrase, _problem(status, text)) for status, text in messages.items()
    }


def answers(kind: Any, description: str, example: object) -> ResponseSpec:
    return ResponseSpec(
        data_container=kind, generate_examples=False, description=description, examples=[Example(value=example)]
    )


def _problem(status: int, message: str) -> dict[str, Any]:
    return {"statusCode": status, "statusMessage": HTTPStatus(status).phrase, "message": message}
