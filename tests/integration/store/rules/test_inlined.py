"""PostgreSQL replaces a rule's function by its expression: a call for each row would cost many times as much."""

from __future__ import annotations

import pytest

from controller.store.checks import dispatch, result_insertion
from controller.store.evaluation import evaluations
from controller.store.platform.pool import Connection, Database
from shared.epoch import to_datetime
from tests.integration.store.rules.both_forms import NOON_MS, QUESTIONS

_STATEMENTS = {
    "storing results": (
        result_insertion.INSERT_RESULTS,
        ("is_due", "may_check", "may_rotate", "late_at", "is_result_worth", "ripe_at"),
    ),
    "settling": (dispatch._SETTLE, ("history_at", "is_gap_worth", "ripe_at", "blind_until")),
    "skipping rounds": (dispatch._INSERT_RANGES, ("blind_until",)),
    "noting again": (evaluations._NOTE_SINCE, ("ripe_at",)),
}


@pytest.mark.parametrize("rule", QUESTIONS)
async def test_a_rule_is_no_call(database_url: str, rule: str) -> None:
    async with Database.open(database_url, size=1) as database, database.connection() as connection:
        plan = await _plan(connection, QUESTIONS[rule])
    assert "Output:" in plan
    assert not [name for name in QUESTIONS if f"{name}(" in plan], plan


@pytest.mark.parametrize("statement", _STATEMENTS)
async def test_nor_is_it_where_it_is_used(database_url: str, statement: str) -> None:
    sql, used = _STATEMENTS[statement]
    assert [name for name in QUESTIONS if f"{name}(" in sql] == [name for name in QUESTIONS if name in used]
    async with Database.open(database_url, size=1) as database, database.connection() as connection:
        plan = await _plan(connection, sql)
    assert "Output:" in plan
    assert not [name for name in QUESTIONS if f"{name}(" in plan], plan


async def _plan(connection: Connection, sql: str) -> str:
    parameters = (await connection.prepare(sql)).get_parameters()
    values = [_VALUES.get(one.name, []) for one in parameters]
    return "\n".join(row[0] for row in await connection.fetch("EXPLAIN (VERBOSE) " + sql, *values))


_VALUES: dict[str, object] = {"int8": 1, "int4": 1, "float8": 1.0, "text": "late", "timestamptz": to_datetime(NOON_MS)}
