"""Tokens of screens on walls. Only their SHA-256 is stored."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from contextlib import suppress
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from controller.model import Principal, Role, TokenScope
from controller.model.walls import ScreenToken, WallQuery
from controller.store.platform.pool import Database, StoreUnwritableError
from controller.store.platform.walks import ListWalk, apart
from shared.secret import Secret

_PREFIX = "screen_"
_BYTES = 32

_PAGE = """
WITH found AS (
  SELECT id, public_id, organization_id, name, view, customer_ids, created_at, last_used_at, last_used_address,
    (SELECT email FROM account WHERE account.id = screen_token.made_by) AS made_by,
    CASE $1 WHEN 'name' THEN lower(name) ELSE to_char(created_at, 'YYYYMMDDHH24MISSMS') END COLLATE "C" AS sorted_by
  FROM screen_token
  WHERE organization_id = $6 AND ($7::bigint[] IS NULL OR customer_ids <@ $7) AND revoked_at IS NULL
    AND ($8::uuid IS NULL OR public_id = $8)
)
SELECT * FROM found
WHERE $3::text IS NULL
  OR CASE WHEN $2::boolean THEN (sorted_by, id) < ($3, $4::bigint) ELSE (sorted_by, id) > ($3, $4::bigint) END
ORDER BY CASE WHEN NOT $2 THEN sorted_by END, CASE WHEN $2 THEN sorted_by END DESC, CASE WHEN $2 THEN -id ELSE id END
LIMIT $5
"""


class NewScreen(msgspec.Struct, frozen=True, kw_only=True):
    """A screen to store. `made_by` is the number of an account."""

    organization_id: int
    name: str
    view: WallQuery
    customer_ids: frozenset[int] | None
    made_by: int | None


class ScreenAccess(NamedTuple):
    """What somebody has who shows a screen's token. A revoked one reads nothing any more."""

    principal: Principal
    view: WallQuery
    name: str
    revoked: bool


def new_screen_token() -> Secret:
    """256 random bits after the prefix, by which people and scanners of secrets know it."""
    return Secret(_PREFIX + secrets.token_urlsafe(_BYTES))


def screen_digest(token: str) -> bytes:
    """The stored form of a token."""
    return hashlib.sha256(token.encode()).digest()


async def access_of(database: Database, token: str, *, address: str | None) -> ScreenAccess | None:
    """None when the token is unknown. Its use is recorded, at most once a minute, as long as the database can be
    written.
    """
    async with database.connection() as connection:
        row = await connection.fetchrow(
            """
            SELECT id, organization_id, customer_ids, name, view, revoked_at IS NOT NULL AS revoked,
              last_used_at IS NULL OR last_used_at < now() - interval '1 minute' AS to_record
            FROM screen_token WHERE token_hash = $1
            """,
            screen_digest(token),
        )
    if row is None:
        return None
    if row["to_record"] and not row["revoked"]:
        with suppress(StoreUnwritableError):
            async with database.connection() as connection:
                await connection.execute(
                    "UPDATE screen_token SET last_used_at = now(), last_used_address = $2 WHERE id = $1",
                    row["id"],
                    address,
                )
    return ScreenAccess(screen_principal(row), _view(row["view"]), row["name"], row["revoked"])


async def principals_of_screens(database: Database, credentials: Collection[bytes]) -> dict[bytes, Principal]:
    """The principal by the SHA-256 of a screen's token; unknown and revoked ones are left out. A screen that has a
    stream open is in use, which is recorded at most once a minute.
    """
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT token_hash, id, organization_id, customer_ids,
              last_used_at < now() - interval '1 minute' AS to_record
            FROM screen_token WHERE token_hash = ANY ($1::bytea[]) AND revoked_at IS NULL
            """,
            list(credentials),
        )
    if used := [row["id"] for row in rows if row["to_record"]]:
        with suppress(StoreUnwritableError):
            async with database.connection() as connection:
                await connection.execute("UPDATE screen_token SET last_used_at = now() WHERE id = ANY ($1)", used)
    return {row["token_hash"]: screen_principal(row) for row in rows}


def screen_principal(row: Any) -> Principal:
    """The principal for a row with a screen's id, organization_id and customer_ids."""
    limits = row["customer_ids"]
    return Principal(
        works_in=row["organization_id"],
        role=Role.READONLY,
        customer_ids=None if limits is None else frozenset(limits),
        screen_id=row["id"],
        scope=TokenScope.READ,
    )


async def insert(database: Database, token: Secret, new: NewScreen) -> ScreenToken:
    async with database.connection() as connection:
        row = await connection.fetchrow(
            """
            INSERT INTO screen_token (organization_id, name, view, customer_ids, token_hash, made_by)
            VALUES ($1, $2, $3, $4, $5, $6)
            RETURNING id, public_id, organization_id, name, view, customer_ids, created_at, last_used_at,
              last_used_address, (SELECT email FROM account WHERE account.id = screen_token.made_by) AS made_by
            """,
            new.organization_id,
            new.name,
            msgspec.to_builtins(new.view),
            None if new.customer_ids is None else sorted(new.customer_ids),
            screen_digest(token.reveal()),
            new.made_by,
        )
    assert row is not None  # noqa: S101 - RETURNING of a plain INSERT
    return _screen(dict(row))


async def screens_page(
    database: Database,
    walk: ListWalk,
    organization_id: int,
    *,
    customer_ids: frozenset[int] | None,
    public_id: UUID | None = None,
) -> list[tuple[ScreenToken, str]]:
    """Screens that were not revoked, or the one with this public id, each with the text that it is sorted by: by name
    or createdAt. `customer_ids` leaves only those that are limited to any of these customers; None is no limit.
    """
    async with database.connection() as connection:
        rows = await connection.fetch(
            _PAGE,
            *walk.values,
            organization_id,
            None if customer_ids is None else sorted(customer_ids),
            public_id,
        )
    return [(_screen(fields), sorted_by) for fields, sorted_by in map(apart, rows)]


async def revoke(
    database: Database, organization_id: int, public_id: UUID, *, customer_ids: frozenset[int] | None
) -> ScreenToken | None:
    """The revoked screen; None when `screens_page` with the same arguments would not find it."""
    async with database.connection() as connection:
        row = await connection.fetchrow(
            """
            UPDATE screen_token SET revoked_at = now()
            WHERE organization_id = $1 AND public_id = $2 AND ($3::bigint[] IS NULL OR customer_ids <@ $3)
              AND revoked_at IS NULL
            RETURNING id, public_id, organization_id, name, view, customer_ids, created_at, last_used_at,
              last_used_address, (SELECT email FROM account WHERE account.id = screen_token.made_by) AS made_by
            """,
            organization_id,
            public_id,
            None if customer_ids is None else sorted(customer_ids),
        )
    return _screen(dict(row)) if row else None


def _screen(fields: dict[str, Any]) -> ScreenToken:
    return ScreenToken(**{**fields, "view": _view(fields["view"])})


def _view(stored: Any) -> WallQuery:
    return msgspec.convert(stored, WallQuery)
