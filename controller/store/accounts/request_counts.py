"""How many requests each caller made recently, counted by all controllers together.

Each caller has one row in an unlogged table: a count is one update in memory that waits for no disk, and it is correct
however many controllers share it.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec

from controller.store.platform.pool import Database

_KEPT = timedelta(hours=1)


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """Requests in the current window, including this one, and the seconds until the window ends."""

    requests: int
    seconds_left: float


async def count(database: Database, who: str, window: timedelta) -> Count:
    """Count one more request. The first one after the end of a window begins a new one. `window` is an hour at most."""
    async with database.connection() as connection:
        row = await connection.fetchrow(
            """
            INSERT INTO request_count AS c (who, since_at, requests) VALUES ($1, now(), 1)
            ON CONFLICT (who) DO UPDATE SET
              since_at = CASE WHEN c.since_at > now() - $2::interval THEN c.since_at ELSE now() END,
              requests = CASE WHEN c.since_at > now() - $2::interval THEN c.requests + 1 ELSE 1 END
            RETURNING requests, extract(epoch FROM since_at + $2::interval - now())::float8 AS seconds_left
            """,
            who,
            window,
        )
    assert row is not None  # noqa: S101 - an upsert returns its row
    return Count(**row)


async def take_back(database: Database, who: str) -> None:
    """Undo the count of one request that turned out not to be limited."""
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE request_count SET requests = requests - 1 WHERE who = $1 AND requests > 0", who
        )


async def forget(database: Database, who: str) -> None:
    async with database.connection() as connection:
        await connection.execute("DELETE FROM request_count WHERE who = $1", who)


async def forget_old(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute("DELETE FROM request_count WHERE since_at < now() - $1::interval", _KEPT)
