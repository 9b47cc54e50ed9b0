"""The plan by which results are stored, as a connection makes and keeps it when nothing is in the tables yet."""

from __future__ import annotations

from typing import Any

import pytest

from controller.store.checks import results
from controller.store.checks.result_insertion import INSERT_RESULTS
from controller.store.platform import locks
from tests.integration.store.conftest import Store
from tests.integration.store.plans.nodes import nodes

_ARGUMENTS = 28
_SMALL = {"location", "rollup_progress", "fold_progress", "blind_period"}
"""Tables with some rows, or with those of now."""


@pytest.mark.parametrize("analyzed", [False, True])
async def test_every_row_that_storing_needs_is_looked_up_by_a_key(store: Store, analyzed: bool) -> None:
    async with store.database.transaction() as connection:
        if analyzed:
            await connection.execute("ANALYZE")
        await connection.execute(results._BEGIN, locks.SETTLE, locks.FOLD, None)
        await connection.execute(f"PREPARE storing AS {INSERT_RESULTS}")
        given = ", ".join(["NULL"] * _ARGUMENTS)
        plan: list[dict[str, Any]] = await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE storing ({given})")
        await connection.execute("DEALLOCATE storing")
    scans = [node for node in nodes(plan[0]["Plan"]) if node.get("Relation Name") and "Scan" in node["Node Type"]]
    tables = {node["Relation Name"] for node in scans}
    assert {"monitor", "customer", "evaluation", "latest", "last_good", "retry"} <= tables
    assert any(name.startswith("gap_") for name in tables)
    read = [
        node for node in scans if not {"Index Cond", "TID Cond"} & node.keys() and node["Relation Name"] not in _SMALL
    ]
    assert [(node["Node Type"], node["Relation Name"]) for node in read] == []
