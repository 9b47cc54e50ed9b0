"""What is put into blocks and what stays whole, late results and second copies, and a controller that dies."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from controller.pipeline.folding.space import give_back_space
from controller.pipeline.rollups import roll_up
from controller.store.blocks import folding, progress
from controller.store.blocks.progress import FoldSpan
from controller.store.checks.expected_results import store_expected
from controller.store.checks.history import check_history
from controller.store.checks.results import store_results
from controller.store.platform.pool import Connection, StoreUnavailableError
from shared.wire.failures import CheckWarning, Phase, WarningKind
from shared.wire.messages import CheckResult, PhaseTiming
from shared.wire.rounds import Purpose
from tests.integration.store.blocks.random_history import put
from tests.integration.store.blocks.test_answers import DAY, fold_all, start_again
from tests.integration.store.conftest import Store
from tests.integration.store.test_rollups import DOWN, HOUR, SLOW, result, rollups

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
async def begin(store: Store, midnight: datetime) -> datetime:
    await start_again(store, midnight)
    return midnight


def hour_of(monitor: Any, begin: datetime, **odd: dict[str, Any]) -> list[CheckResult]:
    """A check a minute; `odd` are other fields of the check of a minute, such as m7."""
    return [result(monitor.public_id, begin + n * MINUTE, **odd.get(f"m{n}", {})) for n in range(60)]


async def counts(store: Store) -> tuple[int, int]:
    """How many checks are in rows and in blocks."""
    rows = await store.value("SELECT count(*) FROM result")
    return rows, await store.value("SELECT COALESCE(sum(checks), 0)::int FROM result_block")


async def test_only_checks_that_passed_as_the_one_before_are_put_into_blocks(store: Store, begin: datetime) -> None:
    monitor = await store.monitor()
    await put(
        store,
        [
            *hour_of(monitor, begin, m7={"failure": DOWN}, **{f"m{n}": {"warnings": SLOW} for n in range(20, 40)}),
            result(monitor.public_id, begin + 5 * MINUTE, purpose=Purpose.TRIGGERED),
            result(monitor.public_id, begin + 8 * MINUTE, purpose=Purpose.RECHECK),
        ],
    )
    assert await fold_all(store, begin) == 57
    async with store.database.connection() as connection:
        whole = await connection.fetch("SELECT due_at, purpose FROM result ORDER BY due_at")
    assert [((row["due_at"] - begin) // MINUTE, row["purpose"]) for row in whole] == [
        (5, "triggered"),
        (7, "scheduled"),
        (8, "recheck"),
        (20, "scheduled"),
        (40, "scheduled"),
    ]
    found = await check_history(store.database, monitor.id, monitor.public_id, limit=100)
    assert [check.rounded for check in found].count(True) == 57
    assert [check.warnings == SLOW for check in found if check.purpose is Purpose.SCHEDULED].count(True) == 20


async def test_warnings_that_end_with_a_block_are_seen_in_the_next(store: Store, begin: datetime) -> None:
    monitor = await store.monitor()
    await put(store, [result(monitor.public_id, begin + n * MINUTE, warnings=SLOW) for n in range(60)])
    await put(store, hour_of(monitor, begin + HOUR))
    assert await fold_all(store, begin) == 59 + 59
    async with store.database.connection() as connection:
        whole = await connection.fetch("SELECT due_at FROM result ORDER BY due_at")
    assert [row["due_at"] for row in whole] == [begin, begin + HOUR]


async def test_a_second_copy_of_a_result_in_a_block_is_neither_new_nor_unpublished(
    store: Store, begin: datetime
) -> None:
    monitor = await store.monitor()
    results = hour_of(monitor, begin)
    await put(store, results)
    await fold_all(store, begin)
    assert await counts(store) == (0, 60)

    for stored in (await store_results(store.database, results), await store_expected(store.database, results)):
        assert [(one.new, one.recent, one.expected) for one in stored if one] == [(False, False, True)] * 60
    assert await counts(store) == (0, 60)


async def test_a_late_result_of_a_folded_hour_is_merged_and_rolled_up(store: Store, begin: datetime) -> None:
    monitor = await store.monitor()
    late, *others = hour_of(monitor, begin)
    await put(store, others)
    await fold_all(store, begin)
    before = await rollups(store, monitor)
    [stored] = await store_results(store.database, [late])
    assert stored
    assert stored.new
    await roll_up(store.database, begin + 2 * DAY)

    assert await counts(store) == (1, 59)
    found = await check_history(store.database, monitor.id, monitor.public_id, limit=100)
    assert [check.due_at for check in found] == [begin + n * MINUTE for n in reversed(range(60))]
    [hour] = await rollups(store, monitor)
    assert (hour[2], before[0][2]) == (60, 59)
    assert hour[6] == pytest.approx(before[0][6] + 10, rel=0.0125)


async def test_checks_that_came_late_are_put_into_blocks_with_their_day(store: Store, begin: datetime) -> None:
    monitor = await store.monitor()
    await store.value("UPDATE fold_progress SET at = $1 WHERE span_seconds = 3600", begin + DAY)
    await put(store, hour_of(monitor, begin))
    assert await fold_all(store, begin) == 60


async def test_so_many_monitors_are_folded_at_once_as_have_few_rows_there(store: Store, begin: datetime) -> None:
    """Checks of every minute are rows still, as after an outage; those of the first monitor are more than a portion."""
    rows = [1500 * 2, 700 * 2, 250 * 2, 500 * 2, 1, 1]
    monitors = [await store.monitor() for _ in rows]
    for monitor, number in zip(monitors, rows, strict=True):
        await store.value(
            "INSERT INTO result (monitor_id, due_at, location_id, purpose, status, duration_ms, started_at, agent,"
            " phases) SELECT $1, at, 1, 'scheduled', 'unknown', 1, at, 'a', '[]' FROM generate_series(1, $2) AS n,"
            " LATERAL (SELECT $3::timestamptz + n * interval '28 seconds' AS at) AS due",
            monitor.id,
            number,
            begin,
        )
    numbers, found, after = [monitor.id for monitor in monitors], [], 0
    async with store.database.connection() as connection:
        while some := await progress.next_monitors(connection, FoldSpan(DAY // SECOND, begin, after)):
            found.append([numbers.index(one) for one in some])
            after = some[-1]
    assert found == [[0], [1, 2], [3, 4, 5]]


async def test_of_checks_that_stay_rows_only_warnings_are_read(store: Store, begin: datetime) -> None:
    monitor = await store.monitor()
    odd: dict[str, Any] = {"failure": DOWN, "warnings": SLOW, "facts": {"banner": "x" * 1000}, "address": "192.0.2.1"}
    await put(store, [result(monitor.public_id, begin, **odd), result(monitor.public_id, begin + MINUTE)])
    await store.value("DELETE FROM evaluation")
    async with store.database.connection() as connection:
        failed, passed = await connection.fetch(folding._ROWS, [monitor.id], begin, begin + HOUR)
    assert (failed["passed"], passed["passed"]) == (False, True)
    large = ("phases", "facts", "detail", "address", "agent")
    assert [failed[name] for name in large] == [None] * 5
    assert failed["warnings"] is not None
    assert passed["phases"] is not None


@pytest.mark.parametrize("seconds", [90, 300, 1200])
async def test_checks_of_long_intervals_are_put_into_blocks_of_days(
    store: Store, begin: datetime, seconds: int
) -> None:
    monitor = await store.monitor(interval_seconds=seconds)
    checks = 86_400 // seconds
    await put(store, [result(monitor.public_id, begin + n * timedelta(seconds=seconds)) for n in range(checks)])
    assert await fold_all(store, begin) == checks
    assert await store.value("SELECT count(*) FROM result_block") == -(-checks // 512)


async def test_nothing_is_put_into_blocks_while_a_controller_does_not_read_them(store: Store, begin: datetime) -> None:
    monitor = await store.monitor()
    await put(store, hour_of(monitor, begin))
    await store.value("INSERT INTO retention_setting (controller, results_days, rollups_months) VALUES ('old', 30, 24)")
    assert await fold_all(store, begin) == 0
    await store.value("DELETE FROM retention_setting WHERE controller = 'old'")
    assert await fold_all(store, begin) == 60


async def test_a_fold_that_dies_in_the_middle_has_done_nothing(
    store: Store, begin: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection is closed after the blocks were inserted, and before the rows are deleted."""
    monitor = await store.monitor()
    await put(store, hour_of(monitor, begin))
    insert = folding._insert

    async def insert_and_die(connection: Connection, *arguments: Any) -> None:
        await insert(connection, *arguments)
        await store.value("SELECT pg_terminate_backend($1)", connection.get_server_pid())

    monkeypatch.setattr(folding, "_insert", insert_and_die)
    with pytest.raises(StoreUnavailableError):
        await fold_all(store, begin)
    assert await counts(store) == (60, 0)
    monkeypatch.undo()
    assert await fold_all(store, begin) == 60
    assert await counts(store) == (0, 60)


