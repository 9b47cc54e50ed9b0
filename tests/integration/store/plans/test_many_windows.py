"""Many windows of many monitors at once: PostgreSQL looks at each pair of them a few times, not at each of three."""

from __future__ import annotations

from datetime import timedelta

import pytest

from controller.store.maintenance import borders
from shared.clock import utc_now
from tests.integration.store.conftest import Store
from tests.integration.store.maintenance.cases import window_of_all
from tests.integration.store.plans.nodes import nodes

WINDOWS, MONITORS = 60, 20


@pytest.mark.parametrize("analyzed", [False, True])
async def test_what_occurs_is_found_with_a_few_steps_for_each_monitor_of_each_window(
    store: Store, analyzed: bool
) -> None:
    monitors = [(await store.monitor()).id for _ in range(MONITORS)]
    now = utc_now()
    for _ in range(WINDOWS):
        await window_of_all(store, now - timedelta(seconds=1), now + timedelta(hours=1))
    await store.value(
        "WITH of_customers AS (UPDATE maintenance_window SET whole_organization = false RETURNING id)"
        " INSERT INTO maintenance_target (window_id, customer_id)"
        " SELECT of_customers.id, customer.id FROM of_customers, customer"
    )
    async with store.database.transaction() as connection:
        if analyzed:
            await connection.execute("ANALYZE")
        for statement, *values in (
            (borders._COMING, monitors, now),
            (borders._OCCURRING, monitors, now, now, now),
        ):
            plan = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *values)
            assert max(node["Actual Loops"] for node in nodes(plan[0]["Plan"])) <= WINDOWS * MONITORS
        occurring = await connection.fetch(borders._OCCURRING, monitors, now, now, now)
    assert len(occurring) == WINDOWS * MONITORS
