"""A database of the version before blocks is migrated, and its checks are put into blocks, while it is used.

Nobody waits long for a lock, and no check is lost or there twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count, takewhile
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from controller.model import GapReason
from controller.model.retention import Kept
from controller.pipeline.folding.folder import fold_due
from controller.pipeline.folding.space import give_back_space
from controller.pipeline.housekeeping import prepare_partitions, settle_checks
from controller.store.checks import dispatch
from controller.store.checks.dispatch import Expected
from controller.store.checks.history import check_history
from controller.store.checks.results import store_results
from controller.store.platform import migrate
from controller.store.platform.partitions import make_partitions
from controller.store.platform.pool import Database
from controller.store.retention import choices
from shared.clock import utc_now
from shared.epoch import to_ms
from shared.wire.rounds import Purpose
from tests.integration.store.migrating import apply_before
from tests.integration.store.migrations.lock_waits import lock_waits
from tests.integration.store.test_rollups import result

MONITORS, MINUTES = 100, 3360
CHECKS = MONITORS * 3 * MINUTES
LONGEST_WAIT_SECONDS = 1.0
BACKUP_SECONDS = 3.0

_OWNERS = """
INSERT INTO organization (name) VALUES ('O');
INSERT INTO customer (organization_id, name) SELECT id, 'C' FROM organization;
INSERT INTO location (code, name, country_code, public_key) SELECT code, code, 'DE', 'k'
FROM unnest('{de,at,us}'::text[]) AS code;
INSERT INTO monitor (organization_id, customer_id, kind, name, hostname, status, interval_seconds, timeout_seconds,
  config)
SELECT organization_id, id, 'smtp', 'M' || n, 'smtp.example.com', 'active', 60, 30, '{}'
FROM customer, generate_series(1, 100) AS n;
"""
_FILL = """
INSERT INTO result (monitor_id, due_at, location_id, purpose, status, duration_ms, started_at, stored_at, agent,
  address, phases, facts)
SELECT monitor.id, due_at, location.id, 'scheduled', 'success', 20 + monitor.id, due_at,
  due_at + interval '1 second', 'agent-1', '192.0.2.1',
  '[{"phase":"connect","startMs":0.1,"durationMs":9.5},{"phase":"greeting","startMs":9.6,"durationMs":5.5}]',
  '{"banner":"smtp.example.com ESMTP"}'