async def test_a_monitor_that_cannot_be_folded_stops_no_other(store: Store, begin: datetime) -> None:
    one, bad, other = [await store.monitor() for _ in range(3)]
    for monitor in (one, bad, other):
        await put(store, hour_of(monitor, begin))
    await store.value("""UPDATE result SET phases = '[{"phase": 1}]' WHERE monitor_id = $1""", bad.id)
    assert await fold_all(store, begin) == 120
    assert await store.value("SELECT array_agg(DISTINCT monitor_id) FROM result") == [bad.id]


async def test_the_space_of_a_folded_day_is_given_back_and_what_stays_whole_is_kept(
    store: Store, begin: datetime
) -> None:
    monitor = await store.monitor()
    await store.value("UPDATE fold_progress SET compacted_until = $1", begin)
    await put(store, [one for n in range(24) for one in hour_of(monitor, begin + n * HOUR, m7={"failure": DOWN})])
    await fold_all(store, begin)
    before = await store.value("SELECT pg_total_relation_size($1::regclass)", f"result_{begin:%Y%m%d}")
    rows = await counts(store)
    await give_back_space(store.database)

    assert await store.value("SELECT pg_total_relation_size($1::regclass)", f"result_{begin:%Y%m%d}") < before / 3
    assert await counts(store) == rows
    assert rows[0] < 30
    [stored] = await store_results(store.database, [result(monitor.public_id, begin + timedelta(seconds=7))])
    assert stored
    assert stored.new
    assert await store.value("SELECT compacted_until FROM fold_progress WHERE span_seconds = 86400") == begin + DAY


async def test_phases_and_totals_are_within_an_eightieth(store: Store, begin: datetime) -> None:
    monitor = await store.monitor()
    results = [
        result(
            monitor.public_id,
            begin + n * MINUTE,
            duration_ms=1.7**n % 29_000,
            phases=[PhaseTiming(phase=Phase.CONNECT, start_ms=0.5 * n, duration_ms=1.3**n % 9_000)],
            warnings=[CheckWarning(kind=WarningKind.SLOW)],
        )
        for n in range(60)
    ]
    await put(store, results)
    await fold_all(store, begin)
    found = await check_history(store.database, monitor.id, monitor.public_id, limit=100)
    assert sum(check.rounded for check in found) == 59
    for check, stored in zip(reversed(found), results, strict=True):
        assert check.duration_ms == pytest.approx(stored.duration_ms, rel=0.0125)
        assert check.phases[0].duration_ms == pytest.approx(stored.phases[0].duration_ms, rel=0.0125)
        assert check.phases[0].start_ms == pytest.approx(stored.phases[0].start_ms, rel=0.0125, abs=0.1)
