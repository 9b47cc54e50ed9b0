"""`/api/v1/tokens`."""

from __future__ import annotations

from datetime import UTC
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, delete, get, post
from litestar.params import JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from controller.api.v1.tokens.schemas import (
    BODIES,
    CREATED,
    EXAMPLE,
    NewTokenItem,
    TokenBody,
    TokenItem,
    TokenPage,
    token_fields,
    token_item,
)
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.documents.item_fields import with_fields
from controller.http.etags import require_match, tagged
from controller.http.identifiers import path_id
from controller.http.openapi import answers, problems
from controller.http.parameters import Cursor, Fields, OrganizationId, PageSize, PublicId, sort_parameter
from controller.http.services import GivenPrincipal, GivenServices
from controller.model import TokenScope
from controller.operations.accounts import tokens
from controller.operations.accounts.lists import TOKEN_ORDERS, get_token, tokens_page
from controller.operations.listing import PageRequest

__all__ = ["BODIES", "ROUTES"]

_TAGS = ["Tokens"]
_PATH = "/api/v1/tokens"
_ONE = f"{_PATH}/{{public_id:str}}"
_NOT_FOUND = "Token not found"
_MANAGING = {PERMISSION: Permission.MANAGE_CUSTOMER_TOKENS}
"""Who manages only customers' tokens reaches no other ones (controller.operations.accounts.tokens)."""
_FOR_PEOPLE = """\
Only people manage tokens, logged in or with an access token: a token that makes tokens could extend its access.
Admins manage all tokens of the organization, others those of the customers whose monitors they may change.
"""

ScopeFilter = Annotated[TokenScope | None, QueryParameter(name="scope", description="Only tokens with this scope.")]
CustomerFilterId = Annotated[
    UUID | None, QueryParameter(name="customer", description="Only tokens of this customer, by its public UUID.")
]
TokenSort = Annotated[str | None, sort_parameter(*TOKEN_ORDERS)]


@get(
    _PATH,
    operation_id="listTokens",
    opt=_MANAGING,
    security=SECURITY,
    tags=_TAGS,
    summary="List the API tokens that you may manage",
    description=_FOR_PEOPLE,
    responses={
        200: answers(TokenPage, "Some tokens, without their secrets", {"items": [EXAMPLE], "nextCursor": None}),
        **problems(s400="sort must be one of createdAt, name", s403="Forbidden"),
    },
)
async def list_tokens(
    services: GivenServices,
    principal: GivenPrincipal,
    customer: CustomerFilterId = None,
    scope_name: ScopeFilter = None,
    sort: TokenSort = None,
    limit: PageSize = 50,
    cursor: Cursor = None,
    fields: Fields = None,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Any:
    request = PageRequest(sort=sort, limit=limit, cursor=cursor)
    found = await tokens_page(
        services.database, services.vault, principal, request, customer=customer, scope=scope_name
    )
    page = TokenPage(items=[token_item(token) for token in found.items], next_cursor=found.next_cursor)
    return with_fields(page, fields)


@post(
    _PATH,
    operation_id="createToken",
    opt=_MANAGING,
    dto=JsonBody[TokenBody],
    return_dto=None,
    security=SECURITY,
    tags=_TAGS,
    summary="Make an API token, which is shown this once",
    description=_FOR_PEOPLE,
    responses={
        201: answers(NewTokenItem, "The token, this once", CREATED),
        **problems(body=True, s400="expiresAt must be a moment of the next 365 days, or null", s403="Forbidden"),
    },
)
async def create_token(
    request: Request[Any, Any, Any],
    data: JSONBody[TokenBody],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[NewTokenItem]:
    made, secret = await tokens.create_token(
        services.database,
        principal,
        Permission.MANAGE_ORGANIZATION_TOKENS if data.customer_id is None else Permission.MANAGE_CUSTOMER_TOKENS,
        name=data.name,
        scope=data.scope,
        customer=data.customer_id,
        expires_at=None if data.expires_at is None else data.expires_at.astimezone(UTC),
    )
    answer = tagged(request, NewTokenItem(**token_fields(made), token=secret.reveal()), status_code=201)
    answer.headers["Location"] = f"{_PATH}/{made.public_id}"
    return answer


@get(
    _ONE,
    operation_id="getToken",
    opt=_MANAGING,
    security=SECURITY,
    tags=_TAGS,
    summary="Read about an API token",
    responses={
        200: answers(TokenItem, "The token without its secret", EXAMPLE),
        **problems(s400="id must be a UUID", s403="Forbidden", s404=_NOT_FOUND),
    },
)
async def read_token(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[TokenItem]:
    return tagged(request, token_item(await get_token(services.database, principal, path_id(public_id))))


@delete(
    _ONE,
    operation_id="deleteToken",
    opt=_MANAGING,
    status_code=204,
    security=SECURITY,
    tags=_TAGS,
    summary="Delete an API token: it is refused from then on",
    responses=problems(s400="id must be a UUID", s403="Forbidden", s404=_NOT_FOUND, s412="The object has changed"),
)
async def delete_token(
    request: Request[Any, Any, Any],
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> None:
    found = await get_token(services.database, principal, path_id(public_id))
    require_match(request, token_item(found))
    await tokens.delete_token(services.database, principal, tokens.permission_for(found), found.id)


ROUTES: list[ControllerRouterHandler] = [list_tokens, create_token, read_token, delete_token]
