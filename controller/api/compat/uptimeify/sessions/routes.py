"""`/api/session`: people log in and get a cookie that scripts cannot read and other sites cannot use."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, delete, get, post
from litestar.params import JSONBody

from controller.api.compat.uptimeify.monitors.answers import DeleteAnswer
from controller.api.compat.uptimeify.sessions.schemas import EXAMPLE, REFUSED, Login, SessionAnswer
from controller.api.compat.uptimeify.users.schemas import user_answer
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY, address_of, require_same_origin
from controller.http.bodies import JsonBody
from controller.http.cookies import SESSION, ended, session_cookie, user_agent_of
from controller.http.openapi import answers, refusals
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.accounts import people, sessions


@post(
    "/api/session",
    opt={PERMISSION: Permission.PUBLIC},
    status_code=200,
    dto=JsonBody[Login],
    return_dto=None,
    tags=["Session"],
    operation_id="logIn",
    summary="Log in; the answer sets the session's cookie",
    responses={
        200: answers(SessionAnswer, "Logged in", EXAMPLE),
        **refusals(body=True, s400="email is required", s401=REFUSED, s403="Forbidden"),
    },
)
async def log_in(
    data: JSONBody[Login], request: Request[Any, Any, Any], services: GivenServices
) -> Response[SessionAnswer]:
    require_same_origin(request)
    account, secret = await sessions.log_in(
        services.database,
        services.passwords,
        data.email,
        data.password,
        address=address_of(request),
        user_agent=user_agent_of(request),
    )
    body = SessionAnswer(success=True, user=user_answer(account))
    return Response(body, cookies=[session_cookie(request, secret.reveal())])


@get(
    "/api/session",
    opt={PERMISSION: Permission.MANAGE_OWN_ACCOUNT},
    security=SECURITY,
    tags=["Session"],
    operation_id="getSession",
    summary="The person that is logged in",
    responses={
        200: answers(SessionAnswer, "The person", EXAMPLE),
        **refusals(s400="Invalid organizationId", s403="Forbidden", s404="User not found"),
    },
)
async def who_am_i(services: GivenServices, principal: GivenPrincipal) -> SessionAnswer:
    return SessionAnswer(success=True, user=user_answer(await people.own_account(services.database, principal)))


@delete(
    "/api/session",
    opt={PERMISSION: Permission.PUBLIC},
    status_code=200,
    tags=["Session"],
    operation_id="logOut",
    summary="Log out; also without a session",
    responses={200: answers(DeleteAnswer, "Logged out", {"success": True}), **refusals(token=False, s403="Forbidden")},
)
async def log_out(request: Request[Any, Any, Any], services: GivenServices) -> Response[DeleteAnswer]:
    require_same_origin(request)
    secret = request.cookies.get(SESSION)
    if secret is not None:
        await sessions.close_session(services.database, secret, address=address_of(request))
    return Response(DeleteAnswer(success=True), cookies=[ended(request, SESSION)])


ROUTES = [log_in, who_am_i, log_out]
