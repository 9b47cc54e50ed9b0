"""Addresses under which calendar programs read maintenance windows, or who is on call. Only the SHA-256 of their tokens
is stored.
"""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from typing import NamedTuple
from uuid import UUID

from controller.model import Principal
from controller.model.maintenance import CalendarFeed
from controller.store.accounts.sessions import principal
from controller.store.platform.pool import Connection, Database, StoreUnwritableError
from shared.secret import Secret

_PREFIX = "calendar_"
_BYTES = 32

_INSERT = """
WITH made AS (
  INSERT INTO calendar_feed (account_id, organization_id, name, token_hash, rota_id) VALUES ($1, $2, $3, $4, $5)
  RETURNING id, public_id, organization_id, name, created_at, last_used_at, rota_id
)
SELECT made.id, made.public_id, made.organization_id, made.name, made.created_at, last_used_at,
  rota.public_id AS rota_public_id, rota.name AS rota_name
FROM made LEFT JOIN rota ON rota.id = rota_id
"""
_FEEDS = """
SELECT feed.id, feed.public_id, feed.organization_id, feed.name, feed.created_at, last_used_at,
  rota.public_id AS rota_public_id, rota.name AS rota_name
FROM calendar_feed AS feed LEFT JOIN rota ON rota.id = rota_id
WHERE account_id = $1 AND ($2::uuid IS NULL OR feed.public_id = $2) ORDER BY feed.id
"""


class FeedReader(NamedTuple):
    """Who made a feed, with what that account may see now, and what the feed shows: an organization's windows, or who
    is on call in its rota.
    """

    account: Principal
    organization_id: int
    rota: UUID | None


def new_feed_token() -> Secret:
    """256 random bits after the prefix, by which people and scanners of secrets know it."""
    return Secret(_PREFIX + secrets.token_urlsafe(_BYTES))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def insert(
    connection: Connection, account_id: int, organization_id: int, name: str, token: Secret, *, rota_id: int | None
) -> CalendarFeed:
    """A feed of maintenance windows, or of a rota."""
    row = await connection.fetchrow(_INSERT, account_id, organization_id, name, _digest(token.reveal()), rota_id)
    assert row is not None  # noqa: S101 - RETURNING of a plain INSERT
    return CalendarFeed(**row)


async def feeds_of(connection: Connection, account_id: int) -> list[CalendarFeed]:
    """An account's feeds, oldest first."""
    return [CalendarFeed(**row) for row in await connection.fetch(_FEEDS, account_id, None)]


async def delete(connection: Connection, account_id: int, public_id: UUID) -> CalendarFeed | None:
    """The feed that was one of this account's; None when it has no such feed."""
    row = await connection.fetchrow(_FEEDS, account_id, public_id)
    if row is None:
        return None
    gone = await connection.execute("DELETE FROM calendar_feed WHERE id = $1", row["id"])
    return CalendarFeed(**row) if gone == "DELETE 1" else None


async def reader_of(database: Database, token: str) -> FeedReader | None:
    """Whose feed has this token; None for an unknown one. Its use is recorded, at most once a minute, as long as the
    database can be written.
    """
    async with database.connection() as connection:
        row = await connection.fetchrow(
            """
            SELECT account.id, account.organization_id, role, customer_ids, calendar_feed.id AS feed,
              calendar_feed.organization_id AS shown, rota.public_id AS rota,
              last_used_at IS NULL OR last_used_at < now() - interval '1 minute' AS to_record
            FROM calendar_feed JOIN account ON account.id = account_id LEFT JOIN rota ON rota.id = rota_id
            WHERE token_hash = $1
            """,
            _digest(token),
        )
    if row is None:
        return None
    if row["to_record"]:
        with suppress(StoreUnwritableError):
            async with database.connection() as connection:
                await connection.execute("UPDATE calendar_feed SET last_used_at = now() WHERE id = $1", row["feed"])
    return FeedReader(principal(row), row["shown"], row["rota"])
