"""Give back the space of the rows that were put into blocks: what stayed whole of a day moves into a new partition.

It is copied while everything else goes on; a trigger notes the keys of what changes meanwhile, and that is copied
again. Then, for moments, the new partition takes the place of the old one: whatever the number of rows, only the last
few that changed are copied under locks. The constraint COMPACTED is of partitions that are done.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

import asyncpg

from controller.store.platform import locks
from controller.store.platform.pool import AWAY, Connection, Database

COMPACTED = "compacted"

_ROWS_AT_ONCE = 2_000
_MOST_UNDER_LOCKS = 200
_VACUUM_TIMEOUT = "5s"
"""Longer than deadlock_timeout, after which a waiter ends an autovacuum. Nobody else waits for this lock."""
_LOCK_TIMEOUT = "300ms"
"""Readers and writers wait behind us so long at most, twice."""
_UNDER_LOCKS_TIMEOUT = "800ms"
_ATTEMPTS = 20
_PAUSE_SECONDS = 0.5
_DAY = timedelta(days=1)

_DUE = """
SELECT day AT TIME ZONE 'UTC' AS day FROM fold_progress
CROSS JOIN LATERAL generate_series(
  compacted_until AT TIME ZONE 'UTC', at AT TIME ZONE 'UTC' - interval '1 day', interval '1 day'
) AS day
WHERE span_seconds = 86400 AND to_regclass('result_' || to_char(day, 'YYYYMMDD')) IS NOT NULL
  AND NOT EXISTS (
    SELECT FROM pg_constraint
    WHERE conrelid = to_regclass('result_' || to_char(day, 'YYYYMMDD')) AND conname = $1
  )
ORDER BY day
"""
_COPIES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '^result_[0-9]{8}_kept$'"
_NOTE = """
UPDATE fold_progress SET compacted_until = COALESCE($1, date_trunc('day', at, 'UTC'))
WHERE span_seconds = 86400 AND compacted_until < COALESCE($1, date_trunc('day', at, 'UTC'))
"""
_FORGET_CHANGED = """
DELETE FROM {table}_kept AS kept
USING unnest($1::bigint[], $2::timestamptz[], $3::int[], $4::check_purpose[])
  AS changed (monitor_id, due_at, location_id, purpose)
WHERE kept.monitor_id = changed.monitor_id AND kept.due_at = changed.due_at
  AND kept.location_id = changed.location_id AND kept.purpose = changed.purpose
"""
_INSERT_CHANGED = """
INSERT INTO {table}_kept
SELECT old.* FROM unnest($1::bigint[], $2::timestamptz[], $3::int[], $4::check_purpose[])
  AS changed (monitor_id, due_at, location_id, purpose)
JOIN {table} AS old ON old.monitor_id = changed.monitor_id AND old.due_at = changed.due_at
  AND old.location_id = changed.location_id AND old.purpose = changed.purpose
