"""How a history is read in steps: every result once, in order, in steps that fit the number of results they find."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.decisions.history.cursor import cursor_at, fingerprint, resume
from controller.decisions.history.history import Order, Period, Position, Slice, Walk, period, reads_by_monitor, start
from controller.errors import InvalidError
from shared.wire.rounds import Purpose

NOW = datetime(2026, 1, 31, 12, 0, 0, 123_456, tzinfo=UTC)
KEPT = timedelta(days=31)
MIDNIGHT = datetime(2026, 1, 31, tzinfo=UTC)
HOUR = timedelta(hours=1)
PURPOSES = list(Purpose)

POSITIONS = st.builds(
    Position,
    st.integers(0, 3_600_000 - 1).map(lambda ms: MIDNIGHT + timedelta(milliseconds=ms)),
    st.integers(1, 3),
    st.integers(1, 2),
    st.sampled_from(PURPOSES),
)


def key(position: Position) -> tuple[datetime, int, int, int]:
    """The sort key of a result, as the database orders them."""
    return (*position[:3], PURPOSES.index(position.purpose))


def answer(stored_results: Sequence[Position], step: Slice, order: Order, limit: int) -> list[Position]:
    """The results that the SQL statement would return for a step."""
    if order is Order.DESC:
        found = [
            one for one in stored_results if step.since <= one.due_at <= step.until and key(one) < key(step.position)
        ]
    else:
        found = [
            one for one in stored_results if step.since <= one.due_at < step.until and key(one) > key(step.position)
        ]
    return sorted(found, key=key, reverse=order is Order.DESC)[:limit]


@settings(max_examples=300, deadline=None)
@given(
    stored_results=st.lists(POSITIONS, unique=True, max_size=60),
    order=st.sampled_from(Order),
    rows=st.integers(1, 7),
    monitors=st.sampled_from([1, 1_000, 100_000_000]),
    seconds=st.sampled_from([0.001, 3.0]),
    stops=st.sets(st.integers(0, 40)),
)
def test_a_walk_meets_every_result_once_in_order_wherever_it_is_resumed(
    stored_results: list[Position], order: Order, rows: int, monitors: int, seconds: float, stops: set[int]
) -> None:
    walked = Period(MIDNIGHT, MIDNIGHT + HOUR)
    walk = Walk(walked, order, start(walked, order), monitors=monitors, rows=rows)
    met: list[Position] = []
    steps = 0
    while not walk.ended:
        step = walk.next_slice()
        found = answer(stored_results, step, order, rows)
        met += found
        # A slow machine shortens steps; another test checks that they become longer again.
        walk.record_step(step, len(found), found[-1] if found else None, seconds if steps < 5 else 0.001)
        steps += 1
        assert steps < 2_000
        if steps in stops:
            cursor = msgspec.to_builtins(cursor_at("me", walked, walk.position))
            again, position = resume(cursor, "me")
            assert again == walked
            walk = Walk(again, order, position, monitors=monitors, rows=rows)
    assert met == sorted(stored_results, key=key, reverse=order is Order.DESC)


@pytest.mark.parametrize("order", Order)
def test_what_is_due_at_the_end_is_not_met_and_at_the_beginning_is(order: Order) -> None:
    walked = Period(MIDNIGHT, MIDNIGHT + HOUR)
    edges = [Position(MIDNIGHT, 1, 1), Position(MIDNIGHT + HOUR, 1, 1)]
    walk = Walk(walked, order, start(walked, order), monitors=1, rows=10)
    met: list[Position] = []
    while not walk.ended:
        step = walk.next_slice()
        found = answer(edges, step, order, 10)
        met += found
        walk.record_step(step, len(found), found[-1] if found else None, 0.0)
    assert met == edges[:1]


def test_a_month_without_results_is_walked_in_a_few_steps() -> None:
    walked = Period(MIDNIGHT - timedelta(days=31), MIDNIGHT)
    walk = Walk(walked, Order.DESC, start(walked, Order.DESC), monitors=100_000, rows=500)
    steps = 0
    while not walk.ended:
        step = walk.next_slice()
        walk.record_step(step, 0, None, 0.001)
        steps += 1
    assert steps < 20


@pytest.mark.parametrize(
    ("rows", "minutes"), [pytest.param(501, 50, id="a page"), pytest.param(6_000, 144, id="an export")]
)
def test_a_first_step_that_reads_all_it_covers_is_as_long_as_its_rows_need(rows: int, minutes: int) -> None:
    """Of ten monitors that are checked each minute, 500 checks are due in 50 minutes; no step begins with more than a
    day of one monitor.
    """
    walked = Period(MIDNIGHT - timedelta(days=1), MIDNIGHT)
    walk = Walk(walked, Order.DESC, start(walked, Order.DESC), monitors=10, rows=rows, reads_all=True)
    step = walk.next_slice()
    assert (step.until - step.since) // timedelta(minutes=1) == minutes


def test_steps_get_shorter_while_they_take_long_and_shorter_ones_take_less() -> None:
    walked = Period(MIDNIGHT - timedelta(days=31), MIDNIGHT)
    walk = Walk(walked, Order.DESC, start(walked, Order.DESC), monitors=1, rows=500)
    widths = []
    for n in range(5):
        step = walk.next_slice()
        widths.append(step.until - step.since)
        walk.record_step(step, 0, None, 8.0 / 2**n)
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] == widths[0] / 16


@pytest.mark.parametrize("seconds", [0.3, 0.7, 3.0])
@pytest.mark.parametrize("order", Order)
def test_steps_stay_as_long_as_brings_most_when_shorter_ones_take_no_less(order: Order, seconds: float) -> None:
    """500 results a second; a step takes so many seconds or some more, however short it is."""
    walked = Period(MIDNIGHT, MIDNIGHT + timedelta(days=1))
    walk = Walk(walked, order, start(walked, order), monitors=10_000, rows=5_000)
    brought = list[int]()
    for _ in range(40):
        step = walk.next_slice()
        rows = min(5_000, (step.until - step.since) // timedelta(milliseconds=2))
        covered = timedelta(milliseconds=2) * rows
        last = step.position.due_at - covered if order is Order.DESC else step.position.due_at + covered
        walk.record_step(step, rows, Position(last, 1, 1), seconds * (1 + len(brought) % 3 / 10))
        brought.append(rows)
    assert min(brought[10:]) > 3_000


@pytest.mark.parametrize("order", Order)
def test_steps_come_to_bring_nearly_what_they_may(order: Order) -> None:
    """With ten results a second, and 500 a step at most, a step becomes about 37 seconds long."""
    walked = Period(MIDNIGHT, MIDNIGHT + timedelta(days=1))
    walk = Walk(walked, order, start(walked, order), monitors=600, rows=500)
    for _ in range(12):
        step = walk.next_slice()
        rows = min(500, round((step.until - step.since) / timedelta(milliseconds=100)))
        covered = timedelta(milliseconds=100) * rows
        last = step.position.due_at - covered if order is Order.DESC else step.position.due_at + covered
        walk.record_step(step, rows, Position(last, 1, 1), 0.01)
    step = walk.next_slice()
    assert timedelta(seconds=30) < step.until - step.since < timedelta(seconds=45)


@pytest.mark.parametrize(
    ("monitors", "total_monitors", "rows", "by_monitor"),
    [
        pytest.param(1, 100_000, 101, True, id="one monitor of many is read by its own key"),
        pytest.param(1_000, 100_000, 101, True, id="a hundredth of the monitors is read by their own keys"),
        pytest.param(
            2_000, 100_000, 101, False, id="of a fiftieth of the monitors few rows are read sooner in the order of time"
        ),
        pytest.param(100_000, 100_000, 501, False, id="all monitors are read in the order of time"),
        pytest.param(3, 3, 2, False, id="a small installation is read in the order of time"),
    ],
)
def test_the_way_is_chosen_by_what_it_costs(monitors: int, total_monitors: int, rows: int, by_monitor: bool) -> None:
    assert reads_by_monitor(monitors, total_monitors, rows) is by_monitor


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        pytest.param(None, None, (NOW - timedelta(days=1), NOW), id="without bounds the period is the last 24 hours"),
        pytest.param(
            None,
            MIDNIGHT,
            (MIDNIGHT - timedelta(days=1), MIDNIGHT),
            id="with only an end the period is the 24 hours before it",
        ),
        pytest.param(MIDNIGHT, None, (MIDNIGHT, NOW), id="with only a beginning the period lasts until now"),
        pytest.param(
            datetime.min.replace(tzinfo=UTC),
            datetime.max.replace(tzinfo=UTC),
            (NOW - KEPT, NOW + timedelta(days=1)),
            id="all of time is cut to when results are kept, and may be due",
        ),
        pytest.param(
            datetime(2020, 1, 1, tzinfo=UTC),
            datetime(2020, 1, 2, tzinfo=UTC),
            (NOW - KEPT, NOW - KEPT),
            id="a period long ago is empty",
        ),
    ],
)
def test_the_period_is_the_requested_one_as_far_as_there_can_be_results(
    since: datetime | None, until: datetime | None, expected: tuple[datetime, datetime]
) -> None:
    found = period(since, until, now=NOW, kept=KEPT)
    for moment, by_monitor in zip(found, expected, strict=True):
        assert timedelta(0) <= moment - by_monitor < timedelta(milliseconds=1)
        assert moment.microsecond % 1000 == 0


@pytest.mark.parametrize(
    ("since", "until", "rule"),
    [
        pytest.param(MIDNIGHT, MIDNIGHT, "from must be before to", id="no time at all"),
        pytest.param(NOW + HOUR, None, "from must be before now, where to is not given", id="in the future"),
    ],
)
def test_a_period_that_ends_before_it_begins_is_refused(since: datetime, until: datetime | None, rule: str) -> None:
    with pytest.raises(InvalidError, match=rule):
        period(since, until, now=NOW, kept=KEPT)


@pytest.mark.parametrize(
    "stored", [None, "x", 17, [], ["me"], {"asked": "me"}, ["me", 1, 2, 3, 4, 5, "never"], ["me", "1", 2, 3, 4, 5, 6]]
)
def test_what_is_no_cursor_is_refused(stored: object) -> None:
    with pytest.raises(InvalidError, match="cursor must be the nextCursor of an answer of this route"):
        resume(stored, "me")


def test_a_cursor_of_another_question_is_refused() -> None:
    walked = Period(MIDNIGHT, MIDNIGHT + HOUR)
    stored = msgspec.to_builtins(cursor_at(fingerprint(1, ["a"]), walked, Position(MIDNIGHT)))
    assert resume(stored, fingerprint(1, ["a"])) == (walked, Position(MIDNIGHT))
    for other in (fingerprint(2, ["a"]), fingerprint(1, ["b"]), fingerprint(1, None)):
        with pytest.raises(InvalidError, match="belongs to another query"):
            resume(stored, other)


@pytest.mark.parametrize("order", Order)
def test_steps_end_at_whole_milliseconds_so_that_a_cursor_says_where_exactly(order: Order) -> None:
    walked = Period(MIDNIGHT, MIDNIGHT + HOUR)
    walk = Walk(walked, order, start(walked, order), monitors=7_777_777, rows=3)
    for _ in range(20):
        step = walk.next_slice()
        walk.record_step(step, 2, None, 0.001)
        assert walk.position.due_at.microsecond % 1000 == 0
        assert resume(msgspec.to_builtins(cursor_at("me", walked, walk.position)), "me") == (walked, walk.position)
