"""What one type of monitor says where the others say something else of the same error (api.md, rule 1)."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response
from litestar.types import ExceptionHandlersMap

from controller.api.compat.uptimeify.monitors.kinds import Group
from controller.api.http.problems import from_domain
from controller.errors import DomainError, NotFoundError, UnknownCustomerError


def in_words_of(group: Group) -> ExceptionHandlersMap:
    """The exception handlers of all routes of the group."""
    return _missing(NotFoundError, group.not_found)


def unknown_customer_of(group: Group) -> ExceptionHandlersMap:
    """Those of its route that creates."""
    return _missing(UnknownCustomerError, group.unknown_customer) if group.unknown_customer else {}


def _missing(error: type[DomainError], text: str) -> ExceptionHandlersMap:
    """Answer this error with 404 and this text."""

    def handler(request: Request[Any, Any, Any], _: Exception) -> Response[Any]:
        return from_domain(request, NotFoundError(text))

    return {error: handler}
