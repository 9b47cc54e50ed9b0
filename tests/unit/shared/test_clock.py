"""This machine's clock compared with the broker's, which heartbeats and their answers measure."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.epoch import to_datetime, to_ms
from shared.wire.broker_clock import BrokerClock

NOON_MS = to_ms(datetime(2026, 3, 1, 12, tzinfo=UTC))


class Machine:
    """A machine whose wall clock is `ahead_ms` ahead of the broker's; the test moves its time."""

    def __init__(self, ahead_ms: int) -> None:
        self.ahead_ms = ahead_ms
        self.seconds = 100.0
        self.clock = BrokerClock(wall_ms=self.wall_ms, monotonic=lambda: self.seconds)

    def broker_ms(self) -> int:
        return NOON_MS + round(1000 * self.seconds)

    def wall_ms(self) -> int:
        return self.broker_ms() + self.ahead_ms

    def ask(self, *, there: float, back: float) -> None:
        """Ask the broker for the time; the request takes `there` seconds, the answer `back` seconds."""
        sent_at = self.seconds
        self.seconds += there
        broker_time = to_datetime(self.broker_ms())
        self.seconds += back
        self.clock.observe(broker_time, sent_at)


@pytest.mark.parametrize(
    ("ahead_ms", "corrected"),
    [
        pytest.param(0, False, id="a clock that is right is left alone"),
        pytest.param(1900, False, id="a clock 1.9 s ahead is left alone"),
        pytest.param(-1900, False, id="a clock 1.9 s behind is left alone"),
        pytest.param(2100, True, id="a clock 2.1 s ahead is corrected"),
        pytest.param(-2100, True, id="a clock 2.1 s behind is corrected"),
        pytest.param(-86_400_000, True, id="a clock of yesterday is corrected"),
    ],
)
def test_a_clock_is_corrected_when_it_is_off_by_more_than_two_seconds(ahead_ms: int, corrected: bool) -> None:
    machine = Machine(ahead_ms)
    machine.ask(there=0.004, back=0.004)
    assert machine.clock.offset_ms == pytest.approx(ahead_ms, abs=1)
    broker_time = machine.broker_ms() if corrected else machine.wall_ms()
    assert to_ms(machine.clock.now()) == pytest.approx(broker_time, abs=1)
    assert to_ms(machine.clock.broker_now()) == pytest.approx(machine.broker_ms(), abs=1)


def test_a_clock_that_was_never_measured_is_believed() -> None:
    machine = Machine(9000)
    assert machine.clock.offset_ms is None
    assert to_ms(machine.clock.now()) == to_ms(machine.clock.broker_now()) == machine.wall_ms()


def test_an_answer_that_was_long_under_way_does_not_spoil_a_better_one() -> None:
    machine = Machine(0)
    machine.ask(there=0.001, back=0.001)
    machine.ask(there=0.0, back=0.9)
    assert machine.clock.offset_ms == pytest.approx(0, abs=1)


def test_a_long_way_makes_an_error_of_half_of_it_at_most() -> None:
    machine = Machine(0)
    machine.ask(there=0.0, back=0.9)
    assert abs(machine.clock.offset_ms or 0) <= 450
    machine.ask(there=0.001, back=0.001)
    assert machine.clock.offset_ms == pytest.approx(0, abs=1)


def test_a_wall_clock_that_is_set_is_noticed_at_once() -> None:
    machine = Machine(0)
    machine.ask(there=0.001, back=0.001)
    machine.ahead_ms = 3_600_000
    assert machine.clock.offset_ms == pytest.approx(3_600_000, abs=1)
    assert to_ms(machine.clock.now()) == pytest.approx(machine.broker_ms(), abs=1)


def test_a_machine_that_slept_believes_the_next_answer() -> None:
    """The monotonic clock stood still meanwhile. The answer is less precise, but it contradicts the old reading."""
    machine = Machine(0)
    machine.ask(there=0.0, back=0.0)
    sent_at = machine.seconds
    machine.seconds += 0.2
    machine.clock.observe(to_datetime(machine.broker_ms() + 50_000), sent_at)
    assert machine.clock.offset_ms == pytest.approx(-50_000, abs=200)


def test_a_reading_is_not_kept_for_longer_than_a_minute() -> None:
    machine = Machine(0)
    machine.ask(there=0.0, back=0.0)
    machine.seconds += 61
    sent_at = machine.seconds
    machine.seconds += 0.2
    machine.clock.observe(to_datetime(machine.broker_ms() - 60), sent_at)
    assert machine.clock.offset_ms == pytest.approx(-40, abs=1)


@pytest.mark.parametrize("year", [1, 1970, 9999])
def test_what_no_broker_shows_is_not_believed(year: int) -> None:
    """A time at an end of the calendar would make every calculation with the clock overflow, for good."""
    machine = Machine(ahead_ms=0)
    with pytest.raises(ValueError, match="not a credible time"):
        machine.clock.observe(datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC), machine.seconds)
    assert machine.clock.offset_ms is None
    assert machine.clock.now() == to_datetime(machine.wall_ms())
