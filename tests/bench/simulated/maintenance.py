"""The simulated year with maintenance windows: who is notified of what, inside them and after them.

Each monitor has a year as in `tests.bench.simulated.year`, and windows of all sorts on the wall clock of a zone. What
is notified is decided by `controller.decisions.notification` and `controller.decisions.maintenance`, as in the product:
by the due moment of the evidence, and after a window by a fresh evaluation, for which the loop has all locations check.
"""

from __future__ import annotations

import random  # noqa: TID251 - chance is what is simulated
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from controller.decisions.evaluation.state import ChangeKind, Severity
from controller.decisions.maintenance.afterwards import AfterwardsStep, afterwards, next_check_ms
from controller.decisions.maintenance.covering import covering
from controller.decisions.maintenance.occurrences import Timetable, occurrences
from controller.decisions.notification.recipients import Affected, Audience, audience
from controller.model.maintenance import Effect, Frequency, Recurrence, WindowTime
from shared.epoch import to_datetime, to_ms
from tests.bench.figures import Figures, spread
from tests.bench.simulated.year import INTERVALS, YEAR_SECONDS, Disturbance, Year, year_of

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Asuncion", "Africa/Casablanca")
YEAR = datetime(2027, 1, 1, tzinfo=UTC)
"""Whose clocks are simulated; the year's moments are counted from the epoch."""

_SHIFT = YEAR - to_datetime(0)
_LOOP = timedelta(seconds=5)
_AROUND = 40
"""How many windows before and after a moment may touch it: more than overlap anywhere."""


class Told(NamedTuple):
    """A notification of an outage: when it was sent, and the due moment of the evidence, in seconds of the year."""

    at: float
    evidence: float
    is_late: bool


class Kept(NamedTuple):
    """An outage that a window kept quiet and that ended without a notification: its first evidence, and its end."""

    evidence: float
    resolved: float


class MaintainedYear(Year):
    """A year of one monitor with windows. After `run`, `told` and `kept` say what people were notified of."""

    def __init__(
        self, disturbances: list[Disturbance], chance: random.Random, interval: int, times: Sequence[WindowTime]
    ) -> None:
        super().__init__(disturbances, chance, interval)
        self._times = sorted(times, key=lambda one: one.from_at)
        self._starts = [one.from_at for one in self._times]
        self._confirmed: list[datetime] = []
        self.told: list[Told] = []
        self.kept: list[Kept] = []

    def run(self) -> None:
        for due_ms, step in self.steps():
            for change in step.changes:
                self._notify(due_ms, change.kind, change.severity)
            self._afterwards(to_datetime(self._done_ms) + _LOOP)

    def around(self, at: datetime) -> list[WindowTime]:
        place = bisect_right(self._starts, at)
        return self._times[max(0, place - _AROUND) : place + _AROUND]

    def _coming(self, number: int) -> Iterator[int]:
        yield from super()._coming(number)
        if self._confirmed:
            yield from self._asked_again()

    def _asked_again(self) -> Iterator[int]:
        """When the loop has all locations check again, after the windows that hold now."""
        now = to_datetime(self._done_ms)
        held = covering(self.around(now), now)
        turn = (now if held is None or held.until is None else held.until) + _LOOP
        found = afterwards(self.around(turn), self._confirmed, self._state, turn)
        if found.step is AfterwardsStep.CHECK and found.until is not None:
            yield next_check_ms(found.until, turn)

    def _notify(self, due_ms: int, kind: ChangeKind, severity: Severity) -> None:
        at = to_datetime(due_ms)
        if kind is ChangeKind.RESOLVED:
            if self._confirmed:
                self.kept.append(Kept(_seconds(self._confirmed[0]), self._done_ms / 1000))
            self._confirmed = []
        elif kind in (ChangeKind.OPENED, ChangeKind.ESCALATED):
            quiet = covering(self.around(at), at) is not None
            if audience(kind, severity, Affected(quiet, True, None, at, {}, {})) is Audience.NOBODY:
                self._confirmed.append(at)
            else:
                self._tell(to_datetime(self._done_ms), due_ms, is_late=False)

    def _afterwards(self, now: datetime) -> None:
        """A turn of the loop."""
        if self._confirmed:
            found = afterwards(self.around(self._confirmed[0]) + self.around(now), self._confirmed, self._state, now)
            if found.step in (AfterwardsStep.NOTIFY, AfterwardsStep.NOTIFY_UNCONFIRMED):
                self._tell(now, self._state.taken_ms, is_late=True)

    def _tell(self, at: datetime, evidence_ms: int, *, is_late: bool) -> None:
        self.told.append(Told(_seconds(at), evidence_ms / 1000, is_late))
        self._confirmed = []


