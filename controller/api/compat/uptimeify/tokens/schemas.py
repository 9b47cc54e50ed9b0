"""API tokens as Uptimeify's clients send and read them."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from litestar.params import PathParameter
from msgspec import UNSET, Meta, UnsetType

from controller.errors import InvalidError
from controller.http.identifiers import customer_identifier
from controller.http.timestamps import Timestamp, timestamp, timestamp_or_none
from controller.model import ApiToken
from controller.operations.accounts.tokens import INVALID_CUSTOMER

NOT_FOUND = "Token not found"
MOST_DIGITS = 18

TokenNumber = Annotated[str, PathParameter(description="The token's number.", schema_extra={"pattern": "^[0-9]+$"})]
Days = Annotated[
    int | None, Meta(description="1 to 365; null: never.", extra_json_schema={"minimum": 1, "maximum": 365})
]


class NewTokenBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A token to create. Without `customerId` it is valid for the whole organization, which only an admin may
    request.
    """

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "name": "CI",
        "expiresInDays": 90,
        "customerId": "11111111-1111-4111-8111-111111111111",
    }

    REFUSALS: ClassVar[dict[str, str]] = {"customerId": INVALID_CUSTOMER}

    name: Annotated[str, Meta(description="1 to 255 printable characters.", examples=["CI"])]
    expires_in_days: Days | UnsetType = UNSET
    customer_id: Annotated[int | str | None, Meta(description="The number or the public UUID.")] | UnsetType = UNSET


class NewTokenAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The only answer that ever shows `token`."""

    id: int
    name: str
    token: str
    last_used_at: Timestamp | None
    expires_at: Timestamp | None
    created_at: Timestamp


class TokenAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    organization_id: int
    name: str
    customer_id: int | None
    customer_name: str | None
    last_used_at: Timestamp | None
    expires_at: Timestamp | None
    created_at: Timestamp
    token_hint: str


BODIES = (NewTokenBody, NewTokenAnswer, TokenAnswer)

CREATED: dict[str, Any] = {
    "id": 7,
    "name": "CI",
    "token": "wsm_a1b2cHq0mG0S3e8dJ5nVYtKpL2xRzW7uFbA9cDgEhIjkM",
    "lastUsedAt": None,
    "expiresAt": "2026-04-01T12:00:00.000Z",
    "createdAt": "2026-01-01T12:00:00.000Z",
}
LISTED: dict[str, Any] = {
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


def customer_of(value: int | str | UnsetType | None) -> Any:
    if value is UNSET or value is None:
        return None
    try:
        return customer_identifier(value)
    except InvalidError as error:
        raise InvalidError(error.field, error.rule, message=INVALID_CUSTOMER) from error


def token_answer(token: ApiToken) -> TokenAnswer:
    return TokenAnswer(
        id=token.id,
        organization_id=token.organization_id,
        name=token.name,
        customer_id=token.customer_id,
        customer_name=token.customer_name,
        last_used_at=timestamp_or_none(token.last_used_at),
        expires_at=timestamp_or_none(token.expires_at),
        created_at=timestamp(token.created_at),
        token_hint=f"{token.hint}...",
    )
