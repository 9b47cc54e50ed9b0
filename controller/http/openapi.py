"""What routes say of their answers in the OpenAPI document: `refusals` of the vendors' groups, `problems` of ours."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
from litestar import MediaType
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import Example

from controller.http.problem_details import PROBLEM_JSON, ProblemDetails, details
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
    return {
        status: answers(Problem, HTTPStatus(status).phrase, _problem(status, text))
        for status, text in _messages(body, token, texts).items()
    }


def problems(*, body: bool = False, token: bool = True, **texts: str) -> dict[int, ResponseSpec]:
    """The same for the routes of our own API."""
    return {
        status: answers(
            ProblemDetails, HTTPStatus(status).phrase, msgspec.to_builtins(details(status, text)), PROBLEM_JSON
        )
        for status, text in _messages(body, token, texts).items()
    }


def _messages(body: bool, token: bool, texts: dict[str, str]) -> dict[int, str]:
    messages = (_GUARDED if token else {}) | _ALWAYS | (_WITH_BODY if body else {})
    return messages | {int(name.removeprefix("s")): text for name, text in texts.items()}


def answers(kind: Any, description: str, example: object, media_type: MediaType | str = MediaType.JSON) -> ResponseSpec:
    return ResponseSpec(
        data_container=kind,
        generate_examples=False,
        description=description,
        examples=[Example(value=example)],
        media_type=media_type,
    )


def _problem(status: int, message: str) -> dict[str, Any]:
    return {"statusCode": status, "statusMessage": HTTPStatus(status).phrase, "message": message}
