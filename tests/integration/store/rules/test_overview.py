"""What an overview shows and sorts by: the SQL functions and the pure rules agree."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.decisions.evaluation.state import VerdictKind
from controller.decisions.history.maintenance import MaintenanceTime, spans
from controller.decisions.history.uptime import EvaluatedTime, Span, VerdictSince, estimated_time
from controller.decisions.monitors.display import badness, display_state
from controller.model import Monitor
from controller.model.overview import DisplayState, OverviewFilter, OverviewSort
from controller.store.overview.finding import find_monitors
from shared.epoch import to_datetime
from tests.integration.store.conftest import Store

_rows = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
_FIRST_MS = 1_900_000_800_000
_HOUR_MS = 3_600_000
ends = st.integers(0, 10 * _HOUR_MS).map(lambda ms: _FIRST_MS + ms)
verdicts = st.lists(
    st.builds(VerdictSince, ends, st.sampled_from([*VerdictKind, VerdictKind.DOWN]).map(str)),
    max_size=6,
    unique_by=lambda one: one.at_ms,
).map(sorted)


class Known(NamedTuple):
    """What is stored of a monitor; hours are judged and down milliseconds of rolled up hours, by number."""

    verdicts: list[VerdictSince]
    maintenance: list[MaintenanceTime]
    hours: dict[int, EvaluatedTime]


@st.composite
def maintenances(draw: st.DrawFn) -> list[MaintenanceTime]:
    """Of several windows: they may overlap each other, and begin or end at the same moment."""
    moments = [sorted(two) for two in draw(st.lists(st.tuples(ends, ends), max_size=4)) if two[0] != two[1]]
    endless = draw(st.lists(ends, max_size=2))
    times = [MaintenanceTime(begun, ended) for begun, ended in moments] + [
        MaintenanceTime(one, None) for one in endless
    ]
    return draw(st.permutations(times))


hours = st.dictionaries(
    st.integers(0, 9),
    st.tuples(st.integers(0, _HOUR_MS), st.integers(0, _HOUR_MS)).map(lambda two: EvaluatedTime(max(two), min(two))),
    max_size=3,
)
known = st.builds(Known, verdicts, maintenances(), hours)


async def store_known(store: Store, monitor: Monitor, one: Known) -> None:
    async with store.database.connection() as connection:
        previous = ["unknown", *(change.verdict for change in one.verdicts)]
        await connection.executemany(
            "INSERT INTO verdict_change (monitor_id, at, verdict, previous, reason) VALUES ($1, $2, $3, $4, '')",
            [
                (monitor.id, to_datetime(change.at_ms), change.verdict, before)
                for change, before in zip(one.verdicts, previous, strict=False)
            ],
        )
        await connection.executemany(
            "INSERT INTO maintenance_time (monitor_id, window_id, from_at, to_at) VALUES ($1, $2, $3, $4)",
            [
                (monitor.id, window, to_datetime(time.from_ms), time.to_ms and to_datetime(time.to_ms))
                for window, time in enumerate(one.maintenance)
            ],
        )
        await connection.executemany(
            "INSERT INTO uptime (monitor_id, bucket_seconds, bucket_at, judged_ms, down_ms)"
            " VALUES ($1, 3600, $2, $3, $4)",
            [(monitor.id, to_datetime(_FIRST_MS + n * _HOUR_MS), *hour) for n, hour in one.hours.items()],
        )
        if one.verdicts:
            await connection.execute(
                "INSERT INTO monitor_state (monitor_id, state, verdict, stable) VALUES ($1, '{}', $2, true)",
                monitor.id,
                one.verdicts[-1].verdict,
            )


def estimate(one: Known, since_ms: int, until_ms: int) -> EvaluatedTime:
    """As of the moment `until_ms`: what comes later is not known yet."""
    held = [change for change in one.verdicts if change.at_ms < until_ms]
    return estimated_time(held, Span(since_ms, until_ms), spans(one.maintenance, until_ms))


@_rows
@given(st.lists(known, min_size=1, max_size=3), ends, ends)
async def test_estimated_times(store: Store, stored: Sequence[Known], since_ms: int, until_ms: int) -> None:
    expected = {}
    for one in stored:
        monitor = await store.monitor()
        await store_known(store, monitor, one._replace(hours={}))
        expected[monitor.id] = estimate(one, since_ms, until_ms)
    async with store.database.connection() as connection:
        rows = await connection.fetch(
            "SELECT monitor_id, judged_ms, down_ms FROM estimated_times($1, $2, $3)",
            list(expected),
            to_datetime(since_ms),
            to_datetime(until_ms),
        )
    found = {row["monitor_id"]: EvaluatedTime(row["judged_ms"], row["down_ms"]) for row in rows}
    assert {number: found.get(number, EvaluatedTime()) for number in expected} == expected


@settings(_rows, max_examples=40)
@given(st.lists(known, min_size=1, max_size=5), st.integers(0, 10), st.integers(0, 4), st.integers(0, 2_000_000))
async def test_an_overview_is_sorted_by_the_uptime_it_shows(
    store: Store, stored: Sequence[Known], rolled: int, since_hour: int, now_ms: int
) -> None:
    await store.value("DELETE FROM monitor")
    await store.value("DELETE FROM uptime")
    await _make_months(store)
    rolled_until, since = _FIRST_MS + rolled * _HOUR_MS, _FIRST_MS + since_hour * _HOUR_MS
    now = _FIRST_MS + 10 * _HOUR_MS + now_ms
    await store.value("UPDATE rollup_progress SET rolled_until = $1", to_datetime(rolled_until))
    shown = []
    for one in stored:
        monitor = await store.monitor()
        await store_known(store, monitor, one)
        total = estimate(one, max(rolled_until, since), now)
        for number, hour in one.hours.items():
            if since_hour <= number < rolled:
                total = total.plus(hour)
        shown.append((-total.down_ms / total.evaluated_ms if total.down_ms else 0.0, monitor.id, monitor.public_id))
    found = await find_monitors(
        store.database,
        store.organization,
        None,
        OverviewFilter(sort=OverviewSort.UPTIME),
        per_page=10,
        since=to_datetime(since),
        now=to_datetime(now) + timedelta(microseconds=999),
    )
    assert found.on_page == [public_id for _, _, public_id in sorted(shown)]


async def _make_months(store: Store) -> None:
    month = to_datetime(_FIRST_MS).date().replace(day=1)
    name = f"uptime_{month:%Y%m}"
    if await store.value("SELECT to_regclass($1) IS NULL", name):
        following = (month + timedelta(days=31)).replace(day=1)
        await store.value(
            f"CREATE TABLE {name} PARTITION OF uptime FOR VALUES FROM ('{month} 00:00+00') TO ('{following} 00:00+00')"
        )


@_rows
@given(st.sampled_from(["active", "disabled"]), st.none() | st.sampled_from(VerdictKind), st.booleans())
async def test_states(store: Store, status: str, verdict: VerdictKind | None, quiet: bool) -> None:
    state = display_state(status, verdict, in_maintenance=quiet)
    assert await store.value("SELECT display_state($1, $2, $3)", status, verdict, quiet) == state
    assert await store.value("SELECT badness($1)", state) == badness(state)


async def test_the_worst_states_come_first(store: Store) -> None:
    states = "SELECT array_agg(state ORDER BY badness(state)) FROM unnest($1::text[]) AS one (state)"
    assert await store.value(states, sorted(DisplayState)) == list(DisplayState)
