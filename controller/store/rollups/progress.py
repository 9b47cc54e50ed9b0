"""How far roll-ups have come, which controller may continue them, and which hours must be rolled up again.

An hour is closed before it is rolled up the first time; ingest records the hours of results that arrive later
(store.checks.results).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import NamedTuple

from controller.store.platform import locks
from controller.store.platform.pool import Connection, Database
from controller.store.rollups.rollups import HOUR, Part

_FROZEN_SECONDS = 60


@asynccontextmanager
async def rollup_transaction(db: Database) -> AsyncIterator[Connection | None]:
    """A transaction in which no other controller rolls up; None when another one does. Raises StoreUnavailableError.

    A controller that freezes inside loses the transaction, so it cannot write later what it read before.
    """
    async with db.transaction() as connection:
        held = await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", locks.ROLLUPS)
        await connection.execute(
            "SELECT set_config('idle_in_transaction_session_timeout', $1, true)", f"{_FROZEN_SECONDS}s"
        )
        yield connection if held else None


async def close_hour(db: Database, before: datetime) -> datetime | None:
    """Close the next hour and return it to be rolled up; None when none ended before that moment.

    Raises StoreUnavailableError.
    """
    async with db.transaction() as connection:
        due = "SELECT EXISTS (SELECT FROM rollup_progress WHERE rolled_until + interval '1 hour' <= $1)"
        if not await connection.fetchval(due, before):
            return None
        # This waits for ingest's running transactions, so that every later one sees that the hour is closed.
        await connection.execute("SELECT pg_advisory_xact_lock($1)", locks.SETTLE)
        hour: datetime | None = await connection.fetchval(
            "UPDATE rollup_progress SET closed_until = GREATEST(closed_until, rolled_until + interval '1 hour')"
            " WHERE rolled_until + interval '1 hour' <= $1 RETURNING rolled_until",
            before,
        )
    return hour


async def is_finished(connection: Connection, hour: datetime) -> bool:
    """Whether the hour is rolled up, so that its rows may be in blocks. The answer holds in a rollup_transaction."""
    finished: bool = await connection.fetchval("SELECT rolled_until > $1 FROM rollup_progress", hour)
    return finished


async def finish_hour(connection: Connection, hour: datetime) -> None:
    """From now on readers use the roll-up of this hour. Must be called in a rollup_transaction."""
    await connection.execute(
        "UPDATE rollup_progress SET rolled_until = GREATEST(rolled_until, $1) WHERE closed_until >= $1", hour + HOUR
    )


async def monitors_after(db: Database, monitor_id: int, limit: int) -> list[int]:
    """Ids in order, including those of deleted monitors. Raises StoreUnavailableError."""
    async with db.connection() as connection:
        rows = await connection.fetch("SELECT id FROM monitor WHERE id > $1 ORDER BY id LIMIT $2", monitor_id, limit)
    return [row["id"] for row in rows]


class Floors(NamedTuple):
    """The first moment whose results are all stored: of most organizations, of those that keep less, and of customers
    of whom less is kept.
    """

    at: datetime
    own: Mapping[int, datetime]
    of_customers: Mapping[int, datetime]


async def take_due(connection: Connection, limit: int, floors: Floors) -> tuple[list[Part], datetime]:
    """Hours with results that arrived after their roll-up, and how far roll-ups are complete; taken when the
    transaction commits.

    The hours after a late one are returned too, as decisions.history.rerolls says.
    """
    rolled_until: datetime = await connection.fetchval("SELECT rolled_until FROM rollup_progress")
    rows = await connection.fetch(
        """
        WITH taken AS (
          DELETE FROM rollup_due WHERE id IN (SELECT id FROM rollup_due ORDER BY id LIMIT $1) RETURNING monitor_id, hour
        )
        SELECT DISTINCT taken.monitor_id, later.hour
        FROM taken JOIN monitor ON monitor.id = taken.monitor_id
        LEFT JOIN unnest($4::bigint[], $5::timestamptz[]) AS own (organization_id, at)
          ON own.organization_id = monitor.organization_id
        LEFT JOIN unnest($6::bigint[], $7::timestamptz[]) AS limited (customer_id, at)
          ON limited.customer_id = monitor.customer_id
        CROSS JOIN LATERAL hours_after(
          taken.hour, monitor.interval_seconds, $2, GREATEST(COALESCE(own.at, $3), limited.at)
        ) AS later (hour)
        ORDER BY 1, 2
        """,
        limit,
        rolled_until,
        floors.at,
        list(floors.own.keys()),
        list(floors.own.values()),
        list(floors.of_customers.keys()),
        list(floors.of_customers.values()),
    )
    return [Part(*row) for row in rows], rolled_until
