"""How late the event loop was: the worst since a moment, and the 95th percentile."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.checks.loop_lag import LONGEST_CHECK_SECONDS, TICK_SECONDS, WINDOW_SECONDS, LoopLag


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def recorded(*late: float, every: float = TICK_SECONDS) -> tuple[LoopLag, Clock]:
    clock = Clock()
    lag = LoopLag(clock)
    for seconds in late:
        clock.now += every
        lag.record(seconds)
    return lag, clock


def test_without_a_tick_nothing_is_late() -> None:
    assert (LoopLag().worst_since(0.0), LoopLag().p95_ms()) == (0.0, 0.0)


def test_the_worst_since_a_moment_is_reported() -> None:
    lag, clock = recorded(0.001, 0.3, 0.002, 0.05, 0.001, every=1.0)
    assert lag.worst_since(clock.now - 10) == 0.3
    assert lag.worst_since(clock.now - 3) == 0.3
    assert lag.worst_since(clock.now - 2.5) == 0.05
    assert lag.worst_since(clock.now) == 0.001
    assert lag.worst_since(clock.now + 1) == 0.0


@settings(deadline=None)
@given(st.lists(st.floats(0, 2), min_size=1, max_size=60), st.integers(0, 60))
def test_the_worst_is_that_of_all_ticks_since(late: list[float], since: int) -> None:
    lag, clock = recorded(*late, every=0.5)
    moment = 1000.0 + 0.5 * since
    later = [seconds for number, seconds in enumerate(late, 1) if 1000.0 + 0.5 * number >= moment]
    assert lag.worst_since(moment) == max(later, default=0.0)
    assert clock.now >= 1000.0


def test_what_is_long_past_is_forgotten() -> None:
    lag, clock = recorded(0.4)
    clock.now += LONGEST_CHECK_SECONDS + 1
    lag.record(0.001)
    assert lag.worst_since(0.0) == 0.001
    assert len(lag._peaks) == 1


def test_the_longest_check_learns_of_what_was_late_at_its_beginning() -> None:
    lag, clock = recorded(0.4)
    began = clock.now
    clock.now += LONGEST_CHECK_SECONDS - 1
    lag.record(0.001)
    assert lag.worst_since(began) == 0.4


def test_the_p95_is_of_the_window_and_in_milliseconds() -> None:
    lag, _ = recorded(*[0.001] * 94, *[0.004] * 6)
    assert lag.p95_ms() == 4.0
    lag, _ = recorded(*[0.001] * 96, *[0.004] * 4)
    assert lag.p95_ms() == 1.0


def test_a_loop_that_stood_still_counts_for_all_the_moments_it_missed() -> None:
    lag, _ = recorded(*[0.0] * 5000, 3.0)
    assert lag.p95_ms() == pytest.approx(1600, abs=400)


def test_memory_is_bounded_however_long_the_loop_stood_still() -> None:
    lag, _ = recorded(1e9, 1e9)
    assert len(lag._recent) == round(WINDOW_SECONDS / TICK_SECONDS)
