"""Addresses under which calendar programs read maintenance windows. Only the SHA-256 of their tokens is stored."""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from uuid import UUID

from controller.model import Principal
from controller.model.maintenance import CalendarFeed
from controller.store.accounts.sessions import principal
from controller.store.platform.pool import Connection, Database, StoreUnwritableError
from shared.secret import Secret

_PREFIX = "calendar_"
_BYTES = 32


def new_feed_token() -> Secret:
    """256 random bits after the prefix, by which people and scanners of secrets know it."""
    return Secret(_PREFIX + secrets.token_urlsafe(_BYTES))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def insert(
    connection: Connection, account_id: int, organization_id: int, name: str, token: Secret
) -> CalendarFeed:
    row = await connection.fetchrow(
        """
        INSERT INTO calendar_feed (account_id, organization_id, name, token_hash) VALUES ($1, $2, $3, $4)
        RETURNING id, public_id, organization_id, name, created_at, last_used_at
        """,
        account_id,
        organization_id,
        name,
        _digest(token.reveal()),
    )
    assert row is not None  # noqa: S101 - RETURNING of a plain INSERT
    return CalendarFeed(**row)


async def feeds_of(connection: Connection, account_id: int) -> list[CalendarFeed]:
    """An account's feeds, oldest first."""
    rows = await connection.fetch(
        "SELECT id, public_id, organization_id, name, created_at, last_used_at FROM calendar_feed"
        " WHERE account_id = $1 ORDER BY id",
        account_id,
    )
    return [CalendarFeed(**row) for row in rows]


async def delete(connection: Connection, account_id: int, public_id: UUID) -> CalendarFeed | None:
    """The feed that was one of this account's; None when it has no such feed."""
    row = await connection.fetchrow(
        "DELETE FROM calendar_feed WHERE account_id = $1 AND public_id = $2"
        " RETURNING id, public_id, organization_id, name, created_at, last_used_at",
        account_id,
        public_id,
    )
    return CalendarFeed(**row) if row else None


async def reader_of(database: Database, token: str) -> tuple[Principal, int] | None:
    """Whose feed has this token, with what that account may see now, and the feed's organization; None for an unknown
    token. Its use is recorded, at most once a minute, as long as the database can be written.
    """
    async with database.connection() as connection:
        row = await connection.fetchrow(
            """
            SELECT account.id, account.organization_id, role, customer_ids, calendar_feed.id AS feed,
              calendar_feed.organization_id AS shown,
              last_used_at IS NULL OR last_used_at < now() - interval '1 minute' AS to_record
            FROM calendar_feed JOIN account ON account.id = account_id WHERE token_hash = $1
            """,
            _digest(token),
        )
    if row is None:
        return None
    if row["to_record"]:
        with suppress(StoreUnwritableError):
            async with database.connection() as connection:
                await connection.execute("UPDATE calendar_feed SET last_used_at = now() WHERE id = $1", row["feed"])
    return principal(row), row["shown"]
