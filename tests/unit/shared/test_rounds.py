from __future__ import annotations

from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.wire.rounds import Purpose, check_id, last_due_ms, next_due_ms, phase_ms, start_by_ms

MONITOR = UUID("33333333-3333-4333-8333-333333333333")
moments = st.integers(min_value=0, max_value=4_000_000_000_000)
intervals = st.integers(min_value=10, max_value=86_400).map(lambda seconds: seconds * 1000)


@settings(deadline=None)
@given(st.uuids(), intervals, moments, moments)
def test_every_due_moment_is_reached_by_stepping_and_by_arithmetic_alike(
    monitor: UUID, interval: int, first: int, after: int
) -> None:
    due = next_due_ms(monitor, interval, first, after)
    assert due > after or due == first
    assert due == first or due % interval == phase_ms(monitor, interval)
    assert due == first or due - after <= interval
    assert last_due_ms(monitor, interval, first, due) == due


@settings(deadline=None)
@given(st.uuids(), intervals, moments)
def test_nothing_is_due_before_the_first_round(monitor: UUID, interval: int, first: int) -> None:
    assert last_due_ms(monitor, interval, first, first - 1) is None
    assert next_due_ms(monitor, interval, first, first - 1) == first


def test_phases_of_many_monitors_spread_evenly() -> None:
    interval = 60_000
    tenths = [0] * 10
    for number in range(10_000):
        tenths[phase_ms(UUID(int=number), interval) * 10 // interval] += 1
    assert min(tenths) > 850
    assert max(tenths) < 1150


def test_a_check_id_is_a_constant_of_the_wire() -> None:
    """Older and newer processes must agree on check ids, so they may never change."""
    assert check_id(MONITOR, 1_767_268_800_123, "de-nbg", Purpose.SCHEDULED) == UUID(
        "57b78ad0-50bb-5d9e-a791-45d6f1c87be3"
    )


def test_check_ids_differ_by_moment_location_and_purpose() -> None:
    ids = {
        check_id(MONITOR, moment, location, purpose)
        for moment in (1, 2)
        for location in ("de", "us")
        for purpose in Purpose
    }
    assert len(ids) == 2 * 2 * len(Purpose)


def test_a_check_may_begin_for_half_its_interval_and_at_most_a_minute() -> None:
    assert start_by_ms(1000, 10_000) == 6_000
    assert start_by_ms(1000, 86_400_000) == 61_000
