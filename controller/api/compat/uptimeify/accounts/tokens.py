"""`/api/organization/tokens` and `/api/customer/tokens`: API tokens, managed by people, shown once."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from litestar import Controller, delete, get, post
from litestar.params import JSONBody, PathParameter
from msgspec import UNSET, Meta, UnsetType

from controller.api.compat.uptimeify.monitors.answers import DeleteAnswer
from controller.api.http.auth import PERMISSION, SECURITY
from controller.api.http.bodies import JsonBody
from controller.api.http.identifiers import customer_identifier
from controller.api.http.openapi import answers, refusals
from controller.api.http.parameters import OrganizationId
from controller.api.http.services import GivenPrincipal, GivenServices
from controller.api.http.timestamps import Moment, moment, moment_or_none
from controller.decisions.access import Permission
from controller.errors import InvalidError, NotFoundError
from controller.model import ApiToken
from controller.operations.accounts import tokens
from controller.operations.accounts.tokens import INVALID_CUSTOMER

_NOT_FOUND = "Token not found"
_MOST_DIGITS = 18

TokenNumber = Annotated[str, PathParameter(description="The token's number.", schema_extra={"pattern": "^[0-9]+$"})]
Days = Annotated[
    int | None, Meta(description="1 to 365; null: never.", extra_json_schema={"minimum": 1, "maximum": 365})
]


class NewTokenBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A token to make. Without `customerId` it is the whole organization's, which only an admin may ask for."""

    REFUSALS: ClassVar[dict[str, str]] = {"customerId": INVALID_CUSTOMER}

    name: Annotated[str, Meta(description="1 to 255 printable characters.", examples=["CI"])]
    expires_in_days: Days | UnsetType = UNSET
    customer_id: Annotated[int | str | None, Meta(description="The number or the public UUID.")] | UnsetType = UNSET


class NewTokenAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The only answer that ever shows `token`."""

    id: int
    name: str
    token: str
    last_used_at: Moment | None
    expires_at: Moment | None
    created_at: Moment


class TokenAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    organization_id: int
    name: str
    customer_id: int | None
    customer_name: str | None
    last_used_at: Moment | None
    expires_at: Moment | None
    created_at: Moment
    token_hint: str


BODIES = (NewTokenBody, NewTokenAnswer, TokenAnswer)

_CREATED: dict[str, Any] = {
    "id": 7,
    "name": "CI",
    "token": "wsm_a1b2cHq0mG0S3e8dJ5nVYtKpL2xRzW7uFbA9cDgEhIjkM",
    "lastUsedAt": None,
    "expiresAt": "2026-04-01T12:00:00.000Z",
    "createdAt": "2026-01-01T12:00:00.000Z",
}
_LISTED: dict[str, Any] = {
    "id": 7,
    "organizationId": 1,
    "name": "CI",
    "customerId": None,
    "customerName": None,
    "lastUsedAt": None,
    "expiresAt": "2026-04-01T12:00:00.000Z",
    "createdAt": "2026-01-01T12:00:00.000Z",
    "tokenHint": "wsm_a1b2c...",
}


def token_routes(where: str, name: str, permission: Permission) -> type[Controller]:
    """Make, list and delete the tokens that this permission is about."""

    class TokenRoutes(Controller):
        path = where
        tags = ("API tokens",)
        security = SECURITY

        @get(
            opt={PERMISSION: permission},
            summary=f"List {name} tokens",
            responses={
                200: answers(list[TokenAnswer], "Newest first, 1,000 at most", [_LISTED]),
                **refusals(s400="Invalid organizationId", s403="Forbidden"),
            },
        )
        async def list_tokens(
            self,
            services: GivenServices,
            principal: GivenPrincipal,
            organization_id: OrganizationId = None,  # noqa: ARG002 - read by the guard
        ) -> list[TokenAnswer]:
            return [_listed(token) for token in await tokens.list_tokens(services.database, principal, permission)]

        @post(
            opt={PERMISSION: permission},
            status_code=200,
            dto=JsonBody[NewTokenBody],
            return_dto=None,
            summary=f"Make {name} token",
            responses={
                200: answers(NewTokenAnswer, "The token, this once", _CREATED),
                **refusals(body=True, s400=INVALID_CUSTOMER, s403="Forbidden"),
            },
        )
        async def create_token(
            self,
            data: JSONBody[NewTokenBody],
            services: GivenServices,
            principal: GivenPrincipal,
            organization_id: OrganizationId = None,  # noqa: ARG002 - read by the guard
        ) -> NewTokenAnswer:
            made, secret = await tokens.create_token(
                services.database,
                principal,
                permission,
                name=data.name,
                expires_in_days=data.expires_in_days if isinstance(data.expires_in_days, int) else None,
                customer=_customer(data.customer_id),
            )
            return NewTokenAnswer(
                id=made.id,
                name=made.name,
                token=secret.reveal(),
                last_used_at=moment_or_none(made.last_used_at),
                expires_at=moment_or_none(made.expires_at),
                created_at=moment(made.created_at),
            )

        @delete(
            "/{token_id:str}",
            opt={PERMISSION: permission},
            status_code=200,
            summary=f"Delete {name} token",
            responses={
                200: answers(DeleteAnswer, "Deleted", {"success": True}),
                **refusals(s400="Invalid organizationId", s403="Forbidden", s404=_NOT_FOUND),
            },
        )
        async def delete_token(
            self,
            token_id: TokenNumber,
            services: GivenServices,
            principal: GivenPrincipal,
            organization_id: OrganizationId = None,  # noqa: ARG002 - read by the guard
        ) -> DeleteAnswer:
            if not (token_id.isascii() and token_id.isdecimal() and len(token_id) <= _MOST_DIGITS):
                raise NotFoundError(_NOT_FOUND)
            await tokens.delete_token(services.database, principal, permission, int(token_id))
            return DeleteAnswer(success=True)

    return TokenRoutes


ROUTES = [
    token_routes("/api/organization/tokens", "an organization's", Permission.MANAGE_ORGANIZATION_TOKENS),
    token_routes("/api/customer/tokens", "a customer's", Permission.MANAGE_CUSTOMER_TOKENS),
]


def _customer(value: int | str | UnsetType | None) -> Any:
    if value is UNSET or value is None:
        return None
    try:
        return customer_identifier(value)
    except InvalidError as error:
        raise InvalidError(error.field, error.rule, message=INVALID_CUSTOMER) from error


def _listed(token: ApiToken) -> TokenAnswer:
    return TokenAnswer(
        id=token.id,
        organization_id=token.organization_id,
        name=token.name,
        customer_id=token.customer_id,
        customer_name=token.customer_name,
        last_used_at=moment_or_none(token.last_used_at),
        expires_at=moment_or_none(token.expires_at),
        created_at=moment(token.created_at),
        token_hint=f"{token.hint}...",
    )
