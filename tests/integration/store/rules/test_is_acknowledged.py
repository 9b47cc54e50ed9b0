"""Somebody has an incident in SQL when they have it in Python."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.decisions.acknowledgement import is_acknowledged
from tests.integration.store.conftest import Store

BEGAN = datetime(2026, 3, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 5).map(lambda minutes: BEGAN + timedelta(minutes=minutes))
CASES = st.tuples(st.none() | MOMENTS, st.none() | MOMENTS, MOMENTS)


@given(cases=st.lists(CASES, max_size=60))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_the_answer_is_the_same_in_python_and_sql(
    store: Store, cases: list[tuple[datetime | None, datetime | None, datetime]]
) -> None:
    columns = ([case[n] for case in cases] for n in range(3))
    async with store.database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT is_acknowledged(at, until, moment) AS held
            FROM unnest($1::timestamptz[], $2::timestamptz[], $3::timestamptz[]) WITH ORDINALITY
              AS one (at, until, moment, place)
            ORDER BY place
            """,
            *columns,
        )
    assert [row["held"] for row in rows] == [is_acknowledged(*case) for case in cases]
