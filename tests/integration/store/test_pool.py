"""Every error of asyncpg when PostgreSQL goes away in the middle of its work is raised as StoreUnavailableError."""

from __future__ import annotations

import asyncpg
import pytest

from controller.store.platform.pool import Database, StoreUnavailableError


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(OSError("connection reset"), id="the connection is reset"),
        pytest.param(TimeoutError(), id="no answer within the timeout"),
        pytest.param(asyncpg.InterfaceError("connection is closed"), id="the connection is closed already"),
        pytest.param(
            asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress"),
            id="killed in the middle of an answer, as seen in a drill",
        ),
    ],
)
async def test_an_error_inside_a_transaction_is_a_database_that_is_away(database_url: str, error: Exception) -> None:
    async with Database.open(database_url, size=1) as database:
        with pytest.raises(StoreUnavailableError):
            async with database.transaction():
                raise error
        async with database.connection() as connection:  # the next one works
            assert await connection.fetchval("SELECT 1") == 1


async def kill_itself(database: Database) -> None:
    async with database.transaction() as connection, database.connection() as killer:
        own = await connection.fetchval("SELECT pg_backend_pid()")
        assert await killer.fetchval("SELECT pg_terminate_backend($1, 10000)", own)


async def test_a_connection_that_is_killed_before_the_commit_is_a_database_that_is_away(database_url: str) -> None:
    async with Database.open(database_url, size=2) as database:
        with pytest.raises(StoreUnavailableError):
            await kill_itself(database)
        assert database.busy == 0


async def test_a_fault_of_our_own_is_not_taken_for_a_database_that_is_away(database_url: str) -> None:
    async with Database.open(database_url, size=1) as database:
        with pytest.raises(asyncpg.UndefinedTableError):
            async with database.transaction() as connection:
                await connection.execute("SELECT * FROM nothing")


async def test_statements_are_planned_anew_within_the_block_alone(database_url: str) -> None:
    async with Database.open(database_url, size=1) as database:
        async with database.planned_anew() as connection:
            assert await connection.fetchval("SHOW plan_cache_mode") == "force_custom_plan"
        async with database.connection() as connection:
            assert await connection.fetchval("SHOW plan_cache_mode") == "auto"
