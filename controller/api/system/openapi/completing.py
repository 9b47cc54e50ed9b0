"""The OpenAPI document with everything that holds for many routes: components, examples, headers, tags, servers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from controller.api.system.openapi.components import schemas_of
from controller.api.system.openapi.headers import HEADERS, with_headers
from controller.api.system.openapi.requests import with_request, with_unchanged
from controller.api.system.openapi.tags import tags_of
from controller.api.system.openapi.vocabulary import DESCRIPTION, LICENCE


def completed(described: dict[str, Any], kinds: Sequence[type[msgspec.Struct]], public_url: str = "") -> dict[str, Any]:
    """`described` is Litestar's document, `kinds` are the bodies that the routes read and answer. Without `public_url`
    the server is the one that the document came from.
    """
    examples = {kind.__name__: example for kind in kinds if (example := getattr(kind, "EXAMPLE", None))}
    paths = {
        path: {
            method: with_headers(method, path, with_request(method, path, operation, examples))
            for method, operation in with_unchanged(methods).items()
        }
        for path, methods in described["paths"].items()
    }
    return {
        **described,
        "info": {**described["info"], "description": DESCRIPTION, "license": LICENCE},
        "servers": [{"url": public_url or "/", "description": "This installation"}],
        "tags": tags_of(paths),
        "paths": paths,
        "components": {**described["components"], "schemas": schemas_of(kinds), "headers": HEADERS},
    }
