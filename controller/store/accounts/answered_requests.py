"""Requests that were sent with an Idempotency-Key, and what they were answered."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from controller.store.platform.pool import Database

KEPT = timedelta(hours=24)

_CLAIM = """
INSERT INTO answered_request AS known (caller, key, request) VALUES ($1, $2, $3)
ON CONFLICT (caller, key) DO UPDATE SET request = excluded.request, answer = NULL, created_at = now()
  WHERE known.created_at < now() - $4::interval
RETURNING true
"""
_READ = """
SELECT request, answer, extract(epoch FROM now() - created_at)::float8 AS age_seconds
FROM answered_request WHERE caller = $1 AND key = $2
"""


class Earlier(msgspec.Struct, frozen=True, kw_only=True):
    """The first request with a key: the digest of the request, and its answer, encrypted; None while it has none."""

    request: bytes
    answer: str | None
    age_seconds: float


async def claim(database: Database, caller: str, key: str, request: bytes) -> Earlier | None:
    """Take the key for a request, for KEPT. None when it is free; else the request that has it."""
    async with database.connection() as connection:
        while not await connection.fetchval(_CLAIM, caller, key, request, KEPT):
            row = await connection.fetchrow(_READ, caller, key)
            if row is not None:
                return Earlier(**row)
    return None


async def answered(database: Database, caller: str, key: str, answer: str) -> None:
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE answered_request SET answer = $3 WHERE caller = $1 AND key = $2", caller, key, answer
        )


async def release(database: Database, caller: str, key: str) -> None:
    """The request did nothing: it may be sent again with the same key."""
    async with database.connection() as connection:
        await connection.execute(
            "DELETE FROM answered_request WHERE caller = $1 AND key = $2 AND answer IS NULL", caller, key
        )


async def forget_old(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute("DELETE FROM answered_request WHERE created_at < now() - $1::interval", KEPT)
