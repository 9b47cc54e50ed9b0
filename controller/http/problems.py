"""Turns every error into an HTTP answer, also for unknown paths and methods: in AlertSite's form below its path, as
problem details below ours, in one form everywhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, TypeAlias

import msgspec
import structlog
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap
from msgspec.inspect import type_info

from controller import errors
from controller.http.logged_paths import logged_path
from controller.http.problem_details import ProblemDetails, is_ours, problem_details
from controller.model.values.json_rules import rule_of
from controller.store.platform.pool import StoreUnavailableError
from shared.nats.errors import BusError

log = structlog.get_logger()

RETRY_AFTER_SECONDS = 2

ALERTSITE = "/api/v3"
RECORD_NOT_FOUND = "Record not found"
INVALID_REQUEST = "invalid_request - "

DETAIL_IN_STATUS = "detail_in_status"
"""A route with this opt repeats the detail in statusMessage, as a vendor's page does (docs/compatibility.md, U15)."""
FAILED = "failed"
"""A route with this opt answers this text when it fails because of an error of ours."""

_STATUS: dict[type[errors.DomainError], HTTPStatus] = {
    errors.InvalidError: HTTPStatus.BAD_REQUEST,
    errors.UnknownCustomerError: HTTPStatus.BAD_REQUEST,
    errors.NoEligibleLocationsError: HTTPStatus.BAD_REQUEST,
    errors.UnauthenticatedError: HTTPStatus.UNAUTHORIZED,
    errors.LoginRefusedError: HTTPStatus.UNAUTHORIZED,
    errors.LoginCodeRefusedError: HTTPStatus.UNAUTHORIZED,
    errors.SignOnRefusedError: HTTPStatus.UNAUTHORIZED,
    errors.ForbiddenError: HTTPStatus.FORBIDDEN,
    errors.OrganizationRequiredError: HTTPStatus.BAD_REQUEST,
    errors.AlreadyExistsError: HTTPStatus.CONFLICT,
    errors.AlreadyEndedError: HTTPStatus.CONFLICT,
    errors.UnfitLocationsError: HTTPStatus.CONFLICT,
    errors.GoneError: HTTPStatus.GONE,
    errors.WrongStateError: HTTPStatus.CONFLICT,
    errors.PreconditionFailedError: HTTPStatus.PRECONDITION_FAILED,
    errors.StillRunningError: HTTPStatus.CONFLICT,
    errors.LimitedError: HTTPStatus.TOO_MANY_REQUESTS,
    errors.NotFoundError: HTTPStatus.NOT_FOUND,
    errors.NoActiveLocationsError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
_STATUS_OF_OURS: dict[type[errors.DomainError], HTTPStatus] = {errors.NoActiveLocationsError: HTTPStatus.CONFLICT}
"""Where our own API does not answer as the vendors do."""


class Problem(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The body of every error. `message` names the field and the rule when a value is refused."""

    status_code: int
    status_message: str
    message: str
    data: dict[str, Any] | None = None


class AlertSiteError(msgspec.Struct, frozen=True, kw_only=True):
    """One error; `code` is the HTTP status."""

    code: int
    message: str


class AlertSiteErrors(msgspec.Struct, frozen=True, kw_only=True):
    """The body of every error below /api/v3: all errors of the request together."""

    errors: list[AlertSiteError]


Answer: TypeAlias = Response[Problem] | Response[AlertSiteErrors] | Response[ProblemDetails]


def problem(
    status: HTTPStatus | int,
    message: str,
    *,
    status_message: str | None = None,
    data: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> Response[Problem]:
    """An error in the form of all routes that are neither below /api/v3 nor below /api/v1."""
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
    fields: Sequence[errors.InvalidError] = (),
) -> Answer:
    """An error in the form of its group of routes. `fields` are the values that are wrong."""
    if is_ours(request.url.path):
        return problem_details(status, "; ".join(messages), errors=fields, headers=headers)
    if not is_alertsite(request.url.path):
        return problem(status, "; ".join(messages), status_message=status_message, headers=headers)
    prefix = INVALID_REQUEST if status == HTTPStatus.BAD_REQUEST else ""
    body = AlertSiteErrors(
        errors=[AlertSiteError(code=int(status), message=f"{prefix}{message}") for message in messages]
    )
    return Response(body, status_code=int(status), media_type=MediaType.JSON, headers=headers)


def is_alertsite(path: str) -> bool:
    return path == ALERTSITE or path.startswith(f"{ALERTSITE}/")


def status_of(error: errors.DomainError) -> HTTPStatus:
    """The HTTP status that stands for an error."""
    return next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)


def from_domain(request: Request[Any, Any, Any], error: errors.DomainError) -> Answer:
    status = status_of(error)
    if is_ours(request.url.path):
        status = _STATUS_OF_OURS.get(type(error), status)
    messages = (
        [RECORD_NOT_FOUND] if isinstance(error, errors.NotFoundError) and is_alertsite(request.url.path) else None
    )
    headers = {"WWW-Authenticate": "Bearer"} if status is HTTPStatus.UNAUTHORIZED else None
    if isinstance(error, errors.LimitedError):
        headers = {"Retry-After": str(error.retry_after)}
    if isinstance(error, errors.PreconditionFailedError):
        etag = {"ETag": error.etag} if error.etag else None
        return problem_details(status, str(error), current=error.current, headers=etag)
    return refusal(
        request,
        status,
        *(messages or error.messages),
        status_message=str(error) if _route_opt(request, DETAIL_IN_STATUS) else None,
        headers=headers,
        fields=error.fields,
    )


_CLIENT_GONE = "client disconnected prematurely"
"""Litestar's words for a client that closed its connection before the end of its request: no failure of the server."""

UNAVAILABLE: tuple[type[Exception], ...] = (StoreUnavailableError, BusError)
"""The errors of PostgreSQL and of NATS when they cannot be reached."""


def missing_part(request: Request[Any, Any, Any], error: Exception) -> str:
    """Log one of UNAVAILABLE and return which part is missing, for the caller: database or broker."""
    part = "database" if isinstance(error, StoreUnavailableError) else "broker"
    log.warning("request_unavailable", method=request.method, path=logged_path(request), part=part, error=str(error))
    return part


def from_dependency(request: Request[Any, Any, Any], error: Exception) -> Answer:
    """The answer when PostgreSQL or NATS cannot be reached."""
    part = missing_part(request, error)
    return refusal(
        request,
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"The {part} is not available; try again",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


def from_framework(request: Request[Any, Any, Any], error: HTTPException) -> Answer:
    """The answer to errors that Litestar finds: unknown paths and methods, bodies too large, wrong query parameters."""
    if error.detail == _CLIENT_GONE:
        return refusal(request, HTTPStatus.BAD_REQUEST, "The request did not end")
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("request_failed", method=request.method, path=logged_path(request), error=error.detail)
    phrase = HTTPStatus(error.status_code).phrase
    if error.status_code == HTTPStatus.NOT_FOUND and is_alertsite(request.url.path):
        phrase = RECORD_NOT_FOUND
    wrong = _parameter_problems(request, error) if isinstance(error, ValidationException) else []
    messages = [str(each) for each in wrong]
    return refusal(request, error.status_code, *(messages or [phrase]), headers=error.headers, fields=wrong)


def from_bug(request: Request[Any, Any, Any], error: Exception) -> Answer:
    """The answer to an error of ours, which it does not show. Of the request only method and path are logged."""
    log.error("request_failed", method=request.method, path=logged_path(request), exc_info=error)
    return refusal(request, HTTPStatus.INTERNAL_SERVER_ERROR, _route_opt(request, FAILED) or "Internal Server Error")


HANDLERS: ExceptionHandlersMap = {
    errors.DomainError: from_domain,
    StoreUnavailableError: from_dependency,
    BusError: from_dependency,
    HTTPException: from_framework,
    Exception: from_bug,
}


def _parameter_problems(request: Request[Any, Any, Any], error: ValidationException) -> list[errors.InvalidError]:
    """What is wrong with each parameter, by the name that callers use. Litestar reports Python's names and types."""
    entries = error.extra if isinstance(error.extra, list) else []
    names = [str(entry.get("key")) for entry in entries]
    # Litestar refuses an empty body itself, before JsonBody decodes it.
    return [
        errors.InvalidError("body", "is required") if name == "data" else _parameter_problem(request, name)
        for name in names
    ]


def _parameter_problem(request: Request[Any, Any, Any], name: str) -> errors.InvalidError:
    handler = request.scope["route_handler"]
    parameter = handler.parsed_fn_signature.parameters.get(name)
    kind = handler.signature_model.__annotations__.get(name)
    given_name = getattr(parameter.kwarg_definition, "name", None) if parameter else None
    return errors.InvalidError(given_name or name, rule_of(type_info(kind) if kind else None, nullable=False))


def _route_opt(request: Request[Any, Any, Any], name: str) -> Any:
    handler = request.scope.get("route_handler")  # missing when no route was found
    return handler.opt.get(name) if handler else None
