"""The one place that makes HTTP answers of what went wrong: one body for every error, and AlertSite's own below its
path; for unknown paths and methods as well.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any, TypeAlias

import msgspec
import structlog
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap

from controller import errors
from controller.store.platform.pool import StoreUnavailableError
from shared.nats.errors import BusError

log = structlog.get_logger()

RETRY_AFTER_SECONDS = 2

ALERTSITE = "/api/v3"
RECORD_NOT_FOUND = "Record not found"
INVALID_REQUEST = "invalid_request - "

DETAIL_IN_STATUS = "detail_in_status"
"""A route with this opt says the detail in statusMessage too, as one vendor's page does (api.md, rule 15)."""
FAILED = "failed"
"""A route with this opt says this when it fails by our own fault."""

_STATUS: dict[type[errors.DomainError], HTTPStatus] = {
    errors.InvalidError: HTTPStatus.BAD_REQUEST,
    errors.UnknownCustomerError: HTTPStatus.BAD_REQUEST,
    errors.NoEligibleLocationsError: HTTPStatus.BAD_REQUEST,
    errors.UnauthenticatedError: HTTPStatus.UNAUTHORIZED,
    errors.LoginRefusedError: HTTPStatus.UNAUTHORIZED,
    errors.ForbiddenError: HTTPStatus.FORBIDDEN,
    errors.OrganizationRequiredError: HTTPStatus.BAD_REQUEST,
    errors.TakenError: HTTPStatus.CONFLICT,
    errors.OverError: HTTPStatus.CONFLICT,
    errors.LimitedError: HTTPStatus.TOO_MANY_REQUESTS,
    errors.NotFoundError: HTTPStatus.NOT_FOUND,
    errors.NoActiveLocationsError: HTTPStatus.INTERNAL_SERVER_ERROR,
}


class Problem(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The body of every error. `message` names the field and the rule where a value is refused."""

    status_code: int
    status_message: str
    message: str
    data: dict[str, Any] | None = None


class AlertSiteError(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong; `code` is the HTTP status."""

    code: int
    message: str


class AlertSiteErrors(msgspec.Struct, frozen=True, kw_only=True):
    """The body of every error below /api/v3: all that is wrong, together."""

    errors: list[AlertSiteError]


Answer: TypeAlias = Response[Problem] | Response[AlertSiteErrors]


def problem(
    status: HTTPStatus | int,
    message: str,
    *,
    status_message: str | None = None,
    data: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> Response[Problem]:
    """An error in our own form."""
    body = Problem(
        status_code=int(status),
        status_message=status_message or HTTPStatus(status).phrase,
        message=message,
        data=data,
    )
    return Response(body, status_code=int(status), media_type=MediaType.JSON, headers=headers)


def refusal(
    request: Request[Any, Any, Any],
    status: HTTPStatus | int,
    *messages: str,
    status_message: str | None = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    """An error in the form of the routes below which it happened."""
    if not is_alertsite(request.url.path):
        return problem(status, "; ".join(messages), status_message=status_message, headers=headers)
    prefix = INVALID_REQUEST if status == HTTPStatus.BAD_REQUEST else ""
    body = AlertSiteErrors(
        errors=[AlertSiteError(code=int(status), message=f"{prefix}{message}") for message in messages]
    )
    return Response(body, status_code=int(status), media_type=MediaType.JSON, headers=headers)


def is_alertsite(path: str) -> bool:
    return path == ALERTSITE or path.startswith(f"{ALERTSITE}/")


def from_domain(request: Request[Any, Any, Any], error: errors.DomainError) -> Answer:
    status = next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)
    messages = (
        [RECORD_NOT_FOUND] if isinstance(error, errors.NotFoundError) and is_alertsite(request.url.path) else None
    )
    headers = {"WWW-Authenticate": "Bearer"} if status is HTTPStatus.UNAUTHORIZED else None
    if isinstance(error, errors.LimitedError):
        headers = {"Retry-After": str(error.retry_after)}
    return refusal(
        request,
        status,
        *(messages or error.messages),
        status_message=str(error) if _opt(request, DETAIL_IN_STATUS) else None,
        headers=headers,
    )


def from_neighbour(request: Request[Any, Any, Any], error: Exception) -> Answer:
    """PostgreSQL or NATS is away for now."""
    part = "database" if isinstance(error, StoreUnavailableError) else "broker"
    log.warning("request_unavailable", method=request.method, path=request.url.path, part=part, error=str(error))
    return refusal(
        request,
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"The {part} is away; try again",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


def from_framework(request: Request[Any, Any, Any], error: HTTPException) -> Answer:
    """Litestar's own: no such path, method, body too large, query parameters that break their rule."""
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("request_failed", method=request.method, path=request.url.path, error=error.detail)
    phrase = HTTPStatus(error.status_code).phrase
    if error.status_code == HTTPStatus.NOT_FOUND and is_alertsite(request.url.path):
        phrase = RECORD_NOT_FOUND
    messages = _parameter_problems(error) if isinstance(error, ValidationException) else []
    return refusal(request, error.status_code, *(messages or [phrase]), headers=error.headers)


def from_bug(request: Request[Any, Any, Any], error: Exception) -> Answer:
    """Nothing of the request but its path is told or logged."""
    log.error("request_failed", method=request.method, path=request.url.path, exc_info=error)
    return refusal(request, HTTPStatus.INTERNAL_SERVER_ERROR, _opt(request, FAILED) or "Internal Server Error")


HANDLERS: ExceptionHandlersMap = {
    errors.DomainError: from_domain,
    StoreUnavailableError: from_neighbour,
    BusError: from_neighbour,
    HTTPException: from_framework,
    Exception: from_bug,
}


def _parameter_problems(error: ValidationException) -> list[str]:
    """Litestar knows a query parameter by its Python name."""
    entries = error.extra if isinstance(error.extra, list) else []
    return [
        # An empty body does not get as far as our own decoding.
        "body is required" if entry.get("key") == "data" else f"{_camel(str(entry.get('key')))}: {entry['message']}"
        for entry in entries
    ]


def _camel(name: str) -> str:
    return re.sub("_([a-z])", lambda match: match[1].upper(), name)


def _opt(request: Request[Any, Any, Any], name: str) -> Any:
    handler = request.scope.get("route_handler")  # none where no route was found
    return handler.opt.get(name) if handler else None
