"""What charts are made of: the SQL functions and the pure rules agree, and roll-ups hold what their results say."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from controller.decisions.history.histogram import bin_of
from controller.decisions.history.stored_figures import Figures, FiguresAt, of_check, total, within
from controller.decisions.history.views import DAY_SECONDS, HOUR_SECONDS, View, sources
from controller.pipeline.rollups import SETTLED, roll_up
from controller.store.checks.results import store_results
from controller.store.platform.pool import Connection
from controller.store.rollups.charts import rolled_until
from shared.wire.messages import ResultStatus
from tests.integration.store.conftest import Store
from tests.integration.store.test_rollups import BLIND, DAY, DOWN, HOUR, SLOW, result

durations = st.floats(0, 400_000, width=32)
_rows = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

_OUTCOMES: dict[ResultStatus, dict[str, Any]] = {
    ResultStatus.SUCCESS: {},
    ResultStatus.FAILURE: {"failure": DOWN},
    ResultStatus.UNKNOWN: {"failure": BLIND},
}
_MINUTES = 47 * 60
checks = st.lists(
    st.tuples(
        st.integers(0, _MINUTES),
        st.sampled_from(["de", "us"]),
        st.sampled_from(ResultStatus),
        st.floats(0.125, 60_000, width=16),  # so that sums in another order are the same
        st.booleans(),
    ),
    min_size=1,
    max_size=40,
    unique_by=lambda check: check[:2],
)


_TWO_DAYS = [(hour * 60, "de", ResultStatus.SUCCESS, 2.0, False) for hour in range(47)]
"""A check at the beginning of each hour, where days, hours and single checks meet."""


@settings(_rows, max_examples=50)
@given(st.lists(durations, min_size=1, max_size=200))
async def test_bins(store: Store, measured: list[float]) -> None:
    query = "SELECT array_agg(bin_of(ms) ORDER BY place) FROM unnest($1::real[]) WITH ORDINALITY AS given (ms, place)"
    assert await store.value(query, measured) == [bin_of(duration) for duration in measured]


@settings(_rows, max_examples=25)
@given(checks, st.integers(0, 48), st.integers(0, 47), st.integers(1, 48), st.sampled_from([300, 3600, 21600, 86400]))
@example(found=_TWO_DAYS, rolled_hours=48, first_hour=0, hours=36, bucket_seconds=86400)
@example(found=_TWO_DAYS, rolled_hours=40, first_hour=0, hours=48, bucket_seconds=86400)
async def test_figures_of_a_time(
    store: Store,
    midnight: datetime,
    found: list[tuple[int, str, ResultStatus, float, bool]],
    rolled_hours: int,
    first_hour: int,
    hours: int,
    bucket_seconds: int,
) -> None:
    monitor = await store.monitor()
    await store.value("UPDATE rollup_progress SET closed_until = $1, rolled_until = $1", midnight)
    minute = timedelta(minutes=1)
    given = [
        (midnight + number * minute, location, status, duration_ms, warned)
        for number, location, status, duration_ms, warned in found
    ]
    await store_results(
        store.database,
        [
            result(
                monitor.public_id, due, location, duration_ms=ms, warnings=SLOW if warned else [], **_OUTCOMES[status]
            )
            for due, location, status, ms, warned in given
        ],
    )
    await roll_up(store.database, midnight + rolled_hours * HOUR + SETTLED)

    since = midnight + first_hour * HOUR if bucket_seconds < DAY_SECONDS else midnight + first_hour // 24 * DAY
    async with store.database.connection() as connection:
        read = sources(View(since, since + hours * HOUR, bucket_seconds), await rolled_until(connection))
        rows = await connection.fetch(
            "SELECT at, location_id, passed, failed, blind, warned, duration_ms_sum, duration_ms_max, bins, counts"
            " FROM figures_within($1, $2, $3, $4, $5)",
            monitor.id,
            *read,
        )
        numbers = {row["code"]: row["id"] for row in await connection.fetch("SELECT id, code FROM location")}
        stored = await _rolled(connection, monitor.id)
    stored += [
        FiguresAt(0, due, numbers[location], of_check(status, ms, warned=warned))
        for due, location, status, ms, warned in given
    ]
    expected = [(one.at, one.location_id, one.figures) for one in within(stored, read)]
    got = [(row[0], row[1], _figures(row[2:])) for row in rows]
    assert sorted(got, key=str) == sorted(expected, key=str)

    by_location: dict[int, list[Figures]] = defaultdict(list)
    for due, location, status, ms, warned in given:
        if read.days_from <= due < read.until:
            by_location[numbers[location]].append(of_check(status, ms, warned=warned))
    for number in numbers.values():
        parts = [figures for _, location_id, figures in got if location_id == number]
        assert total(parts) == total(by_location[number]), "a roll-up holds what its results say"


async def _rolled(connection: Connection, monitor_id: int) -> list[FiguresAt]:
    rows = await connection.fetch(
        "SELECT bucket_seconds, bucket_at, location_id, passed, failed, blind, warned, duration_ms_sum,"
        " duration_ms_max, bins, counts FROM rollup WHERE monitor_id = $1",
        monitor_id,
    )
    return [FiguresAt(row[0], row[1], row[2], _figures(row[3:])) for row in rows]


def _figures(columns: tuple[Any, ...]) -> Figures:
    return Figures._make((*columns[:6], dict(zip(*columns[6:], strict=True))))


async def test_the_function_is_read_as_part_of_the_statement(store: Store, midnight: datetime) -> None:
    """Otherwise PostgreSQL would read all rows before it sums them up, and plan without the times."""
    query = "EXPLAIN SELECT at FROM figures_within(1, '2030-01-01Z', '2030-01-02Z', '2030-01-03Z', '2030-01-04Z')"
    async with store.database.connection() as connection:
        plan = "\n".join(row[0] for row in await connection.fetch(query))
        binned = "\n".join(
            row[0] for row in await connection.fetch("EXPLAIN VERBOSE SELECT bin_of(duration_ms) FROM result")
        )
    assert "figures_within" not in plan
    assert "bin_of" not in binned
    assert midnight


@pytest.mark.parametrize("seconds", [HOUR_SECONDS, DAY_SECONDS])
def test_totals_are_the_same_in_any_grouping(seconds: int) -> None:
    parts = [of_check(ResultStatus.SUCCESS, 4.0 * number, warned=number % 2 == 0) for number in range(seconds // 360)]
    whole = total(parts)
    assert total([total(parts[:7]), total(parts[7:])]) == whole
    assert (whole.passed, whole.duration_ms_max) == (len(parts), 4.0 * (len(parts) - 1))