FROM generate_series($1::timestamptz, $1 + make_interval(mins => $2), interval '1 minute') AS due_at
CROSS JOIN monitor CROSS JOIN location WHERE due_at < $1 + make_interval(mins => $2)
"""

# What every version does, in short.
_STORE = """
INSERT INTO result (monitor_id, due_at, location_id, purpose, status, duration_ms, started_at, agent, phases)
SELECT monitor.id, $1, location.id, 'scheduled', 'success', 12, $1, 'agent-1', '[]'
FROM monitor JOIN customer ON customer.id = customer_id CROSS JOIN location WHERE monitor.id % 10 = $2
"""
_READ = """
SELECT result.due_at, result.status FROM monitor JOIN customer ON customer.id = customer_id
LEFT JOIN retention ON retention.organization_id = monitor.organization_id
JOIN result ON result.monitor_id = monitor.id AND due_at < $1
WHERE monitor.public_id = $2 ORDER BY due_at DESC LIMIT 50
"""
_THERE = "SELECT (SELECT count(*) FROM result) + (SELECT COALESCE(sum(checks), 0)::bigint FROM result_block)"


class Use:
    """Others that use the database all the time, each over a connection of its own."""

    def __init__(self, url: str, begin: datetime, names: list[UUID]) -> None:
        self.stored = self.reads = self.late = self.copies = 0
        self._url = url
        self._begin = begin
        self._names = names

    @asynccontextmanager
    async def going_on(self, *kinds: Callable[[Any, asyncio.Event], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
        """Each ends by itself, so that what it stored is counted."""
        ended = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for kind in kinds:
                group.create_task(kind(self, ended))
            try:
                yield
            finally:
                ended.set()

    async def store(self, ended: asyncio.Event) -> None:
        now = utc_now()
        async with _connected(self._url) as connection:
            for n in _numbers_until(ended):
                status = await connection.execute(_STORE, now + timedelta(milliseconds=n), n % 10)
                self.stored += int(status.split()[-1])
                await asyncio.sleep(0.01)

    async def read(self, ended: asyncio.Event) -> None:
        async with _connected(self._url) as connection:
            for n in _numbers_until(ended):
                until = self._begin + timedelta(minutes=n % MINUTES)
                await connection.fetch(_READ, until, self._names[n % MONITORS])
                self.reads += 1
                await asyncio.sleep(0.01)

    async def settle(self, ended: asyncio.Event) -> None:
        """Planned checks that are there, so that no gap is recorded."""
        async with Database.open(self._url, size=1) as database:
            for n in _numbers_until(ended):
                due = to_ms(self._begin + timedelta(minutes=n % 1440))
                checks = [Expected(1, due, 1, Purpose.SCHEDULED, GapReason.LATE, settle_ms=due)]
                await dispatch.expect(database, checks)
                await settle_checks(database)
                await asyncio.sleep(0.05)

    async def store_late(self, ended: asyncio.Event) -> None:
        """Checks of the hours that are put into blocks: some that were missing, and second copies."""
        async with Database.open(self._url, size=1) as database:
            for n in _numbers_until(ended):
                minute = self._begin + timedelta(minutes=37 * n % 1440)
                name, then = self._names[n % MONITORS], minute + timedelta(milliseconds=1 + n)
                [new, copy] = await store_results(database, [result(name, then), result(name, minute)])
                assert new is not None
                assert new.new
                assert copy is not None
                assert not copy.new
                self.late += 1
                self.copies += 1
                await asyncio.sleep(0.01)


def _numbers_until(ended: asyncio.Event) -> Iterator[int]:
    return takewhile(lambda _: not ended.is_set(), count())


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(url, timeout=10, command_timeout=60)
    try:
        yield connection
    finally:
        await connection.close(timeout=10)


@asynccontextmanager
async def backup(url: str) -> AsyncIterator[None]:
    """A long transaction that has read every table, as pg_dump makes one."""
    async with _connected(url) as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        rows = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        )
        for row in rows:
            await connection.execute(f"LOCK TABLE {row['relname']} IN ACCESS SHARE MODE")
        yield


async def earlier_version(url: str) -> tuple[datetime, list[UUID]]:
    """A million checks in rows; returns the moment of the first ones and the public ids of the monitors."""
    today = datetime.combine(utc_now().date(), datetime.min.time(), UTC)
    begin = today - timedelta(days=3)
    async with _connected(url) as connection:
        await apply_before(connection, "0060")
        await connection.execute(_OWNERS)
        async with Database.open(url) as database:
            await make_partitions(database, begin.date(), today.date())
        await connection.execute(_FILL, begin, MINUTES, timeout=600)
        await connection.execute("ANALYZE", timeout=600)
        assert await connection.fetchval("SELECT count(*) FROM result") == CHECKS
        names = [row["public_id"] for row in await connection.fetch("SELECT public_id FROM monitor ORDER BY id")]
    return begin, names


async def migrate_beside_a_backup(url: str) -> None:
    async with backup(url):
        migrating = asyncio.create_task(migrate.apply(url))
        await asyncio.sleep(BACKUP_SECONDS)
        assert not migrating.done()
    await migrating


async def put_a_day_into_blocks(database: Database, begin: datetime) -> int:
    """The first day, and some hours of the second one."""
    await prepare_partitions(database)
    async with database.connection() as connection:
        await choices.note_setting(connection, "c", Kept(), lasts_seconds=600)
        await connection.execute("UPDATE rollup_progress SET rolled_until = $1", begin + timedelta(hours=26))
    return await fold_due(database)


async def compacted(database: Database) -> datetime:
    async with database.connection() as connection:
        until: datetime = await connection.fetchval(
            "SELECT min(compacted_until) FROM fold_progress WHERE span_seconds = 86400"
        )
    return until


@pytest.mark.long
async def test_a_million_checks_are_migrated_and_put_into_blocks_while_others_go_on(empty_url: str) -> None:
    begin, names = await earlier_version(empty_url)
    use = Use(empty_url, begin, names)
    async with (
        lock_waits(empty_url) as waits,
        use.going_on(Use.store, Use.read),
        Database.open(empty_url) as database,
    ):
        await migrate_beside_a_backup(empty_url)
        stored, reads = use.stored, use.reads
        async with use.going_on(Use.store_late, Use.settle):
            folded = await put_a_day_into_blocks(database, begin)
            async with backup(empty_url):
                await give_back_space(database)
                assert await compacted(database) == begin, "not while others use the table"
            await give_back_space(database)
            assert await compacted(database) == begin + timedelta(days=1)
    assert min(stored, reads, use.late, use.copies) > 0
    assert use.stored > stored
    assert use.reads > reads
    assert folded > 26 * 60 * 3 * MONITORS - use.copies
    async with Database.open(empty_url) as database:
        async with database.connection() as connection:
            assert await connection.fetchval(_THERE) == CHECKS + use.stored + use.late
            assert await connection.fetchval("SELECT count(*) FROM gap") == 0
            first = await connection.fetchval("SELECT id FROM monitor WHERE public_id = $1", names[0])
            own = await connection.fetchval(
                "SELECT (SELECT count(*) FROM result WHERE monitor_id = $1)"
                " + (SELECT sum(checks) FROM result_block WHERE monitor_id = $1)",
                first,
            )
        found = await check_history(database, first, names[0], limit=100_000)
    assert len({one.check_id for one in found}) == len(found) == own
    assert waits.looks > 0
    assert not waits.longer_than(LONGEST_WAIT_SECONDS)
