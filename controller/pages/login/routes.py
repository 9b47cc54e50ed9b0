"""`/login` and `/logout`."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response, get, post

from controller.decisions.access import Permission
from controller.errors import LimitedError, LoginCodeRefusedError, LoginRefusedError
from controller.http import cookies
from controller.http.auth import PERMISSION, address_of, person_of, require_same_origin
from controller.http.cookies import session_cookie, user_agent_of
from controller.http.services import GivenServices, Services
from controller.operations.accounts import people, sessions
from controller.pages.login import sign_on
from controller.pages.login.answer import login_page_of
from controller.pages.login.view import WRONG, WRONG_CODE, LoginView, later
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import own_path, page, see_other
from shared.secret import Secret

_OPEN_TO_ALL = {PERMISSION: Permission.PUBLIC}


class PasswordForm(msgspec.Struct, frozen=True, kw_only=True):
    email: str = ""
    password: str = ""
    next: str = "/"


class CodeForm(msgspec.Struct, frozen=True, kw_only=True):
    code: str = ""
    next: str = "/"


@get("/login", opt=_OPEN_TO_ALL)
async def login_page(request: Request[Any, Any, Any]) -> Response[bytes]:
    return await _offered(request)


@get("/login/code", opt=_OPEN_TO_ALL)
async def code_page(request: Request[Any, Any, Any], services: GivenServices) -> Response[bytes]:
    """The page that a colleague's link opens. Whoever is logged in here is not logged out by a link alone."""
    somebody = await person_of(request)
    if somebody is None:
        return await _offered(request)
    own = await people.own_account(services.database, somebody)
    following = own_path(request.query_params.get("next"))
    view = LoginView(next=following, logged_in_as=own.email)
    return await page(request, "login/somebody_else.html", view, title="Log in as somebody else")


@post("/login", opt=_OPEN_TO_ALL)
async def log_in(request: Request[Any, Any, Any], services: GivenServices) -> Response[bytes]:
    require_same_origin(request)
    form = await form_of(request, PasswordForm)
    following = own_path(form.next)
    typed = LoginView(next=following, email=form.email)
    try:
        _, secret = await sessions.log_in(
            services.database,
            services.passwords,
            form.email,
            form.password,
            address=address_of(request),
            user_agent=user_agent_of(request),
        )
    except LoginRefusedError:
        return await login_page_of(request, msgspec.structs.replace(typed, problem=WRONG), HTTPStatus.UNAUTHORIZED)
    except LimitedError as error:
        return await _limited(request, error, msgspec.structs.replace(typed, problem=later(error.retry_after)))
    return _logged_in(request, secret, following)


@post("/login/code", opt=_OPEN_TO_ALL)
async def log_in_with_code(request: Request[Any, Any, Any], services: GivenServices) -> Response[bytes]:
    require_same_origin(request)
    form = await form_of(request, CodeForm)
    following = own_path(form.next)
    try:
        secret = await sessions.log_in_with_code(
            services.database, form.code, address=address_of(request), user_agent=user_agent_of(request)
        )
        await _end_session(request, services)
    except LoginCodeRefusedError:
        return await login_page_of(request, LoginView(next=following, code_problem=WRONG_CODE), HTTPStatus.UNAUTHORIZED)
    except LimitedError as error:
        return await _limited(request, error, LoginView(next=following, code_problem=later(error.retry_after)))
    return _logged_in(request, secret, following)


@post("/logout", opt=_OPEN_TO_ALL)
async def log_out(request: Request[Any, Any, Any], services: GivenServices) -> Response[bytes]:
    require_same_origin(request)
    await _end_session(request, services)
    gone = [cookies.ended(request, cookies.SESSION), cookies.ended(request, cookies.ORGANIZATION)]
    return see_other(request, "/login", set_cookies=gone)


ROUTES = [login_page, code_page, log_in, log_in_with_code, log_out, *sign_on.ROUTES]


async def _offered(request: Request[Any, Any, Any]) -> Response[bytes]:
    following = own_path(request.query_params.get("next"))
    if await person_of(request) is not None:
        return see_other(request, following)
    return await login_page_of(request, LoginView(next=following))


async def _end_session(request: Request[Any, Any, Any], services: Services) -> None:
    """End the session of this browser, if it has one."""
    secret = request.cookies.get(cookies.SESSION)
    if secret is not None:
        await sessions.close_session(services.database, secret, address=address_of(request))


async def _limited(request: Request[Any, Any, Any], error: LimitedError, view: LoginView) -> Response[bytes]:
    return await login_page_of(request, view, HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": str(error.retry_after)})


def _logged_in(request: Request[Any, Any, Any], secret: Secret, following: str) -> Response[bytes]:
    return see_other(request, following, set_cookies=[session_cookie(request, secret.reveal())])
