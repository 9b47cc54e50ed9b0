"""Results in time order: checks in blocks of many monitors, of which a step unfolds those that are due in it."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest

from controller.decisions.history.history import Order, Position, Slice
from controller.store.checks import result_statements
from controller.store.checks.result_history import HistoryRecord, ResultFilter, ResultScope, results_in
from tests.integration.store.blocks.random_history import put
from tests.integration.store.blocks.test_answers import fold_all, start_again
from tests.integration.store.conftest import Store
from tests.integration.store.test_rollups import DOWN, HOUR, result

MINUTE = timedelta(minutes=1)


async def in_steps(store: Store, since: datetime, order: Order, width: timedelta) -> list[HistoryRecord]:
    """The results of two hours by time, read in steps of so much time and at most seven results."""
    found, scope = list[HistoryRecord](), ResultScope(organization_id=store.organization)
    for n in range(2 * HOUR // width):
        begin = since + (n if order is Order.ASC else 2 * HOUR // width - 1 - n) * width
        step = Slice(begin, begin + width, Position(begin if order is Order.ASC else begin + width))
        while more := await results_in(store.database, scope, ResultFilter(), step, order, by_monitor=None, limit=7):
            found += more
            step = step._replace(position=more[-1].position)
    return found


@pytest.mark.parametrize("width", [timedelta(seconds=20), timedelta(seconds=90), HOUR])
async def test_steps_of_any_length_find_each_check_of_an_organization_once_in_order(
    store: Store, midnight: datetime, width: timedelta
) -> None:
    """Monitors by minute are in blocks of an hour, one by five minutes is in a block of the day, and some stay rows."""
    await start_again(store, midnight)
    often = [await store.monitor() for _ in range(3)]
    seldom = await store.monitor(interval_seconds=300)
    stranger = await store.monitor()
    other = await store.value("INSERT INTO organization (name) VALUES ('P') RETURNING id")
    due = [
        (monitor, midnight + n * MINUTE + k * timedelta(seconds=7))
        for n in range(120)
        for k, monitor in enumerate([*often, stranger])
    ]
    due += [(seldom, midnight + n * 5 * MINUTE) for n in range(288)]
    odd = midnight + 31 * MINUTE
    results = [
        result(monitor.public_id, at, location, failure=DOWN if at == odd else None)
        for monitor, at in due
        for location in ("de", "us")
    ]
    await put(store, results)
    assert await fold_all(store, midnight) == len(results) - 2
    await store.value("UPDATE monitor SET organization_id = $1 WHERE id = $2", other, stranger.id)
    assert await store.value("SELECT max(last_at - first_at) FROM result_block") > timedelta(hours=23)

    own = [one for one in results if one.monitor_id != stranger.public_id and one.due_at < midnight + 2 * HOUR]
    number = {monitor.public_id: monitor.id for monitor in (*often, seldom)}
    expected = sorted((one.due_at, number[one.monitor_id], one.location) for one in own)
    found = await in_steps(store, midnight, Order.ASC, width)
    assert [(one.due_at, one.monitor_id, one.location) for one in found] == expected
    assert await in_steps(store, midnight, Order.DESC, width) == found[::-1]

    scope = ResultScope(organization_id=store.organization)
    whole = Slice(midnight, midnight + 2 * HOUR, Position(midnight))
    own_ids = list(number.values())
    by_key = await results_in(store.database, scope, ResultFilter(), whole, Order.ASC, by_monitor=own_ids, limit=10_000)
    assert [msgspec.structs.asdict(one) for one in found] == [msgspec.structs.asdict(one) for one in by_key]


async def test_only_checks_that_are_due_in_a_step_are_unfolded(store: Store, midnight: datetime) -> None:
    await start_again(store, midnight)
    for n in range(5):
        monitor = await store.monitor()
        at = midnight + n * timedelta(seconds=10)
        await put(store, [result(monitor.public_id, at + minute * MINUTE) for minute in range(60)])
    assert await fold_all(store, midnight) == 300
    since = midnight + 30 * MINUTE
    asked = [store.organization, *[None] * 3, since, since + timedelta(seconds=15), since, 0, 0, "scheduled"]
    async with store.database.connection() as connection:
        plan = await connection.fetch(
            "EXPLAIN (ANALYZE, TIMING OFF) " + result_statements._ALL_OLDEST, *asked, *[None] * 3, 500
        )
    [unfolded] = [line for (line,) in plan if "Function Scan on generate_series" in line]
    assert "rows=1.00 loops=2)" in unfolded, "\n".join(line for (line,) in plan)


async def test_blocks_of_one_monitor_are_found_by_its_key_whatever_the_moment(store: Store, midnight: datetime) -> None:
    """Also where the planner does not know the moments, as in a join: the index by time holds all monitors' blocks."""
    await store.value(
        "INSERT INTO result_block SELECT monitor, at, at + interval '59 minutes', 1, 60000, 0, 60, 0, false, false,"
        " B'1', '{}', '{}', '', '{}' FROM generate_series(0, 9) AS hour, generate_series(1, 5000) AS monitor,"
        " LATERAL (SELECT $1::timestamptz + hour * interval '1 hour' + monitor * interval '10 ms' AS at) AS begun",
        midnight,
    )
    async with store.database.connection() as connection:
        await connection.execute("ANALYZE result_block")
        plan = await connection.fetch(
            "EXPLAIN SELECT found.due_at FROM monitor"
            " CROSS JOIN LATERAL (SELECT created_at AS at OFFSET 0) AS begun"
            " CROSS JOIN LATERAL results_of(monitor.id, begun.at, begun.at + interval '1 hour') AS found"
        )
    month = f"result_block_{midnight:%Y%m}"
    [scan] = [line for (line,) in plan if f"on {month} " in line]
    assert f"using {month}_pkey" in scan, "\n".join(line for (line,) in plan)


