"""Refusals that the vendor's pages give a code in the body, as `"data": {"code": "mixedCustomers"}`."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from litestar import Request, Response
from litestar.types import ExceptionHandlersMap

from controller.errors import InvalidError
from controller.http.problems import Problem, problem


class CodedError(InvalidError):
    """A refusal with the vendor's `code`."""

    def __init__(self, code: str, field: str, rule: str) -> None:
        super().__init__(field, rule)
        self.code = code


def _answer(_: Request[Any, Any, Any], error: CodedError) -> Response[Problem]:
    return problem(HTTPStatus.BAD_REQUEST, str(error), status_message=error.code, data={"code": error.code})


CODED: ExceptionHandlersMap = {CodedError: _answer}
"""The exception handlers of routes that raise it."""