ON CONFLICT DO NOTHING
"""


class _Key(NamedTuple):
    monitor_id: int
    due_at: datetime
    location_id: int
    purpose: str


class Compaction:
    """The right to compact, which one controller has at a time: a lock of the connection that does all of it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def due_days(self) -> list[datetime]:
        """The days all of which is folded and whose space is not given back, in order."""
        rows = await self._connection.fetch(_DUE, COMPACTED)
        return [row["day"] for row in rows]

    async def note_done(self) -> None:
        """Never look again at days before the first that is left."""
        left = await self.due_days()
        await self._connection.execute(_NOTE, left[0] if left else None)

    async def remove_copies(self) -> None:
        """Remove those of attempts that died."""
        rows = await self._connection.fetch(_COPIES)
        for row in rows:
            await self._connection.execute(f"DROP TABLE {row['relname']}")

    async def compact(self, day: datetime) -> bool:
        """Move what stayed whole of this day; returns False when others hold locks for too long, or change too much, so
        that it is to be tried again.
        """
        table = f"result_{day:%Y%m%d}"
        done = False
        try:
            await self._begin(table, day)
            await self._copy(table)
            done = await self._replace(table, day)
        except (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError):
            return False
        finally:
            if not done and not self._connection.is_closed():
                await self._clean_up(table)
        return done

    async def _begin(self, table: str, day: datetime) -> None:
        """From here on, what changes is noted. Raises LockNotAvailableError."""
        connection = self._connection
        async with connection.transaction():
            await _wait_at_most(connection, _VACUUM_TIMEOUT)
            await connection.execute(
                f"ALTER TABLE {table} SET (autovacuum_enabled = false, toast.autovacuum_enabled = false)"
            )
        async with connection.transaction():
            await _wait_at_most(connection, _LOCK_TIMEOUT)
            await connection.execute("TRUNCATE result_changed")
        async with connection.transaction():
            await _wait_at_most(connection, _LOCK_TIMEOUT)
            await connection.execute(
                f"CREATE TABLE {table}_kept (LIKE {table} INCLUDING ALL, CONSTRAINT {COMPACTED}"
                f" CHECK (due_at >= '{day:%Y-%m-%d} 00:00+00' AND due_at < '{day + _DAY:%Y-%m-%d} 00:00+00'))"
                " WITH (autovacuum_enabled = false, toast.autovacuum_enabled = false)"
            )
            await connection.execute(
                f"CREATE OR REPLACE TRIGGER note_changed AFTER INSERT OR UPDATE OR DELETE ON {table}"
                " FOR EACH ROW EXECUTE FUNCTION note_changed_result()"
            )
            await connection.execute(
                f"CREATE OR REPLACE TRIGGER note_emptied AFTER TRUNCATE ON {table}"
                " FOR EACH STATEMENT EXECUTE FUNCTION note_changed_result()"
            )

    async def _copy(self, table: str) -> None:
        """Copy all rows, a few in each transaction, and then what changed, until that is little."""
        last: _Key | None = _Key(0, datetime.fromisoformat("2000-01-01T00:00:00+00:00"), 0, "scheduled")
        while last is not None:
            async with self._connection.transaction():
                await self._connection.execute("SET LOCAL enable_seqscan = off")  # most pages are empty
                row = await self._connection.fetchrow(
                    f"""
                    WITH following AS MATERIALIZED (
                      SELECT * FROM {table} WHERE (monitor_id, due_at, location_id, purpose) > ($1, $2, $3, $4)
                      ORDER BY monitor_id, due_at, location_id, purpose LIMIT $5
                    ), copied AS (INSERT INTO {table}_kept SELECT * FROM following ON CONFLICT DO NOTHING)
                    SELECT monitor_id, due_at, location_id, purpose FROM following
                    ORDER BY monitor_id DESC, due_at DESC, location_id DESC, purpose DESC LIMIT 1
                    """,  # noqa: S608 - the table's name is made of digits
                    *last,
                    _ROWS_AT_ONCE,
                )
            last = None if row is None else _Key(*row)
        await self._copy_all_changed(table)

    async def _copy_all_changed(self, table: str) -> None:
        while await self._copy_changed(table) == _ROWS_AT_ONCE:
            pass

    async def _copy_changed(self, table: str) -> int:
        """Copy some of the rows anew that changed; returns how many notes there were of them. Raises
        LockNotAvailableError when all of them were removed, so that the copy is worth nothing.
        """
        connection = self._connection
        async with connection.transaction():
            noted = await connection.fetch(
                "DELETE FROM result_changed WHERE ctid = ANY (ARRAY(SELECT ctid FROM result_changed LIMIT $1))"
                " RETURNING *",
                _ROWS_AT_ONCE,
            )
            if not noted:
                return 0
            if any(row["monitor_id"] is None for row in noted):
                raise asyncpg.LockNotAvailableError(f"{table} was emptied")
            await connection.execute("SET LOCAL enable_seqscan = off")
            keys = [list(column) for column in zip(*(tuple(row) for row in noted), strict=True)]
            for statement in (_FORGET_CHANGED, _INSERT_CHANGED):
                await connection.execute(statement.format(table=table), *keys)
        return len(noted)

    async def _replace(self, table: str, day: datetime) -> bool:
        """Try to put the copy in the place of the partition, again and again, as statements come and go. Raises
        LockNotAvailableError.
        """
        for left in reversed(range(_ATTEMPTS)):
            try:
                if await self._swap(table, day):
                    return True
            except asyncpg.LockNotAvailableError:
                if not left:
                    raise
            await asyncio.sleep(_PAUSE_SECONDS)
            await self._copy_all_changed(table)
        return False

    async def _swap(self, table: str, day: datetime) -> bool:
        """Raises LockNotAvailableError. The parent is locked before the partition, as by all who read and write; what
        might hold the partition for longer is locked out of it before.
        """
        connection = self._connection
        async with connection.transaction():
            await _wait_at_most(connection, _VACUUM_TIMEOUT)
            await connection.execute(f"LOCK TABLE {table}, {table}_kept IN SHARE UPDATE EXCLUSIVE MODE")
            await _wait_at_most(connection, _LOCK_TIMEOUT)
            await connection.execute("SELECT set_config('statement_timeout', $1, true)", _UNDER_LOCKS_TIMEOUT)
            for lock in (locks.PARTITIONS, locks.FOLD):  # nobody removes results, and no late result is stored
                if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", lock):
                    return False
            if await connection.fetchval("SELECT count(*) FROM result_changed") > _MOST_UNDER_LOCKS:
                return False
            await self._copy_changed(table)
            await connection.execute(f"ALTER TABLE {table}_kept RESET (autovacuum_enabled, toast.autovacuum_enabled)")
            await connection.execute(f"ALTER TABLE result DETACH PARTITION {table}")
            await connection.execute(f"DROP TABLE {table}")
            await connection.execute(f"ALTER TABLE {table}_kept RENAME TO {table}")
            await connection.execute(
                f"ALTER TABLE result ATTACH PARTITION {table}"
                f" FOR VALUES FROM ('{day:%Y-%m-%d} 00:00+00') TO ('{day + _DAY:%Y-%m-%d} 00:00+00')"
            )
        return True

    async def _clean_up(self, table: str) -> None:
        """Leave nothing of an attempt that failed; what cannot be removed now the next attempt replaces."""
        try:
            async with self._connection.transaction():
                await _wait_at_most(self._connection, _LOCK_TIMEOUT)
                await self._connection.execute(f"DROP TABLE IF EXISTS {table}_kept")
                await self._connection.execute(f"DROP TRIGGER IF EXISTS note_changed ON {table}")
                await self._connection.execute(f"DROP TRIGGER IF EXISTS note_emptied ON {table}")
                await self._connection.execute(
                    f"ALTER TABLE IF EXISTS {table} RESET (autovacuum_enabled, toast.autovacuum_enabled)"
                )
        except asyncpg.LockNotAvailableError:
            pass


@asynccontextmanager
async def compacting(db: Database) -> AsyncIterator[Compaction | None]:
    """None when another controller compacts. Raises StoreUnavailableError."""
    async with db.connection() as connection:
        if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", locks.COMPACTION):
            yield None
            return
        try:
            yield Compaction(connection)
        finally:
            try:
                await connection.execute("SELECT pg_advisory_unlock($1)", locks.COMPACTION)
            except AWAY:
                connection.terminate()  # or the lock would be held as long as the pool keeps it


async def _wait_at_most(connection: Connection, timeout: str) -> None:
    await connection.execute("SELECT set_config('lock_timeout', $1, true)", timeout)
