"""The OpenAPI document, which describes every route with all its answers, errors included, and the pages beside it."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response, Router
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components

from controller.api.asyncapi.routes import asyncapi_json, stream_page
from controller.api.system.schema_page import SchemaPage, with_policy
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SCHEMES
from controller.http.problems import AlertSiteErrors, Problem, problem


class _MsgspecSchemas(JsonRenderPlugin):
    """Replaces Litestar's schemas of structs, which leave out enumerations, bounds and formats, by those of msgspec."""

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
            # Bodies whose fields are all optional, so that all mistakes are reported at once, list what they need.
            schemas[kind.__name__] |= {"required": [*fields]} if (fields := getattr(kind, "REQUIRED", ())) else {}
        components = {**openapi_schema["components"], "schemas": schemas}
        return super().render(request, {**openapi_schema, "components": components})


def document(kinds: Sequence[type[msgspec.Struct]]) -> OpenAPIConfig:
    """`kinds` are the bodies that the routes read and answer; structs inside them need not be listed."""
    return OpenAPIConfig(
        title="Mailprobe",
        version="1",
        description="Monitors of mail services, checked from several countries.",
        openapi_router=Router(
            "/schema",
            route_handlers=[asyncapi_json, stream_page],
            include_in_schema=False,
            opt={PERMISSION: Permission.PUBLIC},
            after_request=_finish_page,
        ),
        render_plugins=[SchemaPage(), _MsgspecSchemas([*kinds, Problem, AlertSiteErrors])],
        components=Components(security_schemes={**SCHEMES}),
        create_examples=False,
    )


def _finish_page(response: Response[Any]) -> Response[Any]:
    """Add the content policy, and replace Litestar's own page for a path that does not exist."""
    if response.status_code == HTTPStatus.NOT_FOUND:
        return problem(HTTPStatus.NOT_FOUND, HTTPStatus.NOT_FOUND.phrase)
    return with_policy(response)
