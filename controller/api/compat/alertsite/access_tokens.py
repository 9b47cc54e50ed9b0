"""`/api/v3/access-tokens`: log in with an e-mail address and a password."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from litestar import Request, post
from litestar.params import JSONBody
from msgspec import Meta

from controller.api.compat.alertsite.bodies import StrictJsonBody
from controller.api.compat.alertsite.documents import TAGS, refusals
from controller.decisions.access import Permission
from controller.errors import InvalidError, LoginRefusedError
from controller.http.auth import PERMISSION, address_of
from controller.http.openapi import answers
from controller.http.services import GivenServices
from controller.operations.accounts.sessions import open_session

_EXAMPLE = {"access_token": "0123456789abcdef0123456789abcdef"}
_WRONG_LOGIN = "invalid_request - User authentication failed."


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """The e-mail address and the password of a person."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"username": "person@example.com", "password": "correct horse battery"}

    username: Annotated[str, Meta(examples=["admin@example.com"])]
    password: str


class AccessToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token for the header `Authorization: Bearer` of every group of routes. It is valid for an hour."""

    access_token: str


BODIES = (Credentials, AccessToken)


@post(
    "/api/v3/access-tokens",
    status_code=200,
    dto=StrictJsonBody[Credentials],
    return_dto=None,
    opt={PERMISSION: Permission.PUBLIC},
    tags=TAGS,
    operation_id="alertsiteCreateAccessToken",
    summary="Log in",
    responses={
        200: answers(AccessToken, "An access token", _EXAMPLE),
        **refusals(body=True, token=False, s400=_WRONG_LOGIN),
    },
)
async def create_access_token(
    data: JSONBody[Credentials], services: GivenServices, request: Request[Any, Any, Any]
) -> AccessToken:
    try:
        token = await open_session(
            services.database, services.passwords, data.username, data.password, address=address_of(request)
        )
    except LoginRefusedError:
        raise InvalidError("username", "is wrong", message="User authentication failed.") from None
    return AccessToken(access_token=token.reveal())
