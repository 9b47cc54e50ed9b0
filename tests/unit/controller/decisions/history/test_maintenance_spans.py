"""Times in maintenance of several windows give the same figures as their union."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from controller.decisions.history.maintenance import MaintenanceTime, spans
from controller.decisions.history.uptime import RoundOutcome, Span, VerdictSince, estimated_time, evaluated_time
from controller.decisions.maintenance.settling import Settled, changed_spans
from controller.model.maintenance import Effect, WindowTime

_UNTIL = 60
moments = st.integers(0, 80)
times = st.lists(
    st.builds(MaintenanceTime, moments, st.none() | moments).filter(
        lambda one: one.to_ms is None or one.from_ms <= one.to_ms
    ),
    max_size=6,
)


def covered(held: list[MaintenanceTime]) -> set[int]:
    """The milliseconds in any of these times."""
    return {
        moment for one in held for moment in range(one.from_ms, _UNTIL if one.to_ms is None else min(one.to_ms, _UNTIL))
    }


@given(times)
def test_spans_are_the_union_in_order_and_apart(held: list[MaintenanceTime]) -> None:
    found = spans(held, _UNTIL)
    assert {moment for span in found for moment in range(*span)} == covered(held)
    edges = [edge for span in found for edge in span]
    assert edges == sorted(set(edges))


@given(times, st.lists(st.tuples(moments, st.sampled_from(["up", "down", "unknown"])), unique_by=lambda one: one[0]))
def test_uptime_leaves_out_each_moment_of_maintenance_once(
    held: list[MaintenanceTime], verdicts: list[tuple[int, str]]
) -> None:
    changes = [VerdictSince(*one) for one in sorted(verdicts) if one[0] < _UNTIL]
    found = estimated_time(changes, Span(0, _UNTIL), spans(held, _UNTIL))
    judged = [
        verdict
        for moment in set(range(_UNTIL)) - covered(held)
        for verdict in [next((one.verdict for one in reversed(changes) if one.at_ms <= moment), "unknown")]
    ]
    assert found == (len(judged) - judged.count("unknown"), judged.count("down"))


@given(times)
def test_rounds_in_maintenance_are_not_judged(held: list[MaintenanceTime]) -> None:
    rounds = [RoundOutcome(due_ms, 0, 1) for due_ms in range(0, _UNTIL, 10)]
    found = evaluated_time(rounds, 10, Span(0, _UNTIL), spans(held, _UNTIL), [Span(0, _UNTIL)])
    assert found == (_UNTIL - len(covered(held)),) * 2


_NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
_HOUR = timedelta(hours=1)


def of_window(first: int, last: int | None) -> WindowTime:
    return WindowTime(1, _NOW + first * _HOUR, None if last is None else _NOW + last * _HOUR, Effect.SILENCE)


def test_what_begins_late_changes_the_time_since_it_should_have_begun() -> None:
    assert changed_spans([], Settled([of_window(-5, 3)], [], None), _NOW) == [(_NOW - 5 * _HOUR, _NOW)]
    assert changed_spans([], Settled([of_window(-5, -4)], [], None), _NOW) == [(_NOW - 5 * _HOUR, _NOW - 4 * _HOUR)]


def test_another_end_changes_only_the_past_between_both_ends() -> None:
    before = [of_window(-5, -1)]
    assert changed_spans(before, Settled([], [of_window(-5, None)], None), _NOW) == [(_NOW - _HOUR, _NOW)]
    assert changed_spans([of_window(-5, None)], Settled([], [of_window(-5, 3)], None), _NOW) == []
