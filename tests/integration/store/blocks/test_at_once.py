"""What others do while checks are put into blocks: late results are stored, and another controller folds."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from controller.pipeline.folding.folder import _alone, fold_due
from controller.pipeline.rollups import SETTLED, _roll_hour, roll_up
from controller.store.blocks.folding import fold
from controller.store.checks.results import store_results
from controller.store.platform.pool import Database
from controller.store.rollups import progress
from tests.integration.store.blocks.random_history import put
from tests.integration.store.blocks.test_answers import DAY, start_again
from tests.integration.store.conftest import Store
from tests.integration.store.test_rollups import DOWN, HOUR, result, uptime

MINUTE = timedelta(minutes=1)
_WAITING = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"
_TIMES = """
SELECT count(*) FROM (
  SELECT FROM monitor CROSS JOIN LATERAL results_of(monitor.id, $1, $2) AS found GROUP BY found.monitor_id, due_at
  HAVING count(*) = 1
) AS once
"""


async def test_a_late_result_waits_for_the_fold_that_is_open(store: Store, midnight: datetime) -> None:
    """One that is in the block then is no new one, and one that is in none is stored beside it."""
    await start_again(store, midnight)
    monitor = await store.monitor()
    late, *others = [result(monitor.public_id, midnight + n * MINUTE) for n in range(60)]
    await put(store, others)
    await store.value("DELETE FROM evaluation")
    async with _alone(store.database) as connection:
        assert connection
        assert await fold(connection, [monitor.id], midnight, midnight + HOUR) == 59
        storing = asyncio.create_task(store_results(store.database, [late, others[0]]))
        async with asyncio.timeout(10):
            while not await store.value(_WAITING):
                assert not storing.done()
    stored = await storing
    assert [one.new for one in stored if one] == [True, False]
    assert await store.value("SELECT array_agg(due_at) FROM result") == [midnight]
    assert await store.value("SELECT sum(checks)::int FROM result_block") == 59


async def test_a_controller_that_stood_still_rolls_up_no_hour_that_another_has_finished(
    store: Store, midnight: datetime, database_url: str
) -> None:
    """It would find only the rows that are not in blocks: here the failure of an hour in which 59 checks passed."""
    await start_again(store, midnight)
    monitor = await store.monitor()
    failed = result(monitor.public_id, midnight, failure=DOWN)
    await put(store, [failed, *(result(monitor.public_id, midnight + n * MINUTE) for n in range(1, 60))])
    await store.value("DELETE FROM evaluation")
    hour = await progress.close_hour(store.database, midnight + HOUR)
    assert hour == midnight
    async with Database.open(database_url) as other:
        await roll_up(other, midnight + HOUR + SETTLED)
        assert await fold_due(other, settled_seconds=0) == 59
    before = await uptime(store, monitor)

    assert not await _roll_hour(store.database, hour)

    assert await store.value("SELECT (passed, failed) FROM rollup WHERE bucket_seconds = 3600") == (59, 1)
    assert await uptime(store, monitor) == before


async def test_two_controllers_fold_each_check_once(store: Store, midnight: datetime, database_url: str) -> None:
    await start_again(store, midnight)
    for _ in range(4):
        monitor = await store.monitor()
        for hour in range(3):
            at = midnight + hour * HOUR
            await put(store, [result(monitor.public_id, at + n * MINUTE) for n in range(60)])
    await store.value("DELETE FROM evaluation")
    await roll_up(store.database, midnight + 2 * DAY)
    folded, ended = [0, 0], midnight + DAY
    async with Database.open(database_url) as other, asyncio.timeout(60):
        while await store.value("SELECT min(at) FROM fold_progress") < ended:
            both = await asyncio.gather(*(fold_due(one, settled_seconds=0) for one in (store.database, other)))
            folded = [one + more for one, more in zip(folded, both, strict=True)]
    assert sum(folded) == 4 * 3 * 60
    assert await store.value("SELECT count(*) FROM result") == 0
    assert await store.value("SELECT sum(checks)::int FROM result_block") == 4 * 3 * 60
    async with store.database.connection() as connection:
        assert await connection.fetchval(_TIMES, midnight, midnight + DAY) == 4 * 3 * 60
