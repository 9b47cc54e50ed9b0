"""The SQL functions of rules are made by migrating, replaced when they differ, and kept for earlier versions."""

from __future__ import annotations

import pytest

from controller.decisions.sql_function import SqlFunction
from controller.store.platform import migrate, rules
from controller.store.platform.migrate import SchemaError, require_current
from controller.store.platform.pool import Database


def doubled(factor: int) -> SqlFunction:
    return SqlFunction(
        "multiplied_for_a_test(integer)",
        "CREATE OR REPLACE FUNCTION multiplied_for_a_test(n integer) RETURNS integer LANGUAGE sql IMMUTABLE"
        f" AS $$ SELECT n * {factor} $$",
    )


async def test_functions_follow_the_version(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Database.open(database_url) as database:
        await require_current(database)
        for factor in (2, 3):
            monkeypatch.setattr(rules, "RULES", (*rules.RULES[: -1 if factor == 3 else None], doubled(factor)))
            with pytest.raises(SchemaError, match=r"multiplied_for_a_test\(integer\)"):
                await require_current(database)
            await migrate.apply(database_url)
            await require_current(database)
            async with database.connection() as connection:
                assert await connection.fetchval("SELECT multiplied_for_a_test(7)") == 7 * factor
        monkeypatch.setattr(rules, "RULES", rules.RULES[:-1])
        await migrate.apply(database_url)
        async with database.connection() as connection:
            assert await connection.fetchval("SELECT multiplied_for_a_test(7)") == 21
