"""Results and gaps are stored in one partition a day: created ahead, and dropped as a whole when they are too old.

The partitions of the last DETAIL_DAYS are there in any case, because late results and gaps of those days may still come
(pipeline.ingestor, pipeline.rounds). If less is kept, the older ones among them are emptied.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from controller.model.retention import DETAIL_DAYS
from controller.store.platform import locks
from controller.store.platform.pool import Connection, Database

AHEAD_DAYS = 3
_TABLES = ("result", "gap")

_BLOCKS_AT_ONCE = 5_000
_PAUSE_SECONDS = 0.05
_REMOVE_BLOCKS = """
WITH removed AS (
  DELETE FROM result_block AS block USING (
    SELECT own.* FROM monitor CROSS JOIN LATERAL (
      SELECT monitor_id, last_at, first_at, location_id FROM result_block WHERE monitor_id = monitor.id LIMIT $2
    ) AS own
    WHERE monitor.deleted_at < $1 LIMIT $2
  ) AS old
  WHERE block.monitor_id = old.monitor_id AND block.last_at = old.last_at AND block.first_at = old.first_at
    AND block.location_id = old.location_id
  RETURNING 1
)
SELECT count(*)::integer FROM removed
"""


async def make_partitions(db: Database, since: date, today: date) -> None:
    """Create the partitions of all days from `since` to AHEAD_DAYS from today. Raises StoreUnavailableError."""
    oldest = max(since, today - timedelta(days=DETAIL_DAYS))
    days = [oldest + timedelta(days=n) for n in range((today - oldest).days + AHEAD_DAYS + 1)]
    async with db.transaction() as connection:
        await connection.execute("SELECT pg_advisory_xact_lock($1)", locks.PARTITIONS)
        present = {name for name, _ in await _partitions(connection)}
        for table in _TABLES:
            for day in days:
                if _name(table, day) not in present:
                    # DDL takes no parameters; both values are made of digits here.
                    await connection.execute(
                        f"CREATE TABLE {_name(table, day)} PARTITION OF {table} "
                        f"FOR VALUES FROM ('{day} 00:00+00') TO ('{day + timedelta(days=1)} 00:00+00')"
                    )


class Removal(NamedTuple):
    """The tables that were dropped, and those that were emptied."""

    dropped: list[str]
    emptied: list[str]


async def remove_old_results(db: Database, today: date, *, keep_days: int, rolled_until: date) -> Removal:
    """Remove the results and gaps of days before the last `keep_days`, but within DETAIL_DAYS only those that are
    rolled up. Remove monitors deleted before both, and agents long gone.
    """
    first_kept = today - timedelta(days=keep_days)
    first_there = today - timedelta(days=max(keep_days, DETAIL_DAYS))
    while True:
        if not await _remove_some_blocks(db, _begin(first_there)):
            break
        await asyncio.sleep(_PAUSE_SECONDS)
    async with db.transaction() as connection:
        await connection.execute("SELECT pg_advisory_xact_lock($1)", locks.PARTITIONS)
        partitions = await _partitions(connection)
        dropped = [name for name, day in partitions if day < first_there]
        for name in dropped:
            await connection.execute(f"DROP TABLE {name}")
        # A round counts for the time until the next one, which may be a day later.
        first_filled = min(first_kept, rolled_until - timedelta(days=1))
        emptied = []
        for name, day in partitions:
            if first_there <= day < first_filled and await _filled(connection, name):
                await connection.execute(f"TRUNCATE {name}")
                emptied.append(name)
        if emptied:
            await connection.execute(
                "UPDATE retention SET results_removed_until = GREATEST(results_removed_until, $1)"
                " WHERE organization_id IS NULL",
                _begin(first_filled),
            )
        forgotten = await connection.fetch(
            "DELETE FROM monitor WHERE deleted_at < $1"
            " AND NOT EXISTS (SELECT FROM result_block WHERE monitor_id = monitor.id) RETURNING id",
            _begin(first_there),
        )
        numbers = [row["id"] for row in forgotten]
        await connection.execute("DELETE FROM latest WHERE monitor_id = ANY($1::bigint[])", numbers)
        await connection.execute("DELETE FROM rollup WHERE monitor_id = ANY($1::bigint[])", numbers)
        await connection.execute("DELETE FROM uptime WHERE monitor_id = ANY($1::bigint[])", numbers)
        await connection.execute("DELETE FROM result_shape WHERE monitor_id = ANY($1::bigint[])", numbers)
        await connection.execute(
            "DELETE FROM agent WHERE last_seen_at < now() - interval '1 day' AND EXISTS (SELECT FROM agent AS other"
            " WHERE other.location_id = agent.location_id AND other.last_seen_at > agent.last_seen_at)"
        )
    return Removal(dropped, emptied)


async def _remove_some_blocks(db: Database, deleted_before: datetime) -> int:
    """Remove up to _BLOCKS_AT_ONCE blocks of monitors that were deleted so long ago; return how many."""
    async with db.transaction() as connection:
        await connection.execute("SELECT pg_advisory_xact_lock_shared($1)", locks.MONTHS)
        removed: int = await connection.fetchval(_REMOVE_BLOCKS, deleted_before, _BLOCKS_AT_ONCE)
    return removed


async def days_before(connection: Connection, day: date) -> list[str]:
    """The tables that hold results and gaps of earlier days."""
    return [name for name, its_day in await _partitions(connection) if its_day < day]


async def _filled(connection: Connection, name: str) -> bool:
    found: bool = await connection.fetchval(f"SELECT EXISTS (SELECT FROM {name})")  # noqa: S608 - made of digits
    return found


async def _partitions(connection: Connection) -> list[tuple[str, date]]:
    rows = await connection.fetch(
        "SELECT child.relname AS name FROM pg_inherits"
        " JOIN pg_class child ON child.oid = inhrelid JOIN pg_class parent ON parent.oid = inhparent"
        " WHERE parent.relname = ANY($1::text[]) ORDER BY child.relname DESC",  # result before gap, as in ingest
        list(_TABLES),
    )
    return [(row["name"], datetime.strptime(row["name"][-8:], "%Y%m%d").replace(tzinfo=UTC).date()) for row in rows]


def _begin(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), UTC)


def _name(table: str, day: date) -> str:
    return f"{table}_{day:%Y%m%d}"
