"""`/api/v1/account`: the caller."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, delete, get, patch, put
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import UNSET

from controller.api.v1.account.schemas import (
    BODIES,
    EXAMPLE,
    SESSION,
    AccountItem,
    AccountPatch,
    PasswordBody,
    SessionPage,
    account_item,
    session_item,
)
from controller.decisions.access import Permission
from controller.http import cookies
from controller.http.auth import PERMISSION, SECURITY, address_of, credential_of
from controller.http.bodies import JsonBody
from controller.http.cookies import session_cookie, user_agent_of
from controller.http.etags import require_match, tagged
from controller.http.identifiers import path_id
from controller.http.openapi import answers, problems
from controller.http.parameters import OrganizationId, PublicId
from controller.http.services import GivenPrincipal, GivenServices
from controller.model import Account
from controller.operations.accounts import people, sessions
from controller.operations.accounts.callers import caller
from controller.operations.accounts.people import AccountChange
from shared.secret import Secret

__all__ = ["BODIES", "ROUTES"]

_TAGS = ["Account"]
_PATH = "/api/v1/account"
_SESSIONS = f"{_PATH}/sessions"
_OWN = {PERMISSION: Permission.MANAGE_OWN_ACCOUNT}
_CALLER = answers(AccountItem, "The caller", EXAMPLE)
_FOR_PEOPLE = "For people: an API token has no account of its own."


@get(
    _PATH,
    operation_id="getAccount",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=_TAGS,
    summary="Who you are, and what you may do",
    responses={200: _CALLER, **problems(s403="Forbidden")},
)
async def get_account(
    request: Request[Any, Any, Any],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[AccountItem]:
    return tagged(request, account_item(await caller(services.database, principal), principal))


@patch(
    _PATH,
    operation_id="updateAccount",
    opt=_OWN,
    dto=JsonBody[AccountPatch],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    summary="Change your own name or e-mail address",
    description=_FOR_PEOPLE,
    responses={
        200: _CALLER,
        **problems(
            body=True,
            s400="currentPassword is required to change your own email or password",
            s403="Forbidden",
            s409="A user with this email exists already",
            s412="The object has changed",
        ),
    },
)
async def update_account(
    request: Request[Any, Any, Any],
    data: JSONBody[AccountPatch],
    services: GivenServices,
    principal: GivenPrincipal,
) -> Response[AccountItem]:
    own = await people.own_account(services.database, principal)
    before = await caller(services.database, principal)

    def expect(found: Account) -> None:
        now = type(before)(account=found, organization=before.organization, customers=before.customers)
        require_match(request, account_item(now, principal))

    change = AccountChange(
        email=data.email,
        first_name=data.first_name,
        last_name=data.last_name,
        current_password=Secret(data.current_password) if isinstance(data.current_password, str) else UNSET,
    )
    await people.update_account(
        services.database, services.passwords, principal, own.id, change, expect=expect, every_breach=True
    )
    return tagged(request, account_item(await caller(services.database, principal), principal))


@put(
    f"{_PATH}/password",
    operation_id="changePassword",
    opt=_OWN,
    status_code=204,
    dto=JsonBody[PasswordBody],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    summary="Choose a new password, which ends all your sessions",
    description=f"{_FOR_PEOPLE} Who comes with a cookie gets a new one.",
    responses=problems(body=True, s400="currentPassword is wrong", s403="Forbidden"),
)
async def change_password(
    request: Request[Any, Any, Any],
    data: JSONBody[PasswordBody],
    services: GivenServices,
    principal: GivenPrincipal,
) -> Response[None]:
    own = await people.own_account(services.database, principal)
    change = AccountChange(
        password=Secret(data.password),
        current_password=Secret(data.current_password) if isinstance(data.current_password, str) else UNSET,
    )
    await people.update_account(services.database, services.passwords, principal, own.id, change, every_breach=True)
    answer: Response[None] = Response(None, status_code=204)
    if "authorization" not in request.headers:
        secret = await sessions.open_anew(
            services.database, principal, address=address_of(request), user_agent=user_agent_of(request)
        )
        answer.set_cookie(session_cookie(request, secret.reveal()))
    return answer


@get(
    _SESSIONS,
    operation_id="listSessions",
    opt=_OWN,
    security=SECURITY,
    tags=_TAGS,
    summary="List your sessions",
    description=_FOR_PEOPLE,
    responses={
        200: answers(SessionPage, "The latest login first", {"items": [SESSION], "nextCursor": None}),
        **problems(s403="Forbidden"),
    },
)
async def list_sessions(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> SessionPage:
    found = await sessions.own_sessions(services.database, principal, request.cookies.get(cookies.SESSION))
    return SessionPage(items=[session_item(session, principal.session) for session in found], next_cursor=None)


@delete(
    f"{_SESSIONS}/{{public_id:str}}",
    operation_id="endSession",
    opt=_OWN,
    status_code=204,
    security=SECURITY,
    tags=_TAGS,
    summary="End one of your sessions",
    description=_FOR_PEOPLE,
    responses=problems(s400="id must be a UUID", s403="Forbidden", s404="Session not found"),
)
async def end_session(public_id: PublicId, services: GivenServices, principal: GivenPrincipal) -> None:
    await sessions.end_own(services.database, principal, path_id(public_id))


@delete(
    _SESSIONS,
    operation_id="endOtherSessions",
    opt=_OWN,
    status_code=204,
    security=SECURITY,
    tags=_TAGS,
    summary="End all your sessions but the one that makes this request",
    description=_FOR_PEOPLE,
    responses=problems(s403="Forbidden"),
)
async def end_other_sessions(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> None:
    await sessions.end_others_by(services.database, principal, credential_of(request))


ROUTES: list[ControllerRouterHandler] = [
    get_account,
    update_account,
    change_password,
    list_sessions,
    end_session,
    end_other_sessions,
]
