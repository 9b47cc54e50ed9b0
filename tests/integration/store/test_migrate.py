from __future__ import annotations

import asyncio

import asyncpg
import pytest

from controller.store.platform import migrate, migration_files
from controller.store.platform.migrate import SchemaError, require_current
from controller.store.platform.migration_files import Migration
from controller.store.platform.pool import Database, StoreUnavailableError
from tests.integration.store.migrating import applied, apply_before, take_back

_SCHEMA = """
SELECT table_name || ' ' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '')
  AS name
FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT tablename || ' ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'routine ' || routine_name FROM information_schema.routines WHERE routine_schema = 'public'
UNION ALL SELECT 'type ' || typname FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype = 'e'
ORDER BY 1
"""
_FURTHER = Migration(
    "9999_further", "ALTER TABLE customer ADD COLUMN further text;", "ALTER TABLE customer DROP COLUMN further;"
)
_ANYBODY_WAITS = (
    "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"
)


async def test_two_at_once_migrate_once_and_a_third_changes_nothing(empty_url: str) -> None:
    async with Database.open(empty_url) as database:
        with pytest.raises(SchemaError, match="run `mailprobe-controller migrate`"):
            await require_current(database)
        await asyncio.gather(migrate.apply(empty_url), migrate.apply(empty_url))
        await migrate.apply(empty_url)
        await require_current(database)
        async with database.connection() as connection:
            assert await connection.fetchval("SELECT count(*) FROM monitor") == 0
            assert await connection.fetchval("SELECT count(*) FROM pg_proc WHERE proname = 'notify_change'") == 1


async def test_every_migration_can_be_taken_back_and_applied_again(empty_url: str) -> None:
    await migrate.apply(empty_url)
    connection = await asyncpg.connect(empty_url, timeout=10)
    try:
        made = await connection.fetch(_SCHEMA)
        await take_back(connection)
        assert [row["name"] for row in await connection.fetch(_SCHEMA) if "_pogo" not in row["name"]] == []
        await migrate.apply(empty_url)
        assert await connection.fetch(_SCHEMA) == made
    finally:
        await connection.close(timeout=10)


async def test_what_an_earlier_version_applied_is_not_applied_again(empty_url: str) -> None:
    connection = await asyncpg.connect(empty_url, timeout=10)
    try:
        earlier = await apply_before(connection, "0020")
        moments = await connection.fetch("SELECT migration_id, applied FROM _pogo_migration ORDER BY 1")
        await migrate.apply(empty_url)
        assert await applied(connection) == migration_files.names()
        after = await connection.fetch("SELECT migration_id, applied FROM _pogo_migration ORDER BY 1")
        assert after[: len(earlier)] == moments
        made = await connection.fetch(_SCHEMA)
        async with Database.open(empty_url) as database:
            await require_current(database)
        await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        await migrate.apply(empty_url)
        fresh = await connection.fetch(_SCHEMA)
        assert [row for row in made if "_pogo_version" not in row["name"]] == fresh
    finally:
        await connection.close(timeout=10)


async def test_a_migration_that_fails_leaves_nothing_and_is_named(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Migration("0002_broken", "CREATE TABLE half (id int); SELECT 1 FROM missing;", "DROP TABLE half;")
    good = Migration("0001_good", "CREATE TABLE whole (id int);", "DROP TABLE whole;")
    monkeypatch.setattr(migration_files, "read", lambda: [good, broken])
    with pytest.raises(SchemaError, match=r'^migration 0002_broken failed: relation "missing" does not exist'):
        await migrate.apply(empty_url)
    connection = await asyncpg.connect(empty_url, timeout=10)
    try:
        assert await applied(connection) == ["0001_good"]
        assert await connection.fetchval("SELECT to_regclass('whole') IS NOT NULL AND to_regclass('half') IS NULL")
    finally:
        await connection.close(timeout=10)


async def test_nobody_waits_for_a_migration_that_waits_for_a_long_transaction(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "_PAUSE_SECONDS", 0.05)
    migrations = [*migration_files.read(), _FURTHER]
    monkeypatch.setattr(migration_files, "read", lambda: migrations)
    async with Database.open(database_url) as database:
        async with database.transaction() as backup, database.connection() as reader:
            await backup.execute("SELECT FROM customer")
            migrating = asyncio.create_task(migrate.apply(database_url))
            while not await reader.fetchval(_ANYBODY_WAITS):
                await asyncio.sleep(0.01)
            await reader.execute("SELECT FROM customer")
            assert not migrating.done()
        await migrating
        async with database.connection() as connection:
            await connection.execute("SELECT further FROM customer")


async def test_a_migration_whose_tables_others_use_all_the_time_is_named(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "_TRY_SECONDS", 0.0)
    migrations = [*migration_files.read(), _FURTHER]
    monkeypatch.setattr(migration_files, "read", lambda: migrations)
    async with Database.open(database_url) as database, database.transaction() as backup:
        await backup.execute("SELECT FROM customer")
        with pytest.raises(SchemaError, match=r"^migration 9999_further was not applied: others use its tables"):
            await migrate.apply(database_url)


async def test_a_function_that_cannot_be_replaced_is_named(empty_url: str) -> None:
    connection = await asyncpg.connect(empty_url, timeout=10)
    try:
        await connection.execute(
            "CREATE FUNCTION late_at(timestamptz, integer, integer, integer) RETURNS text LANGUAGE sql AS 'SELECT NULL'"
        )
        with pytest.raises(SchemaError, match="functions of rules cannot be made: cannot change"):
            await migrate.apply(empty_url)
        await connection.execute("DROP FUNCTION late_at")
        await migrate.apply(empty_url)
    finally:
        await connection.close(timeout=10)


async def test_a_database_of_a_newer_version_is_refused(database_url: str) -> None:
    async with Database.open(database_url) as database:
        async with database.connection() as connection:
            await connection.execute(
                "INSERT INTO _pogo_migration (migration_hash, migration_id, schema_name, applied)"
                " VALUES ('x', '9999_later', 'public', now())"
            )
        with pytest.raises(SchemaError, match="9999_later"):
            await require_current(database)
    with pytest.raises(SchemaError, match="9999_later"):
        await migrate.apply(database_url)


async def test_a_missing_server_is_distinguished_from_a_missing_schema() -> None:
    with pytest.raises(StoreUnavailableError):
        await migrate.apply("postgresql://nobody@127.0.0.1:1/nothing")
