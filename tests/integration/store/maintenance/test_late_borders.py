"""What began or ended while no controller ran counts from its moment, also in hours that were rolled up before."""

from __future__ import annotations

from datetime import datetime, timedelta

from controller.model import Monitor
from controller.pipeline.rollups import roll_up
from controller.store.checks.results import store_results
from shared.clock import utc_now
from tests.integration.store.conftest import Store
from tests.integration.store.maintenance.cases import applied, window_of_all
from tests.integration.store.test_rollups import HOUR, result, uptime

_MINUTE = timedelta(minutes=1)


async def _monitor(store: Store, made_at: datetime) -> Monitor:
    monitor = await store.monitor(interval_seconds=3600)
    await store.value("UPDATE monitor SET created_at = $1", made_at)
    return monitor


async def test_hours_that_were_rolled_up_are_rolled_again_without_the_maintenance(
    store: Store, midnight: datetime
) -> None:
    monitor = await _monitor(store, midnight)
    await store_results(store.database, [result(monitor.public_id, midnight + n * HOUR) for n in range(7)])
    await roll_up(store.database, midnight + 30 * HOUR)
    assert await uptime(store, monitor, 86400) == {midnight: (420, 0)}
    await window_of_all(store, midnight + 2 * HOUR + 30 * _MINUTE, midnight + 4 * HOUR)
    await applied(store, midnight, midnight + 30 * HOUR)
    await roll_up(store.database, midnight + 30 * HOUR)
    assert await uptime(store, monitor) == {midnight + n * HOUR: ({2: 30, 3: 0}.get(n, 60), 0) for n in range(7)}
    assert await uptime(store, monitor, 86400) == {midnight: (330, 0)}
    assert await store.value("SELECT count(*) FROM rollup_due") == 0


async def test_windows_that_overlap_count_once(store: Store, midnight: datetime) -> None:
    monitor = await _monitor(store, midnight)
    await store_results(store.database, [result(monitor.public_id, midnight + n * HOUR) for n in range(7)])
    await window_of_all(store, midnight + 1 * HOUR, midnight + 3 * HOUR)
    await window_of_all(store, midnight + 2 * HOUR, midnight + 4 * HOUR, "suspend")
    await applied(store, midnight, midnight + 30 * HOUR)
    await store.value("DELETE FROM maintenance_window")
    await roll_up(store.database, midnight + 30 * HOUR)
    assert await uptime(store, monitor, 86400) == {midnight: (240, 0)}, "also when the windows are gone"


async def test_a_border_that_is_in_time_rolls_nothing_again(store: Store, midnight: datetime) -> None:
    await store.monitor()
    now = utc_now()
    since = now - timedelta(seconds=2)
    await window_of_all(store, now - timedelta(seconds=1), now + timedelta(hours=2))
    assert len((await applied(store, since, now)).began) == 1
    assert len((await applied(store, now, now + timedelta(hours=2, seconds=1))).ended) == 1
    assert await store.value("SELECT count(*) FROM rollup_due") == 0


async def test_a_monitor_is_in_maintenance_from_the_millisecond_in_which_it_was_made(store: Store) -> None:
    """Its moment of creation is rounded up, or the clock of the database is ahead."""
    now = utc_now()
    await _monitor(store, now + timedelta(milliseconds=1))
    await window_of_all(store, now, None)
    assert len((await applied(store, now - timedelta(seconds=1), now)).began) == 1
    assert await store.value("SELECT from_at FROM maintenance_time") == now
