"""Errors as pages: the login for those who are not logged in, and sentences for everything else."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import msgspec
import structlog
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException, PermissionDeniedException
from litestar.types import ExceptionHandlersMap

from controller import errors
from controller.http.logged_paths import logged_path
from controller.http.problems import RETRY_AFTER_SECONDS, UNAVAILABLE, missing_part, status_of
from controller.pages.shell.page import see_other, small_page, wants_fragment

log = structlog.get_logger()

_TITLES = {
    HTTPStatus.BAD_REQUEST: "This address or form cannot be understood",
    HTTPStatus.FORBIDDEN: "You may not do this",
    HTTPStatus.NOT_FOUND: "There is nothing here",
    HTTPStatus.METHOD_NOT_ALLOWED: "This page does not take that",
    HTTPStatus.CONFLICT: "Somebody was faster",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "This form is too large",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests",
    HTTPStatus.SERVICE_UNAVAILABLE: "Mailprobe cannot answer now",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Mailprobe failed",
}
_SAFE = frozenset({"GET", "HEAD"})
_OTHER_SITE = "Another site made your browser send this. Open the page here and send its form again."
_OUT_OF_DATE = "The form is out of date. Go back, load its page again and send it once more."


class ErrorView(msgspec.Struct, frozen=True, kw_only=True):
    status: int
    title: str
    message: str
    again: bool
    """Whether the same request may succeed a moment later."""


def failed(
    request: Request[Any, Any, Any], status: HTTPStatus, message: str, headers: dict[str, str] | None = None
) -> Response[Any]:
    """The page of an error, or only its sentence for a script."""
    if wants_fragment(request):
        return Response(message, status_code=status, media_type=MediaType.TEXT, headers=headers)
    title = _TITLES.get(status, status.phrase)
    again = status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}
    view = ErrorView(status=int(status), title=title, message=message, again=again)
    return small_page(request, "error.html", view, title=title, status=status, headers=headers)


def page_of_unknown_path(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any] | None:
    """The page for a path or method outside of the API that does not exist, when a browser requests it."""
    path = request.url.path
    from_browser = "text/html" in request.headers.get("accept", "") and path != "/api" and not path.startswith("/api/")
    unknown = error.status_code in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}
    if not unknown or request.scope.get("route_handler") or not from_browser:
        return None
    return _from_framework(request, error)


def _from_domain(request: Request[Any, Any, Any], error: errors.DomainError) -> Response[Any]:
    status = status_of(error)
    if isinstance(error, errors.UnauthenticatedError):
        return _to(request, "/login", "You are logged out.", status)
    if isinstance(error, errors.OrganizationRequiredError):
        return _to(request, "/organization", "Choose an organization first.", status)
    if isinstance(error, errors.OtherSiteError):
        return failed(request, status, _OTHER_SITE)
    refused = isinstance(error, errors.ForbiddenError) and request.method in _SAFE
    missing = str(error) == str(errors.NotFoundError())  # others say something about a thing that may be seen
    if request.path_params and (refused or missing):
        # Who may not see a thing does not learn whether it exists.
        return failed(request, HTTPStatus.NOT_FOUND, "It was deleted, or it belongs to somebody else.")
    if isinstance(error, errors.ForbiddenError):
        return failed(request, status, "The role of your account does not allow this.")
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, errors.LimitedError) else None
    return failed(request, status, str(error), headers)


def _to(request: Request[Any, Any, Any], path: str, message: str, status: HTTPStatus) -> Response[Any]:
    """Send a person to a page that leads back here afterwards; a script gets only the message."""
    if wants_fragment(request):
        return failed(request, status, message)
    if request.method not in _SAFE or request.url.path == "/":
        return see_other(request, path)
    query = f"?{request.url.query}" if request.url.query else ""
    return see_other(request, f"{path}?next={quote(request.url.path + query, safe='/')}")


def _from_dependency(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    return failed(
        request,
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"The {missing_part(request, error)} is not available. Try again in a moment.",
        {"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


def _from_framework(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    status = HTTPStatus(error.status_code)
    if isinstance(error, PermissionDeniedException):
        return failed(request, status, _OUT_OF_DATE)
    return failed(request, status, _message(request, status), error.headers)


def _message(request: Request[Any, Any, Any], status: HTTPStatus) -> str:
    match status:
        case HTTPStatus.NOT_FOUND:
            return f"There is no page at {request.url.path}."
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return "Only a form of another page leads here."
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return "Go back and send less text."
        case _:
            return f"{request.method} {request.url.path}: {status.phrase}."


def _from_bug(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    log.error("request_failed", method=request.method, path=logged_path(request), exc_info=error)
    message = "This is an error of Mailprobe itself. Its log says more."
    return failed(request, HTTPStatus.INTERNAL_SERVER_ERROR, message)


HANDLERS: ExceptionHandlersMap = {
    errors.DomainError: _from_domain,
    **dict.fromkeys(UNAVAILABLE, _from_dependency),
    HTTPException: _from_framework,
    Exception: _from_bug,
}
