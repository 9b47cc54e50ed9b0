"""What routes say of their answers in the OpenAPI document."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from litestar.openapi import ResponseSpec
from litestar.openapi.spec import Example

from controller.http.problems import Problem

_GUARDED = {400: "Invalid organizationId", 401: "Unauthorized"}
_ALWAYS = {
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "The database is not available; try again",
}
_WITH_BODY = {413: "Request Entity Too Large", 415: "Unsupported Media Type"}


def refusals(*, body: bool = False, token: bool = True, **texts: str) -> dict[int, ResponseSpec]:
    """The error answers of a route: those of every route, and `texts` by status, as in `s404="Not found"`."""
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
