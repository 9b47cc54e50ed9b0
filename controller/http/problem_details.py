"""The errors of our own API, `/api/v1`: problem details as in RFC 9457, with every field that is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Response

from controller.errors import InvalidError

OURS = "/api/v1"
PROBLEM_JSON = "application/problem+json"


class FieldProblem(msgspec.Struct, frozen=True, kw_only=True):
    """A value that is wrong: the path of its `field` in the body, or the name of a parameter, and the `rule` that it
    breaks. `message` is both as a sentence.
    """

    field: str
    rule: str
    message: str


class ProblemDetails(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of every error below /api/v1 (RFC 9457). `detail` is for people. `errors` lists all values that are
    wrong. `current` is the object as it is now, where If-Match named another state of it.
    """

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = []
    current: Any = None


def is_ours(path: str) -> bool:
    return path == OURS or path.startswith(f"{OURS}/")


def problem_details(
    status: HTTPStatus | int,
    detail: str,
    *,
    errors: Sequence[InvalidError] = (),
    current: object = None,
    headers: dict[str, str] | None = None,
) -> Response[ProblemDetails]:
    body = details(status, detail, errors, current)
    return Response(body, status_code=int(status), media_type=PROBLEM_JSON, headers=headers)


def details(
    status: HTTPStatus | int, detail: str, errors: Sequence[InvalidError] = (), current: object = None
) -> ProblemDetails:
    return ProblemDetails(
        type="about:blank",
        title=HTTPStatus(status).phrase,
        status=int(status),
        detail=detail,
        errors=[FieldProblem(field=each.field, rule=each.rule, message=str(each)) for each in errors],
        current=current,
    )
