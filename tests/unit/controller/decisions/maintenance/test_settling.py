"""What begins and ends for a monitor, over any course of windows that come, change and go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from controller.decisions.maintenance.covering import covering
from controller.decisions.maintenance.settling import settle
from controller.model.maintenance import Effect, InMaintenance, WindowTime

START = datetime(2027, 3, 28, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SILENCE, SUSPEND = Effect.SILENCE, Effect.SUSPEND


class Monitor:
    """A monitor with what is written of it, and the occurrences of windows that are for it."""

    def __init__(self) -> None:
        self.now = self.since = START
        self.occurring: dict[int, WindowTime] = {}
        self.away: dict[int, WindowTime] = {}
        self.by_key: dict[tuple[int, datetime], WindowTime] = {}
        self.current: InMaintenance | None = None
        self.seen: dict[datetime, bool] = {}

    @property
    def written(self) -> list[WindowTime]:
        """As the table has it: a time of the same window that begins in the same millisecond replaces the first."""
        return list(self.by_key.values())

    def settle(self) -> None:
        relevant = [one for one in self.occurring.values() if one.to_at is None or one.to_at > self.since]
        lasting = [one for one in self.written if one.to_at is None or one.to_at > self.since]
        found = settle(relevant, lasting, self.current, self.since, self.now)
        assert self.by_key.keys() >= {(one.window_id, one.from_at) for one in found.changed}
        self.by_key |= {(one.window_id, one.from_at): one for one in (*found.changed, *found.begun)}
        self.current, self.since = found.current, self.now
        self.seen[self.now] = found.current is not None

    def plan(self, window: int, begins: int, lasts: int | None, effect: Effect) -> None:
        from_at = self.now + begins * SECOND
        self.occurring[window] = WindowTime(
            window, from_at, None if lasts is None else from_at + lasts * SECOND, effect
        )

    def end(self, window: int) -> None:
        one = self.occurring.get(window)
        if one is not None and one.holds(self.now):
            self.occurring[window] = one._replace(to_at=self.now)

    def change_end(self, window: int, lasts: int) -> None:
        one = self.occurring.get(window)
        if one is not None and one.holds(self.now):
            self.occurring[window] = one._replace(to_at=self.now + lasts * SECOND)

    def delete(self, window: int) -> None:
        self.occurring.pop(window, None)

    def leave(self, window: int) -> None:
        """The monitor loses the label that the window is for."""
        if window in self.occurring:
            self.away[window] = self.occurring.pop(window)

    def come_back(self, window: int) -> None:
        if window in self.away and window not in self.occurring:
            self.occurring[window] = self.away.pop(window)


WINDOWS = st.integers(1, 3)
STEPS = st.one_of(
    st.tuples(st.just("plan"), WINDOWS, st.integers(0, 6), st.none() | st.integers(1, 12), st.sampled_from(Effect)),
    st.tuples(st.sampled_from(["end", "delete", "leave", "come_back"]), WINDOWS),
    st.tuples(st.just("change_end"), WINDOWS, st.integers(1, 9)),
)


@given(st.lists(st.tuples(st.integers(1, 5), st.lists(STEPS, max_size=3), st.booleans()), max_size=25))
def test_what_is_written_is_what_was_in_force(course: list[tuple[int, list[tuple[object, ...]], bool]]) -> None:
    monitor = Monitor()
    for seconds, steps, settles in course:
        monitor.now += seconds * SECOND
        if steps or settles:  # every change is put into force at once, the rest when a controller runs
            monitor.settle()
        for name, *arguments in steps:
            getattr(monitor, str(name))(*arguments)
            monitor.settle()
    for moment, quiet in monitor.seen.items():
        assert (covering(monitor.written, moment) is not None) is quiet, moment


def test_what_began_and_ended_while_nobody_ran_is_written_with_its_own_times() -> None:
    since, now = START, START + 100 * SECOND
    over = WindowTime(1, START + 10 * SECOND, START + 20 * SECOND, SILENCE)
    lasting = WindowTime(2, START + 30 * SECOND, None, SUSPEND)
    found = settle([over, lasting], [], None, since, now)
    assert found.begun == [over, lasting]
    assert found.current == InMaintenance(SUSPEND, lasting.from_at, None)


def test_a_monitor_that_a_window_is_for_only_now_begins_now() -> None:
    window = WindowTime(1, START - 60 * SECOND, START + 60 * SECOND, SILENCE)
    found = settle([window], [], None, START - SECOND, START)
    assert found.begun == [window._replace(from_at=START)]


def test_windows_that_touch_are_one_time() -> None:
    first = WindowTime(1, START, START + 10 * SECOND, SILENCE)
    second = WindowTime(2, START + 10 * SECOND, START + 30 * SECOND, SUSPEND)
    at_first = settle([first, second], [], None, START - SECOND, START)
    assert at_first.current == InMaintenance(SILENCE, START, START + 30 * SECOND)
    later = settle([first, second], at_first.begun, at_first.current, START, START + 10 * SECOND)
    assert later.current == InMaintenance(SUSPEND, START, START + 30 * SECOND)


def test_an_end_is_not_part_of_it() -> None:
    window = WindowTime(1, START, START + 10 * SECOND, SILENCE)
    found = settle([window], [window], InMaintenance(SILENCE, START, window.to_at), START, START + 10 * SECOND)
    assert (found.begun, found.changed, found.current) == ([], [], None)
