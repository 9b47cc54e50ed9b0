"""`/api/organization/tokens` and `/api/customer/tokens`: API tokens, managed by people, shown once."""

from __future__ import annotations

from litestar import Controller, delete, get, post
from litestar.params import JSONBody

from controller.api.compat.uptimeify.monitors.answers import DeleteAnswer
from controller.api.compat.uptimeify.tokens.schemas import (
    CREATED,
    LISTED,
    MOST_DIGITS,
    NOT_FOUND,
    NewTokenAnswer,
    NewTokenBody,
    TokenAnswer,
    TokenNumber,
    customer_of,
    token_answer,
)
from controller.decisions.access import Permission
from controller.errors import NotFoundError
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.openapi import answers, refusals
from controller.http.parameters import OrganizationId
from controller.http.services import GivenPrincipal, GivenServices
from controller.http.timestamps import timestamp, timestamp_or_none
from controller.operations.accounts import tokens
from controller.operations.accounts.tokens import INVALID_CUSTOMER


def token_routes(where: str, name: str, permission: Permission) -> type[Controller]:
    """The routes that create, list and delete the tokens that this permission covers."""
    owner = "Customer" if permission is Permission.MANAGE_CUSTOMER_TOKENS else "Organization"

    class TokenRoutes(Controller):
        path = where
        tags = ("API tokens",)
        security = SECURITY

        @get(
            opt={PERMISSION: permission},
            operation_id=f"uptimeifyList{owner}Tokens",
            summary=f"List {name} tokens",
            responses={
                200: answers(list[TokenAnswer], "Newest first, 1,000 at most", [LISTED]),
                **refusals(s400="Invalid organizationId", s403="Forbidden"),
            },
        )
        async def list_tokens(
            self,
            services: GivenServices,
            principal: GivenPrincipal,
            organization_id: OrganizationId = None,  # noqa: ARG002 - read by the guard
        ) -> list[TokenAnswer]:
            return [token_answer(token) for token in await tokens.list_tokens(services.database, principal, permission)]

        @post(
            opt={PERMISSION: permission},
            status_code=200,
            dto=JsonBody[NewTokenBody],
            return_dto=None,
            operation_id=f"uptimeifyCreate{owner}Token",
            summary=f"Make {name} token",
            responses={
                200: answers(NewTokenAnswer, "The token, this once", CREATED),
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
                customer=customer_of(data.customer_id),
            )
            return NewTokenAnswer(
                id=made.id,
                name=made.name,
                token=secret.reveal(),
                last_used_at=timestamp_or_none(made.last_used_at),
                expires_at=timestamp_or_none(made.expires_at),
                created_at=timestamp(made.created_at),
            )

        @delete(
            "/{token_id:str}",
            opt={PERMISSION: permission},
            status_code=200,
            operation_id=f"uptimeifyDelete{owner}Token",
            summary=f"Delete {name} token",
            responses={
                200: answers(DeleteAnswer, "Deleted", {"success": True}),
                **refusals(s400="Invalid organizationId", s403="Forbidden", s404=NOT_FOUND),
            },
        )
        async def delete_token(
            self,
            token_id: TokenNumber,
            services: GivenServices,
            principal: GivenPrincipal,
            organization_id: OrganizationId = None,  # noqa: ARG002 - read by the guard
        ) -> DeleteAnswer:
            if not (token_id.isascii() and token_id.isdecimal() and len(token_id) <= MOST_DIGITS):
                raise NotFoundError(NOT_FOUND)
            await tokens.delete_token(services.database, principal, permission, int(token_id))
            return DeleteAnswer(success=True)

    return TokenRoutes


ROUTES = [
    token_routes("/api/organization/tokens", "an organization's", Permission.MANAGE_ORGANIZATION_TOKENS),
    token_routes("/api/customer/tokens", "a customer's", Permission.MANAGE_CUSTOMER_TOKENS),
]