async def measure(monitors: int) -> Figures:
    """Notifications inside windows and outages missed after them in a year of so many monitors, by interval."""
    return {f"every_{interval}_s": _measure(max(1, monitors // 6), interval) for interval in INTERVALS}


def _measure(monitors: int, interval: int) -> Figures:
    chance = random.Random(22)  # noqa: S311 - a repeatable year
    inside = stale = missed = late = known = windows = 0
    waited: list[float] = []
    for _ in range(monitors):
        disturbances, times = year_of(chance), windows_of(chance)
        year = MaintainedYear(disturbances, chance, interval, times)
        year.run()
        found = mistakes(year, disturbances, interval)
        inside, stale, missed = inside + found.inside, stale + found.stale, missed + found.missed
        late += sum(one.is_late for one in year.told)
        known += len(year.told)
        windows += len(times)
        waited += [one.at - end for one in year.told if one.is_late for end in _last_end(year, one)]
    return {
        "monitors": monitors,
        "windows": windows,
        "notified": known,
        "notified_after_a_window": late,
        "notified_inside_a_window": inside,
        "notified_after_a_window_of_what_was_over": stale,
        "missed_after_a_window": missed,
        "seconds_from_the_end_of_a_window": spread(waited),
    }


class Mistakes(NamedTuple):
    """What must not happen: evidence from inside a window was notified, an outage that was over was notified after it,
    and one that lasted on was not.
    """

    inside: int
    stale: int
    missed: int


def mistakes(year: MaintainedYear, disturbances: Sequence[Disturbance], interval: int) -> Mistakes:
    real = [one for one in disturbances if one.ballot == "f"]
    inside = sum(_covered(year, one.evidence) is not None for one in year.told)
    stale = sum(
        one.is_late
        and not any(other.start <= one.evidence < other.end for other in disturbances if other.ballot != "w")
        for one in year.told
    )
    missed = 0
    for one in year.kept:
        end = _covered(year, one.evidence)
        lasting = (other for other in real if other.location is None and other.start <= one.evidence < other.end)
        missed += end is not None and any(other.end - end > 2 * interval + 60 for other in lasting)
    return Mistakes(inside, stale, missed)


def windows_of(chance: random.Random) -> list[WindowTime]:
    """The times of five windows in the year: daily, weekly, monthly and two single ones."""
    found: list[WindowTime] = []
    rules = (Frequency.DAILY, Frequency.WEEKLY, Frequency.MONTHLY, None, None)
    for number, frequency in enumerate(rules, 1):
        start = YEAR.replace(tzinfo=None) + timedelta(minutes=15 * chance.randrange(4 * 24 * (7 if frequency else 360)))
        length = timedelta(minutes=15 * chance.randrange(1, 12 if frequency is Frequency.DAILY else 4 * 48))
        rule = None if frequency is None else Recurrence(frequency)
        table = Timetable(ZoneInfo(chance.choice(ZONES)), start, start + length, rule)
        for one in occurrences(table, YEAR, YEAR + timedelta(seconds=YEAR_SECONDS)):
            to_at = None if one.to_at is None else one.to_at - _SHIFT
            found.append(WindowTime(number, one.from_at - _SHIFT, to_at, Effect.SILENCE))
    return found


def _covered(year: MaintainedYear, seconds: float) -> float | None:
    """Until when windows hold without a break at this second of the year; None when none does."""
    at = to_datetime(round(seconds * 1000))
    found = covering(year.around(at), at)
    return None if found is None or found.until is None else _seconds(found.until)


def _last_end(year: MaintainedYear, told: Told) -> list[float]:
    ends = [_seconds(one.to_at) for one in year.around(to_datetime(round(told.at * 1000))) if one.to_at is not None]
    return [max(end for end in ends if end <= told.at)] if any(end <= told.at for end in ends) else []


def _seconds(at: datetime) -> float:
    return to_ms(at) / 1000