@pytest.mark.parametrize("many", [7, 100, 400])
async def test_so_much_time_has_so_many_checks_and_only_the_blocks_that_hold_them(
    store: Store, midnight: datetime, many: int
) -> None:
    """Of four hours with 120 checks each, however many are looked for from either end."""
    await start_again(store, midnight)
    monitor = await store.monitor()
    minutes = [midnight + n * MINUTE for n in range(240)]
    await put(store, [result(monitor.public_id, at, location) for at in minutes for location in ("de", "us")])
    assert await fold_all(store, midnight) == 480
    until, filters = midnight + 4 * HOUR, "NULL, NULL, NULL"
    newest: datetime = await store.value(
        f"SELECT newest_since($1, $2, $3, {filters}, $4)", monitor.id, midnight, until, many
    )
    oldest: datetime = await store.value(
        f"SELECT oldest_until($1, $2, $3, {filters}, $4)", monitor.id, midnight, until, many
    )
    for length in (until - newest, oldest - midnight):
        assert 2 * length >= many * MINUTE
        assert length <= (many // 120 + 1) * HOUR


@pytest.mark.parametrize("order", Order)
async def test_a_page_of_a_monitor_reads_only_the_blocks_that_fill_it(
    store: Store, midnight: datetime, order: Order
) -> None:
    await start_again(store, midnight)
    monitor = await store.monitor()
    await put(store, [result(monitor.public_id, midnight + n * MINUTE) for n in range(600)])
    assert await fold_all(store, midnight) == 600
    since, until = midnight, midnight + 10 * HOUR
    place = until if order is Order.DESC else since
    asked = [store.organization, *[None] * 3, since, until, place, 0, 0, "scheduled", *[None] * 3, 30, [monitor.id]]
    async with store.database.connection() as connection:
        plan = await connection.fetch("EXPLAIN (ANALYZE, TIMING OFF) " + result_statements._BY_MONITOR[order], *asked)
    [unfolded] = [line for (line,) in plan if "Function Scan on generate_series" in line]
    assert "loops=1)" in unfolded, "\n".join(line for (line,) in plan)
