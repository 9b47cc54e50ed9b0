"""The OpenAPI document, which describes every route with all its answers, errors included, and the pages beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response, Router
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, OpenAPI

from controller.api.asyncapi.routes import asyncapi_json, stream_page
from controller.api.system.openapi.completing import completed
from controller.api.system.schema_page import SchemaPage, with_policy
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SCHEMES
from controller.http.problem_details import ProblemDetails
from controller.http.problems import AlertSiteErrors, Problem, problem
from controller.long_lived import set_apart
from controller.off_loop import off_loop


class _MsgspecSchemas(JsonRenderPlugin):
    """Replaces Litestar's schemas of structs, which leave out enumerations, bounds and formats, by those of msgspec,
    and adds what holds for many routes.
    """

    def __init__(self, kinds: Sequence[type[msgspec.Struct]], public_url: str) -> None:
        super().__init__()
        self._kinds = kinds
        self._public_url = public_url
        self._rendered: bytes | None = None

    async def prepare(self, request: Request[Any, Any, Any]) -> None:
        """Before the first answer, because Litestar would put the document together on the event loop: it takes half a
        second of CPU.
        """
        if self._rendered is None:
            await off_loop(self._make, request)

    def _make(self, request: Request[Any, Any, Any]) -> None:
        if self._rendered is None:  # several may have waited for the first
            self._rendered = self._render(request, request.app.openapi_schema.to_schema())
            set_apart()

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return self._rendered or self._render(request, openapi_schema)

    def _render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return super().render(request, completed(openapi_schema, self._kinds, self._public_url))


@dataclass
class _RememberedDocument(OpenAPI):
    """Remembers its JSON, which takes a tenth of a second of CPU and which Litestar asks for on the event loop."""

    def __post_init__(self) -> None:
        self._kept: dict[str, Any] | None = None

    def to_schema(self) -> dict[str, Any]:
        if self._kept is None:
            self._kept = super().to_schema()
        return self._kept


@dataclass
class _RememberingConfig(OpenAPIConfig):
    def to_openapi_schema(self) -> _RememberedDocument:
        made = super().to_openapi_schema()
        return _RememberedDocument(**{field.name: getattr(made, field.name) for field in fields(made)})


def document(kinds: Sequence[type[msgspec.Struct]], public_url: str) -> OpenAPIConfig:
    """`kinds` are the bodies that the routes read and answer; structs inside them need not be listed. `public_url` is
    the server that the document names; empty: the one that it comes from.
    """
    schemas = _MsgspecSchemas([*kinds, Problem, AlertSiteErrors, ProblemDetails], public_url)

    async def prepare(request: Request[Any, Any, Any]) -> None:  # of a bound method Litestar would copy the object
        await schemas.prepare(request)

    return _RememberingConfig(
        title="Mailprobe",
        version="1",
        openapi_router=Router(
            "/schema",
            route_handlers=[asyncapi_json, stream_page],
            include_in_schema=False,
            opt={PERMISSION: Permission.PUBLIC},
            before_request=prepare,
            after_request=_finish_page,
        ),
        render_plugins=[SchemaPage(), schemas],
        components=Components(security_schemes={**SCHEMES}),
        create_examples=False,
    )


def _finish_page(response: Response[Any]) -> Response[Any]:
    """Add the content policy, and replace Litestar's own page for a path that does not exist."""
    if response.status_code == HTTPStatus.NOT_FOUND:
        return problem(HTTPStatus.NOT_FOUND, HTTPStatus.NOT_FOUND.phrase)
    return with_policy(response)
