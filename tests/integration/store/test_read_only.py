"""A PostgreSQL that is full or read-only is unavailable for writes, never a reason to reject a value; reads go on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from controller.model.dependencies import Dependency
from controller.operations.accounts.limits import RequestLimits
from controller.pipeline.ops.database_watch import DatabaseWatch
from controller.pipeline.ops.health import DependencyHealth
from controller.store.accounts import tokens
from controller.store.platform.pool import Database, StoreReadOnlyError, connect
from controller.store.platform.writing import require_space, require_writable
from deploy.local import postgres
from deploy.local.supervisor import supervising
from tests.conftest import NOT_DURABLE


async def set_read_only(url: str, read_only: bool) -> None:
    """For connections that are made from now on."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SET default_transaction_read_only = off")
        name = await connection.fetchval("SELECT current_database()")
        setting = "SET default_transaction_read_only = on" if read_only else "RESET default_transaction_read_only"
        await connection.execute(f'ALTER DATABASE "{name}" {setting}')
    finally:
        await connection.close()


async def _write(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute("UPDATE schedule SET leader = leader")


async def test_connections_are_replaced_until_one_can_write(database_url: str) -> None:
    await set_read_only(database_url, True)
    async with Database.open(database_url, size=2) as database:
        for _ in range(2):
            with pytest.raises(StoreReadOnlyError, match="PostgreSQL is read-only"):
                await _write(database)
        await set_read_only(database_url, False)
        await _write(database)


async def test_the_watch_names_a_read_only_database_until_it_can_be_written(database_url: str) -> None:
    health = DependencyHealth()
    async with Database.open(database_url, size=2, on_failure=health.store_failed) as database:
        watch = DatabaseWatch(database, health)
        await watch.review()
        assert health.problems == {}
        await set_read_only(database_url, True)
        await database.replace_connections()
        await watch.review()
        text = "PostgreSQL is read-only, as while a fail-over is under way"
        assert {part: problem.text for part, problem in health.problems.items()} == {Dependency.DATABASE: text}
        await set_read_only(database_url, False)
        await watch.review()
        assert health.problems == {}


async def test_a_caller_is_known_and_admitted_while_nothing_can_be_written(database_url: str) -> None:
    token = tokens.new_token()
    async with Database.open(database_url, size=2) as database:
        async with database.connection() as connection:
            organization = await connection.fetchval("INSERT INTO organization (name) VALUES ('O') RETURNING id")
        await tokens.insert(database, token, organization_id=organization, customer_id=None, name="t", expires_in=None)
        await set_read_only(database_url, True)
        await database.replace_connections()
        principal = await tokens.principal_of(database, token.reveal())
        assert principal is not None
        assert principal.works_in == organization
        assert await RequestLimits(database, 10).admit("somebody") is None
        await set_read_only(database_url, False)
        await database.replace_connections()
        quota = await RequestLimits(database, 10).admit("somebody")
        assert quota is not None
        assert quota.remaining == 9


async def test_of_several_servers_the_one_that_takes_writes_is_used(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    read_only = postgres.prepare(tmp_path / "a" / "data", options=(*NOT_DURABLE, "--default_transaction_read_only=on"))
    writable = postgres.prepare(tmp_path / "b" / "data", options=NOT_DURABLE)
    away = tmp_path / "nowhere"

    def url(*places: Path) -> str:
        hosts, ports = ",".join(map(str, places)), ",".join(["5432"] * len(places))
        return f"postgresql://{postgres.USER}@/postgres?host={hosts}&port={ports}"

    async with supervising() as supervisor:
        await supervisor.start(read_only.part(tmp_path / "a.log"))
        await supervisor.start(replace(writable.part(tmp_path / "b.log"), name="writable"))
        async with Database.open(url(away, read_only.sockets, writable.sockets), size=1) as database:
            await require_writable(database)
        connection = await connect(url(away, read_only.sockets, writable.sockets))
        try:
            assert await connection.fetchval("SHOW transaction_read_only") == "off"
        finally:
            await connection.close()
        async with Database.open(url(away, read_only.sockets), size=1) as database:  # reading works while none does
            async with database.connection() as reading:
                assert await reading.fetchval("SELECT 1") == 1
            with pytest.raises(StoreReadOnlyError):
                await require_writable(database)


async def test_the_test_for_space_leaves_nothing_behind(database_url: str) -> None:
    async with Database.open(database_url, size=1) as database:
        await require_space(database)
        await require_space(database)
        async with database.connection() as connection:
            assert await connection.fetchval("SELECT to_regclass('write_test')") is None
