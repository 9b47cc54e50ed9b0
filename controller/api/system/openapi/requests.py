"""What the document says about requests: a whole example for each body, and the headers that clients may send."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec

from controller.api.system.openapi.vocabulary import OURS
from controller.http.problem_details import PROBLEM_JSON, ProblemDetails, details

_CHANGED, _UNCHANGED = str(HTTPStatus.PRECONDITION_FAILED.value), str(HTTPStatus.NOT_MODIFIED.value)
_NOT_MODIFIED = {"description": HTTPStatus.NOT_MODIFIED.phrase}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A text of the client's own for this request. The same request with the same key, within 24 hours,"
    " gets the answer of the first one, and does nothing more.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
_OTHER_REQUEST = "Idempotency-Key was sent before with another request: use another key"
_CONFLICT = {
    "description": HTTPStatus.CONFLICT.phrase,
    "content": {
        PROBLEM_JSON: {
            "schema": {"$ref": f"#/components/schemas/{ProblemDetails.__name__}"},
            "examples": {"example": {"value": msgspec.to_builtins(details(HTTPStatus.CONFLICT, _OTHER_REQUEST))}},
        }
    },
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of the state that the change is made for; 412 when it is another by now.",
    "schema": {"type": "string"},
}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of the answer that the client has; 304 without a body when it still holds.",
    "schema": {"type": "string"},
}


def with_unchanged(methods: dict[str, Any]) -> dict[str, Any]:
    """The operations of a path, with the answer 304 of its reads where a change may name a state by its ETag."""
    if "get" not in methods or not any(_CHANGED in operation["responses"] for operation in methods.values()):
        return methods
    read = methods["get"]
    return {**methods, "get": {**read, "responses": {**read["responses"], _UNCHANGED: _NOT_MODIFIED}}}


def with_request(
    method: str, path: str, operation: dict[str, Any], examples: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    headers = [header for header in _headers(method, path, operation) if header not in operation.get("parameters", [])]
    if _IDEMPOTENCY_KEY in headers:
        operation = {**operation, "responses": {"409": _CONFLICT, **operation["responses"]}}
    if headers:
        operation = {**operation, "parameters": [*operation.get("parameters", []), *headers]}
    if body := operation.get("requestBody"):
        content = {form: _with_example(described, examples) for form, described in body["content"].items()}
        operation = {**operation, "requestBody": {**body, "content": content}}
    return operation


def _headers(method: str, path: str, operation: dict[str, Any]) -> list[dict[str, Any]]:
    found = [_IDEMPOTENCY_KEY] if method == "post" and path.startswith(OURS) else []
    if _CHANGED in operation["responses"]:
        found.append(_IF_MATCH)
    if _UNCHANGED in operation["responses"]:
        found.append(_IF_NONE_MATCH)
    return found


def _with_example(described: dict[str, Any], examples: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    example = examples.get(described["schema"].get("$ref", "").rpartition("/")[2])
    return {**described, "examples": {"example": {"value": example}}} if example else described
