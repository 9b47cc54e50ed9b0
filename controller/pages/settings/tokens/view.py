"""What the pages of tokens show. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from controller.model import ApiToken
from controller.pages.settings.tokens.forms import SCOPES

DONE = {"revoked": "The token was revoked. Requests with it are refused from now on."}
_NAMES = {value: name for value, name, _ in SCOPES}


class TokenRow(msgspec.Struct, frozen=True, kw_only=True):
    """A token without its secret. `customer` is None for one of the whole organization, `maker` when nobody knows."""

    id: str
    name: str
    scope: str
    hint: str
    customer: str | None
    maker: str | None
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    expired: bool


class TokensView(msgspec.Struct, frozen=True, kw_only=True):
    """`customer` is the name of the only one whose tokens are listed."""

    rows: list[TokenRow]
    customer: str | None
    following: str | None
    only_customers: bool
    done: str


class NewTokenView(msgspec.Struct, frozen=True, kw_only=True):
    form: dict[str, Any]
    problems: dict[str, str]
    scopes: list[tuple[str, str, str]]
    customers: list[tuple[str, str]]
    expiries: list[tuple[str, str]]
    only_customers: bool
    done: str = ""


class MadeTokenView(msgspec.Struct, frozen=True, kw_only=True):
    """The only page that shows a token."""

    token: str
    command: str
    row: TokenRow
    done: str = ""


class RevocationView(msgspec.Struct, frozen=True, kw_only=True):
    row: TokenRow
    done: str = ""


def token_row(token: ApiToken, makers: Mapping[UUID, str], now: datetime) -> TokenRow:
    return TokenRow(
        id=str(token.public_id),
        name=token.name,
        scope=_NAMES[token.scope.value],
        hint=token.hint,
        customer=token.customer_name,
        maker=makers.get(token.public_id),
        created_at=token.created_at,
        last_used_at=token.last_used_at,
        expires_at=token.expires_at,
        expired=token.expires_at is not None and token.expires_at <= now,
    )
