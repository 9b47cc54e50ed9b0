"""The uptime of an hour is the same when the rounds before it, which judge its first minutes, are in blocks."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from controller.model import Monitor
from controller.pipeline.folding.folder import fold_due
from controller.pipeline.rollups import SETTLED, roll_up
from tests.integration.store.blocks.random_history import put
from tests.integration.store.blocks.test_answers import DAY, start_again
from tests.integration.store.conftest import Store
from tests.integration.store.test_rollups import DOWN, HOUR, result, uptime

BEFORE_THE_END = timedelta(minutes=10)


async def check_every(store: Store, begin: datetime, every: timedelta) -> Monitor:
    """Checks of two days, each a while before its interval's end; one of them failed in one of two locations."""
    seconds = int(every.total_seconds())
    monitor = await store.monitor(interval_seconds=seconds, timeout_seconds=30)
    first = begin + every - min(BEFORE_THE_END, every / 2)
    moments = [first + n * every for n in range(2 * DAY // every)]
    checks = [result(monitor.public_id, due, location) for due in moments for location in ("de", "us")]
    checks[2] = result(monitor.public_id, moments[1], failure=DOWN)
    await put(store, checks)
    return monitor


@pytest.mark.parametrize("hours", [1, 2, 3, 6])
async def test_hours_after_a_folded_day_are_judged_by_its_last_round(
    store: Store, midnight: datetime, hours: int
) -> None:
    await start_again(store, midnight)
    monitor = await check_every(store, midnight, hours * HOUR)
    await store.value("DELETE FROM evaluation")
    await roll_up(store.database, midnight + DAY + HOUR + SETTLED)
    assert await fold_due(store.database, settled_seconds=0) > 0
    await roll_up(store.database, midnight + 2 * DAY + SETTLED)

    begins = midnight + hours * HOUR
    judged = {at: minutes for at, (minutes, _) in (await uptime(store, monitor)).items() if at >= begins}
    assert judged == {begins + n * HOUR: 60 for n in range(2 * 24 - hours)}


async def test_hours_that_are_folded_before_the_next_is_rolled_up_leave_it_whole(
    store: Store, midnight: datetime
) -> None:
    await start_again(store, midnight)
    monitor = await check_every(store, midnight, timedelta(minutes=1))
    await store.value("DELETE FROM evaluation")
    for n in range(1, 5):
        await roll_up(store.database, midnight + n * HOUR + SETTLED)
        assert await fold_due(store.database, settled_seconds=0) > 0

    judged = await store.value(
        "SELECT array_agg(judged_ms ORDER BY bucket_at) FROM uptime WHERE monitor_id = $1", monitor.id
    )
    assert judged == [3_570_000, 3_600_000, 3_600_000, 3_600_000]
