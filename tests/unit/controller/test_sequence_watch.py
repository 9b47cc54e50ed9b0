"""Holes in the numbers of a customer's events: those that fill in time are no loss, those that stay are one."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from controller.streaming.frames import StreamPosition
from controller.streaming.sequence_watch import HOLE_SECONDS, SequenceWatch
from controller.streaming.stream_event import StreamEvent
from shared.wire import subjects

ORGANIZATION = UUID("aaaaaaaa-0000-4000-8000-000000000001")
CUSTOMER = UUID("11111111-1111-4111-8111-111111111111")
OTHER = UUID("22222222-2222-4222-8222-222222222222")
START = StreamPosition("19a", 1)


def event(number: int | None, customer: UUID | None = CUSTOMER) -> StreamEvent:
    body = b'{"x":1}' if number is None else b'{"x":1,"sequence":%d}' % number
    return StreamEvent(START, subjects.event(ORGANIZATION, customer, None, "result"), body)


def watching(numbers: list[int]) -> SequenceWatch:
    watch = SequenceWatch(lambda: 0.0)
    for number in numbers:
        watch.notice(event(number), START)
    return watch


def lost(watch: SequenceWatch, now: float = HOLE_SECONDS) -> list[tuple[str, int, int]]:
    watch._monotonic = lambda: now
    return [(hole.owner, hole.first, hole.last) for hole in watch.lost()]


def test_a_hole_that_stays_is_reported_once() -> None:
    watch = watching([7, 8, 12, 10])
    assert lost(watch, HOLE_SECONDS - 1) == []
    assert lost(watch) == [(str(CUSTOMER), 9, 9), (str(CUSTOMER), 11, 11)]
    assert lost(watch) == []
    watch.notice(event(9), START)
    assert lost(watch, 3 * HOLE_SECONDS) == [], "what comes after all is no loss any more"


def test_customers_and_the_organization_have_numbers_of_their_own() -> None:
    watch = watching([1, 2])
    for one in (event(50, OTHER), event(9, None), event(None), event(10, None), event(3), event(52, OTHER)):
        watch.notice(one, START)
    assert lost(watch) == [(str(OTHER), 51, 51)]
    watch.notice(event(12, None), START)
    assert lost(watch, 2 * HOLE_SECONDS) == [(str(ORGANIZATION), 11, 11)]


@given(st.permutations(list(range(2, 40))), st.sets(st.integers(2, 39)))
def test_exactly_what_never_came_is_reported_whatever_the_order(order: list[int], missing: set[int]) -> None:
    watch = watching([1, *(number for number in order if number not in missing), 40])
    found = {number for _, first, last in lost(watch) for number in range(first, last + 1)}
    assert found == missing


def test_what_is_remembered_is_bounded() -> None:
    watch = watching(list(range(1, 1001, 2)))
    early = lost(watch, 0.0)
    assert len(early) == 449
    assert len(lost(watch)) == 50
