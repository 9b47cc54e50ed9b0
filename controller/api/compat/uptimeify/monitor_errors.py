"""The error texts in which groups of monitors differ (docs/compatibility.md, U1)."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response
from litestar.types import ExceptionHandlersMap

from controller.api.compat.uptimeify.monitor_group import UptimeifyGroup
from controller.errors import DomainError, NotFoundError, UnknownCustomerError
from controller.http.problems import from_domain


def error_handlers(group: UptimeifyGroup) -> ExceptionHandlersMap:
    """The exception handlers of all routes of the group."""
    return _missing(NotFoundError, group.not_found)


def create_error_handlers(group: UptimeifyGroup) -> ExceptionHandlersMap:
    """The exception handlers of the group's create route."""
    return _missing(UnknownCustomerError, group.unknown_customer) if group.unknown_customer else {}


def _missing(error: type[DomainError], text: str) -> ExceptionHandlersMap:
    """Answer this error with 404 and this text."""

    def handler(request: Request[Any, Any, Any], _: Exception) -> Response[Any]:
        return from_domain(request, NotFoundError(text))

    return {error: handler}
