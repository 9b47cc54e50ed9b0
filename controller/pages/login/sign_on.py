"""`/login/sign-on`: logins by the provider of somebody's organization."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response, get, post

from controller.decisions.access import Permission
from controller.errors import LimitedError, NotFoundError, SignOnRefusedError
from controller.http.auth import PERMISSION, address_of, person_of, require_same_origin
from controller.http.cookies import ended, own_cookie, session_cookie, user_agent_of
from controller.http.identifiers import monitor_public_id
from controller.http.parameters import PublicId
from controller.http.services import GivenServices
from controller.operations.sign_on.attempts import LIFE
from controller.operations.sign_on.logins import PATH, Beginning, Reply
from controller.pages.login.answer import login_page_of
from controller.pages.login.view import LeavingView, LoginView, later
from controller.pages.shell.forms import form_of
from controller.pages.shell.page import HEADERS, own_path, page, see_other
from shared.secret import Secret

ATTEMPT = "mailprobe_sign_on"
"""The cookie that holds an attempt, sealed."""

_OPEN_TO_ALL = {PERMISSION: Permission.PUBLIC}
_NO_ORGANIZATION = "There is no single sign-on here"


class AddressForm(msgspec.Struct, frozen=True, kw_only=True):
    address: str = ""
    next: str = "/"


@post(PATH, opt=_OPEN_TO_ALL)
async def begin_by_address(request: Request[Any, Any, Any], services: GivenServices) -> Response[bytes]:
    """It answers a page that leads on at once, because browsers let a form lead to no other site by a redirect."""
    require_same_origin(request)
    form = await form_of(request, AddressForm)
    following = own_path(form.next)
    try:
        begun = await services.sign_ons.begin_by_address(form.address, following, address=address_of(request))
    except (SignOnRefusedError, LimitedError) as error:
        return await _refused(request, following, error, form.address)
    answer = await page(
        request,
        "login/leaving.html",
        LeavingView(url=begun.url),
        title="Log in",
        headers={"Refresh": f"0; url={begun.url}"},
    )
    answer.set_cookie(_kept(request, begun.cookie))
    return answer


@get(f"{PATH}/{{public_id:str}}", opt=_OPEN_TO_ALL)
async def begin(request: Request[Any, Any, Any], public_id: PublicId, services: GivenServices) -> Response[bytes]:
    identifier = monitor_public_id(public_id, message=_NO_ORGANIZATION)
    following = own_path(request.query_params.get("next"))
    try:
        begun = await services.sign_ons.begin(identifier, following, address=address_of(request))
    except NotFoundError:
        raise NotFoundError(_NO_ORGANIZATION) from None
    except (SignOnRefusedError, LimitedError) as error:
        return await _refused(request, following, error)
    if await person_of(request) is not None:
        return see_other(request, following)
    return _leading_to(request, begun)


@get(f"{PATH}/{{public_id:str}}/return", opt=_OPEN_TO_ALL)
async def finish(request: Request[Any, Any, Any], public_id: PublicId, services: GivenServices) -> Response[bytes]:
    identifier = monitor_public_id(public_id, message=_NO_ORGANIZATION)
    query = request.query_params
    reply = Reply(query.get("state", ""), query.get("code"), query.get("error"), query.get("iss"))
    try:
        done = await services.sign_ons.finish(
            identifier,
            request.cookies.get(ATTEMPT),
            reply,
            address=address_of(request),
            user_agent=user_agent_of(request),
        )
    except NotFoundError:
        raise NotFoundError(_NO_ORGANIZATION) from None
    except (SignOnRefusedError, LimitedError) as error:
        answer = await _refused(request, "/", error)
        answer.set_cookie(ended(request, ATTEMPT))
        return answer
    cookies = [session_cookie(request, done.secret.reveal()), ended(request, ATTEMPT)]
    return see_other(request, done.following, set_cookies=cookies)


ROUTES = [begin_by_address, begin, finish]


def _kept(request: Request[Any, Any, Any], secret: Secret) -> Any:
    return own_cookie(request, ATTEMPT, secret.reveal(), max_age=int(LIFE.total_seconds()))


def _leading_to(request: Request[Any, Any, Any], begun: Beginning) -> Response[bytes]:
    return Response(
        b"",
        status_code=HTTPStatus.SEE_OTHER,
        headers={**HEADERS, "Location": begun.url},
        cookies=[_kept(request, begun.cookie)],
    )


async def _refused(
    request: Request[Any, Any, Any], following: str, error: SignOnRefusedError | LimitedError, typed: str = ""
) -> Response[bytes]:
    if isinstance(error, LimitedError):
        view = LoginView(next=following, address=typed, sign_on_problem=later(error.retry_after))
        headers = {"Retry-After": str(error.retry_after)}
        return await login_page_of(request, view, HTTPStatus.TOO_MANY_REQUESTS, headers)
    view = LoginView(next=following, address=typed, sign_on_problem=str(error))
    return await login_page_of(request, view, HTTPStatus.UNAUTHORIZED)
