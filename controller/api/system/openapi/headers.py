"""The headers of answers, for all operations."""

from __future__ import annotations

from typing import Any

from controller.api.system.openapi.vocabulary import OURS

_TEXT = {"type": "string"}
_NUMBER = {"type": "integer", "minimum": 0}

HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-Id": {
        "description": "The id of the request in our log: the client's own, or a new one.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"},
    },
    "X-RateLimit-Limit": {
        "description": "How many requests a minute the caller may send; left out where there is no limit.",
        "schema": _NUMBER,
    },
    "X-RateLimit-Remaining": {"description": "How many of them are left in this minute.", "schema": _NUMBER},
    "Retry-After": {
        "description": "After how many seconds to try again.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "ETag": {
        "description": "Names this state of the object, for If-Match and If-None-Match.",
        "schema": _TEXT,
        "required": True,
    },
    "Location": {"description": "The path of the new object.", "schema": _TEXT, "required": True},
    "Idempotent-Replayed": {
        "description": "true where this is the answer of an earlier request with the same Idempotency-Key.",
        "schema": {"type": "string", "enum": ["true"]},
    },
}
"""The components that answers refer to."""

_LATER = frozenset({"429", "503"})
_WITHOUT_BODY = frozenset({"204", "304"})
_TAGGED = frozenset({"200", "304"})
_DONE = "2"


def with_headers(method: str, path: str, operation: dict[str, Any]) -> dict[str, Any]:
    responses = {}
    for status, response in operation["responses"].items():
        names = ["X-Request-Id"]
        names += ["X-RateLimit-Limit", "X-RateLimit-Remaining"] if operation.get("security") else []
        names += ["Retry-After"] if status in _LATER else []
        names += _of_ours(method, status, operation) if path.startswith(OURS) else []
        headers = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
        kept = {name: value for name, value in response.items() if name != "content" or status not in _WITHOUT_BODY}
        responses[status] = {**kept, "headers": headers | response.get("headers", {})}
    return {**operation, "responses": responses}


def _of_ours(method: str, status: str, operation: dict[str, Any]) -> list[str]:
    tagged = bool({"304", "412"} & operation["responses"].keys())
    found = ["Location", "ETag"] if status == "201" else []
    found += ["ETag"] if tagged and status in _TAGGED else []
    found += ["Idempotent-Replayed"] if method == "post" and status.startswith(_DONE) else []
    return found
