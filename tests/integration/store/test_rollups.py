"""Roll-ups agree with the results, however late these come and however often hours are rolled up."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from controller.decisions.history.histogram import bin_of
from controller.decisions.history.retention import rollups_since
from controller.model import Monitor, MonitorStatus
from controller.model.retention import Kept
from controller.pipeline.housekeeping import maintain_partitions, prepare_partitions
from controller.pipeline.rollups import SETTLED, roll_up
from controller.store.checks.results import store_results
from controller.store.maintenance import by_status
from controller.store.rollups.months import drop_old_months, make_months
from shared.clock import utc_now
from shared.epoch import to_ms
from shared.wire.failures import CheckWarning, Failure, FailureKind, FailureSource, Phase, WarningKind
from shared.wire.messages import CheckResult
from shared.wire.rounds import Purpose, check_id
from tests.integration.outages import outage
from tests.integration.store.conftest import Store

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
DOWN = Failure(kind=FailureKind.REFUSED, source=FailureSource.TARGET, phase=Phase.CONNECT, detail="refused")
BLIND = Failure(kind=FailureKind.AGENT_ERROR, source=FailureSource.AGENT)
SLOW = [CheckWarning(kind=WarningKind.SLOW, detail="slow")]


def result(monitor: UUID, due: datetime, location: str = "de", **fields: Any) -> CheckResult:
    values: dict[str, Any] = {"purpose": Purpose.SCHEDULED, "duration_ms": 10.0, **fields}
    return CheckResult(
        check_id=check_id(monitor, to_ms(due), location, values["purpose"]),
        monitor_id=monitor,
        location=location,
        country=location.upper(),
        agent="a",
        due_at=due,
        started_at=due,
        **values,
    )


async def rollups(store: Store, monitor: Monitor, seconds: int = 3600) -> list[tuple[Any, ...]]:
    async with store.database.connection() as connection:
        rows = await connection.fetch(
            "SELECT bucket_at, code, passed, failed, blind, warned, duration_ms_sum, duration_ms_min, duration_ms_max,"
            " bins, counts FROM rollup JOIN location ON location.id = location_id"
            " WHERE monitor_id = $1 AND bucket_seconds = $2 ORDER BY bucket_at, code",
            monitor.id,
            seconds,
        )
    return [tuple(row) for row in rows]


async def uptime(store: Store, monitor: Monitor, seconds: int = 3600) -> dict[datetime, tuple[int, int]]:
    """Judged and down time in minutes, by hour or day."""
    async with store.database.connection() as connection:
        rows = await connection.fetch(
            "SELECT bucket_at, judged_ms, down_ms FROM uptime WHERE monitor_id = $1 AND bucket_seconds = $2",
            monitor.id,
            seconds,
        )
    return {row[0]: (row[1] // 60_000, row[2] // 60_000) for row in rows}


async def test_an_hour_and_a_day_hold_what_their_results_say(store: Store, midnight: datetime) -> None:
    monitor = await store.monitor(interval_seconds=1200)
    other = await store.monitor(interval_seconds=1200)
    twenty = timedelta(minutes=20)
    for each in (monitor, other):
        await outage(store.database, each.id, ("opened", "down", midnight), ("resolved", "down", midnight + HOUR))
    await store.value("DELETE FROM rollup_due")
    await store_results(
        store.database,
        [
            result(monitor.public_id, midnight, duration_ms=10.0),
            result(monitor.public_id, midnight + twenty, duration_ms=30.0, warnings=SLOW),
            result(monitor.public_id, midnight + twenty * 2, duration_ms=5000.0, failure=DOWN),
            result(monitor.public_id, midnight, "us", duration_ms=9.0, failure=BLIND),
            result(monitor.public_id, midnight + twenty * 2, "us", failure=DOWN),
            result(monitor.public_id, midnight + twenty * 2 + timedelta(seconds=1), purpose=Purpose.TRIGGERED),
            result(monitor.public_id, midnight + 3 * HOUR, duration_ms=10.0),
            result(other.public_id, midnight, failure=DOWN),
        ],
    )
    await roll_up(store.database, midnight + HOUR + SETTLED)
    first = [
        (midnight, "de", 3, 1, 0, 1, 50.0, 10.0, 30.0, [bin_of(10.0), bin_of(30.0)], [2, 1]),
        (midnight, "us", 0, 1, 1, 0, 0.0, None, None, [], []),
    ]
    assert await rollups(store, monitor) == first
    assert await uptime(store, monitor) == {midnight: (60, 20)}
    assert await uptime(store, other) == {midnight: (20, 20)}
    assert await store.value("SELECT rolled_until FROM rollup_progress") == midnight + HOUR

    await roll_up(store.database, midnight + DAY + SETTLED)
    assert await rollups(store, monitor) == [
        *first,
        (midnight + 3 * HOUR, "de", 1, 0, 0, 0, 10.0, 10.0, 10.0, [bin_of(10.0)], [1]),
    ]
    assert await rollups(store, monitor, 86400) == [
        (midnight, "de", 4, 1, 0, 1, 60.0, 10.0, 30.0, [bin_of(10.0), bin_of(30.0)], [3, 1]),
        (midnight, "us", 0, 1, 1, 0, 0.0, None, None, [], []),
    ]
    assert await uptime(store, monitor, 86400) == {midnight: (80, 20)}


async def test_an_hour_is_rolled_up_only_when_its_checks_have_ended(store: Store, midnight: datetime) -> None:
    monitor = await store.monitor()
    await store_results(store.database, [result(monitor.public_id, midnight)])
    await roll_up(store.database, midnight + HOUR + SETTLED - timedelta(seconds=1))
    assert await rollups(store, monitor) == []
    await roll_up(store.database, midnight + HOUR + SETTLED)
    assert len(await rollups(store, monitor)) == 1


async def test_a_late_result_is_rolled_up_with_its_hour_its_day_and_its_judged_time(
    store: Store, midnight: datetime
) -> None:
    monitor = await store.monitor(interval_seconds=7200, timeout_seconds=30)
    await outage(
        store.database,
        monitor.id,
        ("opened", "down", midnight + 20 * HOUR),
        ("resolved", "down", midnight + 22.5 * HOUR),
    )
    due = midnight + 22 * HOUR + timedelta(minutes=30)
    await store_results(store.database, [result(monitor.public_id, due)])
    await roll_up(store.database, midnight + 30 * HOUR)
    assert await uptime(store, monitor) == {
        midnight + 22 * HOUR: (30, 0),
        midnight + 23 * HOUR: (60, 0),
        midnight + 24 * HOUR: (30, 0),
    }

    late = [
        result(monitor.public_id, due, "us", failure=DOWN),
        result(monitor.public_id, due - timedelta(hours=2), failure=DOWN),
    ]
    await store_results(store.database, late)
    assert await store.value("SELECT count(*) FROM rollup_due") == 2
    await roll_up(store.database, midnight + 30 * HOUR)
    assert [(row[0], row[1], row[3]) for row in await rollups(store, monitor)] == [
        (midnight + 20 * HOUR, "de", 1),
        (midnight + 22 * HOUR, "de", 0),
        (midnight + 22 * HOUR, "us", 1),
    ]
    assert await uptime(store, monitor) == {
        midnight + 20 * HOUR: (30, 30),
        midnight + 21 * HOUR: (60, 60),
        midnight + 22 * HOUR: (60, 30),
        midnight + 23 * HOUR: (60, 0),
        midnight + 24 * HOUR: (30, 0),
    }, "its failure at location us came after the outage"
    assert [row[2:4] for row in await rollups(store, monitor, 86400)] == [(1, 1), (0, 1)]
    assert await uptime(store, monitor, 86400) == {midnight: (210, 120)}
    assert await store.value("SELECT count(*) FROM rollup_due") == 0


async def test_a_second_copy_of_a_late_result_is_not_noted_again(store: Store, midnight: datetime) -> None:
    monitor = await store.monitor()
    await roll_up(store.database, midnight + 2 * HOUR)
    for _ in range(2):
        await store_results(store.database, [result(monitor.public_id, midnight)])
    assert await store.value("SELECT count(*) FROM rollup_due") == 1


async def test_doing_it_again_or_twice_at_once_changes_nothing(store: Store, midnight: datetime) -> None:
    monitor = await store.monitor(interval_seconds=600)
    checks = [result(monitor.public_id, midnight + n * timedelta(minutes=10), duration_ms=5.0 + n) for n in range(150)]
    await store_results(store.database, checks)
    now = midnight + 26 * HOUR
    await asyncio.gather(*(roll_up(store.database, now) for _ in range(3)))
    await roll_up(store.database, now)
    hours, days = await rollups(store, monitor), await rollups(store, monitor, 86400)
    assert sum(row[2] for row in hours) == 150
    assert [row[2] for row in days] == [144]
    assert await uptime(store, monitor, 86400) == {midnight: (1440, 0)}

    await store.value("UPDATE rollup_progress SET rolled_until = $1", midnight)
    await roll_up(store.database, now)
    assert (await rollups(store, monitor), await rollups(store, monitor, 86400)) == (hours, days)


async def test_results_that_arrive_while_their_hour_is_rolled_up_are_not_lost(store: Store, midnight: datetime) -> None:
    monitors = [await store.monitor(interval_seconds=60) for _ in range(3)]
    minute = timedelta(minutes=1)

    async def store_all(monitor: Monitor) -> None:
        for n in range(0, 120, 4):
            await store_results(
                store.database, [result(monitor.public_id, midnight + (n + m) * minute) for m in range(4)]
            )

    async def roll_all() -> None:
        for n in range(20):
            await roll_up(store.database, midnight + SETTLED + n * 6 * minute)
            await asyncio.sleep(0)

    await asyncio.gather(*(store_all(monitor) for monitor in monitors), roll_all())
    await roll_up(store.database, midnight + 3 * HOUR)
    for monitor in monitors:
        assert [row[2] for row in await rollups(store, monitor)] == [60, 60]
        assert await uptime(store, monitor) == {midnight: (60, 0), midnight + HOUR: (60, 0)}


async def test_time_in_maintenance_is_not_judged(store: Store, midnight: datetime) -> None:
    monitor = await store.monitor(interval_seconds=600)
    await outage(store.database, monitor.id, ("opened", "down", midnight))
    born = await store.monitor(interval_seconds=600, status=MonitorStatus.MAINTENANCE)
    rounds = [midnight + n * timedelta(minutes=10) for n in range(12)]
    await store_results(
        store.database, [result(each.public_id, due, failure=DOWN) for each in (monitor, born) for due in rounds]
    )
    for begins in (True, True, False, True, False):
        async with store.database.transaction() as connection:
            await by_status.keep(connection, {monitor.id: begins}, utc_now())
        await store.value("SELECT pg_sleep(0.002)")
    assert await store.value("SELECT count(*) FROM maintenance_time WHERE monitor_id = $1", monitor.id) == 2
    assert await store.value("SELECT count(*) FROM maintenance_time WHERE to_at IS NULL") == 1

    await store.value("DELETE FROM maintenance_time WHERE monitor_id = $1", monitor.id)
    quarter = timedelta(minutes=15)
    await store.value(
        "INSERT INTO maintenance_time VALUES ($1, $2, $3)", monitor.id, midnight + quarter, midnight + HOUR + quarter
    )
    await store.value("UPDATE maintenance_time SET from_at = $2 WHERE monitor_id = $1", born.id, midnight - HOUR)
    await roll_up(store.database, midnight + 3 * HOUR)
    assert await uptime(store, monitor) == {midnight: (15, 15), midnight + HOUR: (45, 45)}
    assert await uptime(store, born) == {midnight: (0, 0), midnight + HOUR: (0, 0)}


async def test_months_are_made_ahead_and_dropped_after_two_years(store: Store) -> None:
    database = store.database
    names = "SELECT array_agg(relname::text) FROM pg_class WHERE relname LIKE 'uptime_2%' AND relkind = 'r'"
    before = await store.value(names)
    await make_months(database, datetime(2026, 1, 30, tzinfo=UTC).date())
    made = set(await store.value(names)) - set(before)
    assert made == {"uptime_202512", "uptime_202601", "uptime_202602"}
    kept = [
        rollups_since(Kept(), at).date()
        for at in (datetime(2027, 12, 31, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC))
    ]
    assert await drop_old_months(database, kept[0]) == []
    dropped = await drop_old_months(database, kept[1])
    assert sorted(dropped) == ["rollup_202512", "uptime_202512"]


async def test_a_monitor_that_is_forgotten_takes_its_roll_ups_along(store: Store, midnight: datetime) -> None:
    await prepare_partitions(store.database)
    gone, kept = await store.monitor(status=MonitorStatus.MAINTENANCE), await store.monitor()
    await store_results(store.database, [result(each.public_id, midnight) for each in (gone, kept)])
    await roll_up(store.database, midnight + 2 * HOUR)
    await store.value("UPDATE monitor SET deleted_at = now() - interval '32 days' WHERE id = $1", gone.id)
    await maintain_partitions(store.database)
    assert await store.value("SELECT array_agg(DISTINCT monitor_id) FROM rollup") == [kept.id]
    assert await store.value("SELECT array_agg(DISTINCT monitor_id) FROM uptime") == [kept.id]
    assert await store.value("SELECT count(*) FROM maintenance_time") == 0
