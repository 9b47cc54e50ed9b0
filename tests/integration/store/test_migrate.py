from __future__ import annotations

import asyncio

import asyncpg
import pytest
from pogo_core.util import migrate as pogo

from controller.store.platform import migrate
from controller.store.platform.migrate import SchemaError, require_current
from controller.store.platform.pool import Database, StoreUnavailableError

_SCHEMA = """
SELECT table_name || ' ' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '')
  AS name
FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT tablename || ' ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'routine ' || routine_name FROM information_schema.routines WHERE routine_schema = 'public'
UNION ALL SELECT 'type ' || typname FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype = 'e'
ORDER BY 1
"""


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
        await pogo.rollback(connection, migrate.DIRECTORY, schema_name="public")
        assert [row["name"] for row in await connection.fetch(_SCHEMA) if "_pogo" not in row["name"]] == []
        await migrate.apply(empty_url)
        assert await connection.fetch(_SCHEMA) == made
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
