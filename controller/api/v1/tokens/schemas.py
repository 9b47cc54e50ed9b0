"""API tokens as our own API reads and answers them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from msgspec import Meta

from controller.decisions.monitors.monitors import check_name
from controller.http.timestamps import Timestamp, timestamp, timestamp_or_none
from controller.model import ApiToken, TokenScope
from controller.model.values.ruled import ruled
from controller.operations.accounts.tokens import DAYS

TokenName = Annotated[
    str,
    Meta(
        description="What it is for: 1 to 255 printable characters.",
        min_length=1,
        max_length=255,
        extra=ruled(check_name),
    ),
]
ScopeName = Annotated[
    TokenScope,
    Meta(
        description="read: it only reads. write: it also creates, changes, deletes and triggers checks of monitors, and"
        " handles incidents. admin: everything that an admin may do by a program, within its customer if it has one.",
    ),
]
TokenCustomer = Annotated[
    UUID,
    Meta(
        description="The only customer whose monitors it reaches; null: all of the organization.",
        examples=["11111111-1111-4111-8111-111111111111"],
    ),
]


class TokenBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A token to create. One without a customer only admins may make; scope admin likewise."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "name": "CI",
        "scope": "write",
        "customerId": "11111111-1111-4111-8111-111111111111",
        "expiresAt": None,
    }

    name: TokenName
    scope: ScopeName
    customer_id: TokenCustomer | None = None
    expires_at: (
        Annotated[
            datetime,
            Meta(
                description=f"Until when it is valid, ISO 8601 with a time zone: a moment of the next {DAYS[-1]} days;"
                " null, the default: until it is deleted.",
                tz=True,
                examples=["2026-04-01T12:00:00.000Z"],
            ),
        ]
        | None
    ) = None


class TokenItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A token without its secret. `lastUsedAt` changes by itself and is not in the ETag."""

    UNTAGGED: ClassVar[frozenset[str]] = frozenset({"last_used_at"})

    id: UUID
    name: TokenName
    scope: ScopeName
    customer_id: TokenCustomer | None
    hint: Annotated[str, Meta(description="How the token begins.")]
    last_used_at: Annotated[Timestamp | None, Meta(description="To the minute.")]
    expires_at: Annotated[Timestamp | None, Meta(description="Null: it is valid until it is deleted.")]
    created_at: Timestamp
    updated_at: Annotated[Timestamp, Meta(description="As createdAt: a token cannot be changed.")]


class NewTokenItem(TokenItem, frozen=True, kw_only=True, rename="camel"):
    """A new token: the only answer that shows it."""

    UNTAGGED: ClassVar[frozenset[str]] = TokenItem.UNTAGGED | {"token"}

    token: Annotated[str, Meta(description="What requests send as `Authorization: Bearer …`.")]


class TokenPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Some tokens. `nextCursor` is null at the end."""

    items: list[TokenItem]
    next_cursor: str | None


BODIES = (TokenBody, TokenItem, NewTokenItem, TokenPage)

EXAMPLE: dict[str, Any] = {
    "id": "77777777-7777-4777-8777-777777777777",
    "name": "CI",
    "scope": "write",
    "customerId": "11111111-1111-4111-8111-111111111111",
    "hint": "wsm_a1b2c",
    "lastUsedAt": None,
    "expiresAt": "2026-04-01T12:00:00.000Z",
    "createdAt": "2026-01-01T12:00:00.000Z",
    "updatedAt": "2026-01-01T12:00:00.000Z",
}
CREATED = {**EXAMPLE, "token": "wsm_a1b2cHq0mG0S3e8dJ5nVYtKpL2xRzW7uFbA9cDgEhIjkM"}


def token_fields(token: ApiToken) -> dict[str, Any]:
    return {
        "id": token.public_id,
        "name": token.name,
        "scope": token.scope,
        "customer_id": token.customer_public_id,
        "hint": token.hint,
        "last_used_at": timestamp_or_none(token.last_used_at),
        "expires_at": timestamp_or_none(token.expires_at),
        "created_at": timestamp(token.created_at),
        "updated_at": timestamp(token.created_at),
    }


def token_item(token: ApiToken) -> TokenItem:
    return TokenItem(**token_fields(token))
