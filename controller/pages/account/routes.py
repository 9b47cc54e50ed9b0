"""`/account` and its forms."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from msgspec import UNSET

from controller.decisions.access import Permission
from controller.errors import DomainError, InvalidError, LimitedError
from controller.http import cookies
from controller.http.auth import PERMISSION, address_of
from controller.http.cookies import own_cookie, session_cookie, user_agent_of
from controller.http.problems import status_of
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Principal
from controller.operations.accounts import people, sessions
from controller.operations.accounts.people import AccountChange
from controller.operations.accounts.profiles import own_profile
from controller.pages.account.view import account_view, password_problem
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import (
    KEYS_COOKIE,
    KEYS_OFF,
    THEME_COOKIE,
    keys_of,
    page,
    see_other,
    theme_of,
)
from shared.secret import Secret

_OWN = {PERMISSION: Permission.MANAGE_OWN_ACCOUNT}
_YEAR = 31_536_000


class PasswordChangeForm(msgspec.Struct, frozen=True, kw_only=True):
    password: str
    again: str
    current: str = ""
    """Not needed by somebody who came with a login link."""
    email: str = ""
    """For password managers only."""


class SessionForm(msgspec.Struct, frozen=True, kw_only=True):
    session: UUID


class EmptyForm(msgspec.Struct, frozen=True, kw_only=True):
    """A form with a button and nothing else."""


class ViewForm(msgspec.Struct, frozen=True, kw_only=True):
    theme: Literal["system", "light", "dark"]
    keys: Literal["on", "off"] = "off"


@get(["/account", "/account/password"], opt=_OWN)
async def account_page(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    return await _account(request, services, principal, done=request.query_params.get("done"))


@post("/account/password", opt=_OWN)
async def change_password(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    form = await form_of(request, PasswordChangeForm)
    own = await people.own_account(services.database, principal)
    try:
        if form.password != form.again:
            raise InvalidError("password", "was not repeated correctly")
        current = Secret(form.current) if form.current else UNSET
        change = AccountChange(password=Secret(form.password), current_password=current)
        await people.update_account(services.database, services.passwords, principal, own.id, change)
    except (InvalidError, LimitedError) as error:
        return await _account(request, services, principal, refused=error)
    secret = await sessions.open_anew(
        services.database, principal, address=address_of(request), user_agent=user_agent_of(request)
    )
    return _done(request, "password", session_cookie(request, secret.reveal()))


@post("/account/sessions/end", opt=_OWN)
async def end_session(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    form = await form_of(request, SessionForm)
    await sessions.end_own(services.database, principal, form.session)
    return _done(request, "session")


@post("/account/sessions/end-others", opt=_OWN)
async def end_other_sessions(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    await form_of(request, EmptyForm)
    await sessions.end_others(services.database, principal, request.cookies.get(cookies.SESSION, ""))
    return _done(request, "others")


@post("/account/view", opt=_OWN)
async def change_view(request: Request[Any, Any, Any]) -> Response[bytes]:
    form = await form_of(request, ViewForm)
    chosen = [
        own_cookie(request, THEME_COOKIE, form.theme, max_age=_YEAR),
        own_cookie(request, KEYS_COOKIE, "on" if form.keys == "on" else KEYS_OFF, max_age=_YEAR),
    ]
    return _done(request, "view", *chosen)


ROUTES = [account_page, change_password, end_session, end_other_sessions, change_view]


async def _account(
    request: Request[Any, Any, Any],
    services: Services,
    principal: Principal,
    *,
    done: str | None = None,
    refused: DomainError | None = None,
) -> Response[bytes]:
    view = account_view(
        await own_profile(services.database, principal),
        await sessions.own_sessions(services.database, principal, request.cookies.get(cookies.SESSION)),
        theme=theme_of(request),
        keys=keys_of(request),
        choosing=await sessions.may_choose_password(services.database, principal),
        done=done,
        problem=password_problem(refused) if refused else None,
    )
    headers = {"Retry-After": str(refused.retry_after)} if isinstance(refused, LimitedError) else None
    status = status_of(refused) if refused else HTTPStatus.OK
    return await page(
        request, "account/account.html", view, title="Account", section="account", status=status, headers=headers
    )


def _done(request: Request[Any, Any, Any], what: str, *set_cookies: Cookie) -> Response[bytes]:
    return see_other(request, f"/account?done={what}", set_cookies=set_cookies)
