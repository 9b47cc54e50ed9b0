"""Both forms of the rules about lateness, waiting, blindness, and what is worth an evaluation."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from controller.decisions.evaluation.blindness import blind_until
from controller.decisions.evaluation.late import history_ms, late_ms
from controller.decisions.evaluation.ripe import ripe_ms
from controller.decisions.evaluation.state import VerdictKind
from controller.decisions.evaluation.worth import is_gap_worth, is_result_worth
from shared.epoch import to_datetime
from shared.wire.messages import ResultStatus
from tests.integration.store.rules.both_forms import (
    HOUR_MS,
    a_monitor,
    deadlines,
    intervals,
    many_examples,
    moments_ms,
    sql_answers,
    timeouts,
)

_MAYBE = (None, False, True)
_WAITS_MS = st.one_of(st.integers(0, 200_000), st.integers(0, 3 * HOUR_MS))


@many_examples
@given(rows=st.lists(st.tuples(moments_ms, intervals, timeouts, deadlines), min_size=1, max_size=50))
async def test_late_results(database_url: str, rows: list[tuple[int, int, int, int | None]]) -> None:
    asked = [(to_datetime(due), *rest) for due, *rest in rows]
    monitors = [(a_monitor(interval, timeout, deadline), due) for due, interval, timeout, deadline in rows]
    late = [to_datetime(late_ms(*one)) for one in monitors]
    assert await sql_answers(database_url, "late_at", asked) == late
    history = [to_datetime(history_ms(*one)) for one in monitors]
    assert await sql_answers(database_url, "history_at", asked) == history


@many_examples
@given(
    rows=st.lists(
        st.tuples(moments_ms, _WAITS_MS, intervals, timeouts, deadlines, st.booleans()), min_size=1, max_size=50
    )
)
async def test_waiting_for_votes(database_url: str, rows: list[tuple[int, int, int, int, int | None, bool]]) -> None:
    asked = [(to_datetime(due), to_datetime(due + waited), *rest) for due, waited, *rest in rows]
    ripe = [
        to_datetime(ripe_ms(a_monitor(interval, timeout, deadline), due, due + waited, retries=retries))
        for due, waited, interval, timeout, deadline, retries in rows
    ]
    assert await sql_answers(database_url, "ripe_at", asked) == ripe


@many_examples
@given(rows=st.lists(st.tuples(moments_ms, intervals), min_size=1, max_size=50))
async def test_how_long_a_location_is_blind(database_url: str, rows: list[tuple[int, int]]) -> None:
    asked = [(to_datetime(due), interval) for due, interval in rows]
    assert await sql_answers(database_url, "blind_until", asked) == [blind_until(*one) for one in asked]


async def test_which_results_are_worth_an_evaluation(database_url: str) -> None:
    """All there are."""
    rows = list(product(_MAYBE, (False, True), (False, True), ResultStatus, (False, True), _MAYBE))
    asked = [
        (stable, noted, retry, status.value, warned, blind) for stable, noted, retry, status, warned, blind in rows
    ]
    assert await sql_answers(database_url, "is_result_worth", asked) == [
        is_result_worth(stable=stable, noted=noted, is_retry=retry, status=status, warned=warned, was_blind=blind)
        for stable, noted, retry, status, warned, blind in rows
    ]


async def test_which_missing_checks_are_worth_an_evaluation(database_url: str) -> None:
    """All there are."""
    rows = list(product((None, *VerdictKind), _MAYBE, (False, True), _MAYBE))
    asked = [(verdict.value if verdict else None, *rest) for verdict, *rest in rows]
    assert await sql_answers(database_url, "is_gap_worth", asked) == [
        is_gap_worth(verdict=verdict, stable=stable, noted=noted, was_blind=blind)
        for verdict, stable, noted, blind in rows
    ]
