"""Both forms of the rules about who is asked when."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from controller.decisions.schedule.rotation import may_check, may_rotate
from controller.decisions.schedule.rounds import is_due
from controller.model import Location, Mode
from shared.epoch import to_datetime
from shared.wire.rounds import phase_hash, phase_ms
from tests.integration.store.rules.both_forms import (
    HOUR_MS,
    NOON_MS,
    a_monitor,
    intervals,
    many_examples,
    sql_answers,
)

COUNTRIES = ("DE", "US", "FR")
_HALF = 1 << 32
_ORDERS = st.sampled_from([None, "parallel", "sequential"])


@st.composite
def moments(draw: st.DrawFn) -> tuple[UUID, int, int, int]:
    """A monitor, its interval, its first round, and a moment: that, a round by the phase, or a little beside."""
    public_id, interval = draw(st.uuids(version=4)), draw(intervals)
    interval_ms = interval * 1000
    first = NOON_MS + draw(st.integers(0, HOUR_MS))
    phase = first // interval_ms * interval_ms + phase_ms(public_id, interval_ms)
    due = draw(st.one_of(st.just(first), st.integers(-2, 5).map(lambda n: phase + n * interval_ms)))
    return public_id, interval, first, due + draw(st.sampled_from([0, 0, 0, -1, 1, interval_ms // 2]))


@many_examples
@given(rows=st.lists(moments(), min_size=1, max_size=50))
async def test_when_rounds_are_due(database_url: str, rows: list[tuple[UUID, int, int, int]]) -> None:
    asked = [
        (to_datetime(due), due, to_datetime(first), interval, *divmod(phase_hash(public_id), _HALF))
        for public_id, interval, first, due in rows
    ]
    assert await sql_answers(database_url, "is_due", asked) == [
        is_due(a_monitor(interval, public_id=public_id, target_changed_at=to_datetime(first)), due)
        for public_id, interval, first, due in rows
    ]


_NUMBERS = st.one_of(st.none(), st.lists(st.integers(1, 3), max_size=3))
_POOLS = st.tuples(
    st.integers(1, 3),
    st.one_of(st.none(), st.lists(st.sampled_from(COUNTRIES), max_size=2)),
    _NUMBERS,
    st.one_of(st.none(), st.integers(1, 3)),
)


@many_examples
@given(rows=st.lists(_POOLS, min_size=1, max_size=50))
async def test_which_locations_may_check(
    database_url: str, rows: list[tuple[int, list[str] | None, list[int] | None, int | None]]
) -> None:
    asked = [
        (number, COUNTRIES[number - 1], _array(countries), _array(numbers), home)
        for number, countries, numbers, home in rows
    ]
    assert await sql_answers(database_url, "may_check", asked) == [
        may_check(
            a_monitor(allowed_check_country_codes=countries, location_ids=numbers, home_location_id=home),
            Location(id=number, code="x", name="X", country_code=COUNTRIES[number - 1], enabled=True, public_key="k"),
        )
        for number, countries, numbers, home in rows
    ]


@many_examples
@given(
    rows=st.lists(
        st.tuples(st.booleans(), st.sampled_from([None, *Mode]), _ORDERS, _ORDERS, _ORDERS), min_size=1, max_size=50
    )
)
async def test_which_monitors_may_rotate(
    database_url: str, rows: list[tuple[bool, Mode | None, str | None, str | None, str | None]]
) -> None:
    asked = [(rotates, mode.value if mode else None, *orders) for rotates, mode, *orders in rows]
    assert await sql_answers(database_url, "may_rotate", asked) == [
        may_rotate(rotate_locations=rotates, mode=mode, orders=orders) for rotates, mode, *orders in rows
    ]


def _array(values: list[str] | list[int] | None) -> str | None:
    return None if values is None else f"{{{','.join(map(str, values))}}}"
