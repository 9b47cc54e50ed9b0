"""The OpenAPI document: complete and true for every route, errors included."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request
from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, Example, SecurityScheme

from controller.api.auth import SECURITY_SCHEME
from controller.api.problems import Problem


class _MsgspecSchemas(JsonRenderPlugin):
    """Litestar's own schemas of structs leave out enumerations, bounds and formats, so msgspec's take their place."""

    def __init__(self, kinds: Sequence[type[msgspec.Struct]]) -> None:
        super().__init__()
        self._kinds = kinds

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        _, schemas = msgspec.json.schema_components(self._kinds, ref_template="#/components/schemas/{name}")
        components = {**openapi_schema["components"], "schemas": schemas}
        return super().render(request, {**openapi_schema, "components": components})


def document(kinds: Sequence[type[msgspec.Struct]]) -> OpenAPIConfig:
    """`kinds` are the bodies that the routes read and answer; structs inside them need not be named."""
    return OpenAPIConfig(
        title="Mailprobe",
        version="1",
        description="Monitors of mail services, checked from several countries.",
        path="/schema",
        render_plugins=[_MsgspecSchemas([*kinds, Problem])],
        components=Components(security_schemes={SECURITY_SCHEME: SecurityScheme(type="http", scheme="bearer")}),
        create_examples=False,
    )


_ALWAYS = {
    401: "Unauthorized",
    500: "Internal Server Error",
    503: "The database is away; try again",
}
_WITH_BODY = {413: "Request Entity Too Large", 415: "Unsupported Media Type"}


def refusals(*, body: bool = False, token: bool = True, **texts: str) -> dict[int, ResponseSpec]:
    """The error answers of a route: those every route may give, and `texts` as `s404="Not found"`."""
    messages = dict(_ALWAYS) if token else {status: text for status, text in _ALWAYS.items() if status != 401}
    messages |= _WITH_BODY if body else {}
    messages |= {int(name.removeprefix("s")): text for name, text in texts.items()}
    return {
        status: answers(Problem, HTTPStatus(status).phrase, _problem(status, text)) for status, text in messages.items()
    }


def answers(kind: type[Any], description: str, example: object) -> ResponseSpec:
    return ResponseSpec(
        data_container=kind, generate_examples=False, description=description, examples=[Example(value=example)]
    )


def _problem(status: int, message: str) -> dict[str, Any]:
    return {"statusCode": status, "statusMessage": HTTPStatus(status).phrase, "message": message}
