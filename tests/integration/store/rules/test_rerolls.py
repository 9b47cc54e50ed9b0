"""Which hours are rolled up again: the SQL functions, the trigger that calls one, and the pure rules agree."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.decisions.history.rerolls import hours_after, hours_of_outage
from controller.decisions.history.views import HOUR_SECONDS, floor
from shared.epoch import to_datetime
from tests.integration.outages import outage
from tests.integration.store.conftest import Store

_AT_MS = 1_900_000_000_000
_DAY_MS = 86_400_000
moments = st.integers(_AT_MS - 40 * _DAY_MS, _AT_MS).map(to_datetime)
hours = moments.map(lambda at: floor(at, HOUR_SECONDS))
kinds_that_confirm_nothing = ("eased", "flapping", "acknowledged", "commented", "resolved")
kinds = st.sampled_from(["opened", "escalated", *kinds_that_confirm_nothing])
severities = st.sampled_from(["partial", "down"])
_rows = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


changes = st.tuples(
    st.sampled_from(["opened", "escalated", *kinds_that_confirm_nothing]),
    st.sampled_from(["down", "down", "down", "partial"]),
    st.integers(-3 * 60, 60 * 24 * 60),
    moments,
).map(lambda given: (given[0], given[1], given[3] - timedelta(minutes=given[2]), given[3]))
"""The kind and severity of a change, the first failing round (seldom later, often over 29 days earlier), its moment."""


@_rows
@given(st.lists(changes, min_size=1, max_size=20))
async def test_hours_of_an_outage(store: Store, asked: list[tuple[str, str, datetime, datetime]]) -> None:
    async with store.database.connection() as connection:
        rows = await connection.fetch(
            "SELECT (SELECT array_agg(hour ORDER BY hour) FROM hours_of_outage(kind, severity, began_at, at)"
            " AS ended (hour)) AS hours FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[])"
            " WITH ORDINALITY AS asked (kind, severity, began_at, at, place) ORDER BY place",
            *map(list, zip(*asked, strict=True)),
        )
    assert [row["hours"] or [] for row in rows] == [hours_of_outage(*one) for one in asked]


@settings(_rows, max_examples=25)
@given(st.lists(st.tuples(kinds, severities), min_size=1, max_size=4), st.integers(0, 35 * 24 * 60))
async def test_the_trigger_notes_the_hours_of_each_change(
    store: Store, changes: list[tuple[str, str]], minutes: int
) -> None:
    monitor = await store.monitor()
    now: datetime = await store.value("SELECT now()")
    began_at = (now - timedelta(minutes=minutes)).replace(microsecond=0)
    await store.value("DELETE FROM rollup_due")
    await outage(store.database, monitor.id, *((kind, severity, began_at) for kind, severity in changes))
    async with store.database.connection() as connection:
        rows = await connection.fetch("SELECT monitor_id, hour FROM rollup_due ORDER BY id")
    after: datetime = await store.value("SELECT now()")
    expected = [
        [(monitor.id, hour) for kind, severity in changes for hour in hours_of_outage(kind, severity, began_at, at)]
        for at in (now, after)  # an hour may end meanwhile
    ]
    assert [tuple(row) for row in rows] in expected


@_rows
@given(hours, st.integers(10, 86_400), hours, moments)
async def test_hours_after_a_late_one(
    store: Store, late_hour: datetime, interval_seconds: int, rolled_until: datetime, kept_since: datetime
) -> None:
    async with store.database.connection() as connection:
        rows = await connection.fetch(
            "SELECT hour FROM hours_after($1, $2, $3, $4) AS later (hour)",
            late_hour,
            interval_seconds,
            rolled_until,
            kept_since,
        )
    assert [row["hour"] for row in rows] == hours_after(late_hour, interval_seconds, rolled_until, kept_since)


@_rows
@given(hours, st.integers(10, 86_400), st.integers(0, 50), st.integers(-50, 50))
async def test_hours_after_a_late_one_near_both_limits(
    store: Store, late_hour: datetime, interval_seconds: int, rolled: int, kept_quarters: int
) -> None:
    """Random moments of weeks seldom meet the hours that the limits decide about."""
    rolled_until = late_hour + timedelta(hours=rolled)
    kept_since = late_hour + timedelta(minutes=15 * kept_quarters) - timedelta(seconds=interval_seconds)
    async with store.database.connection() as connection:
        rows = await connection.fetch(
            "SELECT hour FROM hours_after($1, $2, $3, $4) AS later (hour)",
            late_hour,
            interval_seconds,
            rolled_until,
            kept_since,
        )
    assert [row["hour"] for row in rows] == hours_after(late_hour, interval_seconds, rolled_until, kept_since)


def test_the_hours_of_an_outage_end_before_the_present_one() -> None:
    at = datetime(2030, 1, 1, 5, 20, tzinfo=UTC)
    began = datetime(2030, 1, 1, 2, 59, tzinfo=UTC)
    assert [hour.hour for hour in hours_of_outage("opened", "down", began, at)] == [2, 3, 4]
    assert len(hours_of_outage("opened", "down", began - timedelta(days=60), at)) == 29 * 24
