"""Give back the space of the rows that were put into blocks: what stayed whole of a day moves into a new partition.

It is copied while everything else goes on. Then, for moments, the new partition takes the place of the old one.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import asyncpg

from controller.store.platform import locks
from controller.store.platform.pool import Connection, Database

_MONITORS_AT_ONCE = 500
_LOCK_TIMEOUT = "500ms"
_DAY = timedelta(days=1)

_DUE = """
SELECT compacted_until FROM fold_progress WHERE span_seconds = 86400 AND compacted_until + interval '1 day' <= at
"""
_NOTE = """
UPDATE fold_progress SET compacted_until = $1::timestamptz + interval '1 day'
WHERE span_seconds = 86400 AND compacted_until = $1
"""
_MONITORS = """
SELECT max(id) FROM (SELECT id FROM monitor WHERE id > $1 ORDER BY id LIMIT $2) AS next
"""

_SAME = """
old.monitor_id = kept.monitor_id AND old.due_at = kept.due_at AND old.location_id = kept.location_id
  AND old.purpose = kept.purpose
"""


async def next_day(db: Database) -> datetime | None:
    """The next day all of which is folded. Raises StoreUnavailableError."""
    async with db.connection() as connection:
        day: datetime | None = await connection.fetchval(_DUE)
    return day


async def compact(db: Database, day: datetime) -> bool:
    """Move what stayed whole of this day; returns False when others hold locks for too long, so that it is to be tried
    again. Raises StoreUnavailableError.
    """
    table = f"result_{day:%Y%m%d}"
    async with db.transaction() as connection:
        await connection.execute(f"DROP TABLE IF EXISTS {table}_kept")
        if await connection.fetchval("SELECT to_regclass($1) IS NULL", table):
            await connection.execute(_NOTE, day)  # it was dropped, as all that old
            return True
        await connection.execute(
            f"CREATE TABLE {table}_kept (LIKE {table} INCLUDING ALL,"
            f" CHECK (due_at >= '{day:%Y-%m-%d} 00:00+00' AND due_at < '{day + _DAY:%Y-%m-%d} 00:00+00'))"
        )
    after: int = 0
    while True:
        async with db.transaction() as connection:
            last: int | None = await connection.fetchval(_MONITORS, after, _MONITORS_AT_ONCE)
            if last is None:
                break
            await _copy(connection, table, after, last)
        after = last
    try:
        return await _replace(db, table, day)
    except asyncpg.LockNotAvailableError:
        return False


async def _replace(db: Database, table: str, day: datetime) -> bool:
    async with db.transaction() as connection:
        await connection.execute("SELECT set_config('lock_timeout', $1, true)", _LOCK_TIMEOUT)
        # While these are held, nobody removes results, and no late result is stored.
        await connection.execute("SELECT pg_advisory_xact_lock($1)", locks.PARTITIONS)
        await connection.execute("SELECT pg_advisory_xact_lock($1)", locks.FOLD)
        if await connection.fetchval("SELECT to_regclass($1) IS NULL", table):
            return True
        await _agree(connection, table)
        await _swap(connection, table, day)
        await connection.execute(_NOTE, day)
    return True


async def _copy(connection: Connection, table: str, after: int, last: int) -> None:
    await connection.execute("SET LOCAL enable_seqscan = off")  # most pages are empty
    await connection.execute(
        f"INSERT INTO {table}_kept SELECT * FROM {table} WHERE monitor_id > $1 AND monitor_id <= $2",  # noqa: S608
        after,
        last,
    )


async def _agree(connection: Connection, table: str) -> None:
    """Copy what was stored meanwhile, and remove what was removed. Others wait for it, so both tables are compared in
    the order of their keys: that takes half a second for 200,000 rows.
    """
    for plan in ("seqscan", "hashjoin", "nestloop"):
        await connection.execute(f"SET LOCAL enable_{plan} = off")
    await connection.execute(
        f"INSERT INTO {table}_kept SELECT * FROM {table} AS old"  # noqa: S608
        f" WHERE NOT EXISTS (SELECT FROM {table}_kept AS kept WHERE {_SAME})",
    )
    await connection.execute(
        f"DELETE FROM {table}_kept AS kept WHERE NOT EXISTS (SELECT FROM {table} AS old WHERE {_SAME})",  # noqa: S608
    )


async def _swap(connection: Connection, table: str, day: datetime) -> None:
    await connection.execute(f"ALTER TABLE result DETACH PARTITION {table}")
    await connection.execute(f"DROP TABLE {table}")
    await connection.execute(f"ALTER TABLE {table}_kept RENAME TO {table}")
    await connection.execute(
        f"ALTER TABLE result ATTACH PARTITION {table}"
        f" FOR VALUES FROM ('{day:%Y-%m-%d} 00:00+00') TO ('{day + _DAY:%Y-%m-%d} 00:00+00')"
    )
