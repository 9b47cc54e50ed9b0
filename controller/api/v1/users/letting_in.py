"""Below `/api/v1/users/{id}`: let somebody in by a link that works once, and end their sessions."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from litestar import delete, post
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.identifiers import path_id
from controller.http.openapi import answers, problems
from controller.http.parameters import PublicId
from controller.http.services import GivenPrincipal, GivenServices
from controller.http.timestamps import Timestamp, timestamp
from controller.operations.accounts import colleagues

_ONE = "/api/v1/users/{public_id:str}"
_TAGS = ["Users"]
_OPT = {PERMISSION: Permission.MANAGE_USERS}
_NOT_FOUND = "User not found"


class LoginLinkItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A login link. It is answered this once."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "link": "https://mailprobe.example.com/login/code?next=/account#code=0123456789abcdef0123456789abcdef",
        "expiresAt": "2026-01-04T12:00:00.000Z",
    }

    link: Annotated[
        str,
        Meta(
            description="Logs the person in once, and leads to where they choose a password. Without"
            " `MAILPROBE_PUBLIC_URL` only its path."
        ),
    ]
    expires_at: Annotated[Timestamp, Meta(description="Until when it works: for 3 days.")]


BODIES = (LoginLinkItem,)


@post(
    f"{_ONE}/login-link",
    operation_id="createLoginLink",
    opt=_OPT,
    status_code=200,
    security=SECURITY,
    tags=_TAGS,
    summary="Make a link with which a person logs in once, to choose a password",
    description="Links that were made for the person before stop working. Nobody makes one for themselves.",
    responses={
        200: answers(LoginLinkItem, "The link, this once", LoginLinkItem.EXAMPLE),
        **problems(s400="id must be a UUID", s403="Forbidden", s404=_NOT_FOUND),
    },
)
async def create_login_link(public_id: PublicId, services: GivenServices, principal: GivenPrincipal) -> LoginLinkItem:
    made = await colleagues.make_login_link(services.database, principal, path_id(public_id))
    link = colleagues.link_with(services.public_url, made.code, following="/account")
    return LoginLinkItem(link=link, expires_at=timestamp(made.expires_at))


@delete(
    f"{_ONE}/sessions",
    operation_id="endUserSessions",
    opt=_OPT,
    status_code=204,
    security=SECURITY,
    tags=_TAGS,
    summary="End every session of a person",
    description="They can log in again. One's own sessions are ended at `/api/v1/account/sessions`.",
    responses=problems(s400="id must be a UUID", s403="Forbidden", s404=_NOT_FOUND),
)
async def end_user_sessions(public_id: PublicId, services: GivenServices, principal: GivenPrincipal) -> None:
    await colleagues.end_sessions_of(services.database, principal, path_id(public_id))


ROUTES: list[ControllerRouterHandler] = [create_login_link, end_user_sessions]
