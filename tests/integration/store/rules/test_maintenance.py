"""When a monitor was in maintenance: the trigger of the table `monitor` and the pure rule agree."""

from __future__ import annotations

from bisect import bisect_left
from datetime import datetime
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.decisions.history.maintenance import MaintenanceTime, after_status
from controller.model import MonitorStatus
from tests.integration.store.conftest import Store

statuses = st.lists(st.sampled_from(MonitorStatus), min_size=1, max_size=12)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(statuses)
async def test_the_trigger_and_the_rule_agree(store: Store, chosen: list[MonitorStatus]) -> None:
    """The rule is told the number of the change instead of a moment."""
    monitor = await store.monitor(status=chosen[0])
    expected = after_status([], None, chosen[0], 0)
    ended = [await _pause(store)]
    for number, (before, status) in enumerate(pairwise(chosen), start=1):
        await store.value("UPDATE monitor SET status = $2 WHERE id = $1", monitor.id, status)
        expected = after_status(expected, before, status, number)
        ended.append(await _pause(store))
    async with store.database.connection() as connection:
        rows = await connection.fetch(
            "SELECT from_at, to_at FROM maintenance_time WHERE monitor_id = $1 ORDER BY from_at", monitor.id
        )
    changes = [[None if at is None else bisect_left(ended, at) for at in row] for row in rows]
    assert changes == [list(time) for time in expected]


async def test_a_change_of_many_reads_the_table_of_maintenance_by_its_index(store: Store) -> None:
    """Also on a connection whose plans are from when the table was empty."""
    for number in range(300):
        await store.monitor(name=f"M{number}")
    async with store.database.connection() as connection:
        await connection.execute("VACUUM ANALYZE maintenance_time")
        async with connection.transaction():
            for status in ("maintenance", "active", "maintenance"):
                await connection.execute("UPDATE monitor SET status = $1", status)
            read = await connection.fetchval(
                "SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'maintenance_time'"
            )
    assert read == 0


async def _pause(store: Store) -> datetime:
    """A moment that is not that of a change before or after, although these are rounded to milliseconds."""
    moment: datetime = await store.value("SELECT clock_timestamp() FROM pg_sleep(0.001)")
    await store.value("SELECT pg_sleep(0.001)")
    return moment


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(statuses)
async def test_changes_in_the_same_millisecond_leave_times_that_do_not_overlap(
    store: Store, chosen: list[MonitorStatus]
) -> None:
    monitor = await store.monitor()
    times: list[MaintenanceTime] = []
    before = MonitorStatus.ACTIVE
    async with store.database.transaction() as connection:
        for status in chosen:
            await connection.execute("UPDATE monitor SET status = $2 WHERE id = $1", monitor.id, status)
            times = after_status(times, before, status, 7)
            before = status
        rows = await connection.fetch(
            "SELECT from_at, to_at FROM maintenance_time WHERE monitor_id = $1 ORDER BY from_at", monitor.id
        )
    for earlier, later in pairwise(rows):
        assert earlier["to_at"] <= later["from_at"]
    lasts = before is MonitorStatus.MAINTENANCE
    assert [row["to_at"] is None for row in rows] == [False] * (len(rows) - 1) + [lasts] * bool(rows)
    assert len(times) <= 1
    assert [time.to_ms is None for time in times] == [lasts] * len(times)
