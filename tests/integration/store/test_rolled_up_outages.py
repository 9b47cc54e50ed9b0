"""Uptime follows the verdict: the time of an incident counts as down, also when it is confirmed later."""

from __future__ import annotations

from datetime import datetime

import pytest

from controller.pipeline.rollups import roll_up
from controller.store.checks.results import store_results
from tests.integration.outages import outage
from tests.integration.store.conftest import Store
from tests.integration.store.test_rollups import DOWN, HOUR, result, uptime


async def test_an_outage_that_is_confirmed_later_is_rolled_up_with_the_hours_it_began_in(
    store: Store, midnight: datetime
) -> None:
    monitor = await store.monitor(interval_seconds=3600)
    rounds = [
        result(monitor.public_id, midnight + n * HOUR, failure=DOWN if n in (2, 3, 4) else None) for n in range(7)
    ]
    await store_results(store.database, rounds)
    await roll_up(store.database, midnight + 30 * HOUR)
    assert await uptime(store, monitor, 86400) == {midnight: (420, 0)}, "failures that no incident confirms"
    assert await store.value("SELECT count(*) FROM rollup_due") == 0

    await outage(store.database, monitor.id, ("opened", "down", midnight + 2 * HOUR))
    await roll_up(store.database, midnight + 30 * HOUR)
    assert await uptime(store, monitor) == {midnight + n * HOUR: (60, 60 if n in (2, 3, 4) else 0) for n in range(7)}
    assert await uptime(store, monitor, 86400) == {midnight: (420, 180)}
    assert await store.value("SELECT count(*) FROM rollup_due") == 0


@pytest.mark.parametrize(
    ("changes", "down"),
    [
        pytest.param((("opened", "partial", 1), ("resolved", "partial", 5)), 0, id="a regional outage is not down"),
        pytest.param(
            (("opened", "partial", 1), ("escalated", "down", 3.5), ("resolved", "down", 5)),
            120,
            id="a regional outage that becomes a whole one is down from that round",
        ),
        pytest.param(
            (("opened", "down", 1), ("eased", "partial", 3), ("resolved", "partial", 5)),
            120,
            id="a whole outage that becomes a regional one was down before that",
        ),
        pytest.param(
            (("opened", "down", 1), ("acknowledged", "down", 2), ("flapping", "down", 3), ("resolved", "down", 5)),
            240,
            id="changes that people make to the incident count for nothing",
        ),
    ],
)
async def test_only_the_time_of_severity_down_is_down(
    store: Store, midnight: datetime, changes: tuple[tuple[str, str, float], ...], down: int
) -> None:
    monitor = await store.monitor(interval_seconds=3600)
    await outage(
        store.database, monitor.id, *((kind, severity, midnight + at * HOUR) for kind, severity, at in changes)
    )
    rounds = [result(monitor.public_id, midnight + n * HOUR, failure=DOWN if 1 <= n < 5 else None) for n in range(7)]
    await store_results(store.database, rounds)
    await roll_up(store.database, midnight + 30 * HOUR)
    assert await uptime(store, monitor, 86400) == {midnight: (420, down)}
