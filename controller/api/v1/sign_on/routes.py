"""`/api/v1/sign-on`: single sign-on of the organization by OpenID Connect."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response, delete, get, patch, put
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler

from controller.api.v1.sign_on.schemas import (
    BODIES,
    EXAMPLE,
    SignOnAnswer,
    SignOnBody,
    SignOnPatch,
    sign_on_answer,
    sign_on_change,
)
from controller.decisions.access import Permission
from controller.errors import NotFoundError
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody, convert_ours
from controller.http.documents.merge_patch import merged
from controller.http.etags import require_match, tagged
from controller.http.openapi import answers, problems
from controller.http.parameters import OrganizationId
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.model import Principal
from controller.operations.sign_on import settings
from controller.operations.sign_on.settings import NOT_FOUND, OwnedSignOn, SignOnChange
from shared.clock import utc_now

__all__ = ["BODIES", "ROUTES"]

_PATH = "/api/v1/sign-on"
_TAGS = ["Sign-on"]
_OPT = {PERMISSION: Permission.MANAGE_SIGN_ON}
_ANSWER = answers(SignOnAnswer, "How the organization's people sign in", EXAMPLE)
_S400 = "issuer must be an https URL without user, query and fragment"
_S412 = "The object has changed: read it again, and send the change with its new ETag in If-Match"


@get(
    _PATH,
    operation_id="getSignOn",
    opt=_OPT,
    security=SECURITY,
    tags=_TAGS,
    summary="How the organization's people sign in by their own provider",
    description="For administrators as people: tokens cannot read or change it, because it decides who gets in.",
    responses={
        200: _ANSWER,
        304: ResponseSpec(None, description="Not changed"),
        **problems(s403="Forbidden", s404=NOT_FOUND),
    },
)
async def get_sign_on(
    request: Request[Any, Any, Any],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - the guard reads it
) -> Response[SignOnAnswer]:
    found = await settings.get_sign_on(services.database, principal)
    return tagged(request, sign_on_answer(found, services.public_url))


@put(
    _PATH,
    operation_id="replaceSignOn",
    opt=_OPT,
    dto=JsonBody[SignOnBody],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    summary="Set up single sign-on, or replace its settings",
    description="OpenID Connect with authorization code and PKCE. Nothing is asked of the provider yet.",
    responses={
        200: _ANSWER,
        201: answers(SignOnAnswer, "It was set up", EXAMPLE),
        **problems(body=True, s400=_S400, s403="Forbidden", s404=NOT_FOUND, s412=_S412),
    },
)
async def replace_sign_on(
    request: Request[Any, Any, Any],
    data: JSONBody[SignOnBody],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - the guard reads it
) -> Response[SignOnAnswer]:
    def decide(current: OwnedSignOn | None) -> SignOnChange:
        if current is not None:
            require_match(request, sign_on_answer(current, services.public_url))
        elif "if-match" in request.headers:  # RFC 9110, section 13.1.1: there is nothing that it could match
            raise NotFoundError(NOT_FOUND)
        return sign_on_change(data)

    return await _changed(request, services, principal, decide)


@patch(
    _PATH,
    operation_id="updateSignOn",
    opt=_OPT,
    dto=JsonBody[SignOnPatch],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    summary="Change some settings of single sign-on",
    responses={200: _ANSWER, **problems(body=True, s400=_S400, s403="Forbidden", s404=NOT_FOUND, s412=_S412)},
)
async def update_sign_on(
    request: Request[Any, Any, Any],
    data: JSONBody[SignOnPatch],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - the guard reads it
) -> Response[SignOnAnswer]:
    def decide(current: OwnedSignOn | None) -> SignOnChange:
        if current is None:
            raise NotFoundError(NOT_FOUND)
        answer = sign_on_answer(current, services.public_url)
        require_match(request, answer)
        document = merged(msgspec.to_builtins(answer), msgspec.to_builtins(data), kept_null={"clientSecret"})
        return sign_on_change(convert_ours(document, SignOnBody))

    return await _changed(request, services, principal, decide)


@delete(
    _PATH,
    operation_id="deleteSignOn",
    opt=_OPT,
    security=SECURITY,
    tags=_TAGS,
    summary="End single sign-on",
    description="Accounts stay, and so do sessions until they end. Whom the provider has signed in is forgotten.",
    status_code=HTTPStatus.NO_CONTENT,
    responses={**problems(s403="Forbidden", s404=NOT_FOUND, s412=_S412)},
)
async def delete_sign_on(
    request: Request[Any, Any, Any],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - the guard reads it
) -> None:
    await settings.delete_sign_on(
        services.database,
        principal,
        lambda current: require_match(request, sign_on_answer(current, services.public_url)),
    )


async def _changed(
    request: Request[Any, Any, Any], services: Services, principal: Principal, decide: settings.Decide
) -> Response[SignOnAnswer]:
    done = await settings.change_sign_on(
        services.database,
        services.vault,
        services.outlets.senders.destinations,
        principal,
        decide,
        now=utc_now(),
    )
    status = HTTPStatus.CREATED if done.created else HTTPStatus.OK
    answer = tagged(request, sign_on_answer(done, services.public_url), status_code=status)
    if done.created:
        answer.headers["Location"] = _PATH
    return answer


ROUTES: list[ControllerRouterHandler] = [get_sign_on, replace_sign_on, update_sign_on, delete_sign_on]
