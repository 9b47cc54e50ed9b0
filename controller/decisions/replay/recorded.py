"""Stored results as a replay reads them, and what each location would have answered at a moment. Pure.

A check that was made is its own answer. One that today's policy never requested (a recheck, a location whose turn it
was not) is answered by the next check of that location, if there was one within an interval (of rotating locations:
within a turn of all). One that was requested and has no result stays missing.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from controller.decisions.evaluation.votes import CheckOutcome, Retry
from controller.decisions.schedule.rotation import at_once, locations_of_round, pool
from controller.decisions.schedule.rounds import due_after_ms
from controller.model import Location, ScheduledMonitor
from shared.wire.failures import Failure
from shared.wire.messages import ResultStatus
from shared.wire.rounds import Purpose

_SHORTEST_REACH_MS = 60_000


class RecordedCheck(msgspec.Struct, frozen=True, array_like=True):
    """A result as it was stored. `failure` is set when it failed; warnings open no incident and are left out."""

    due_ms: int
    location_id: int
    purpose: Purpose
    status: ResultStatus
    stored_ms: int
    failure: Failure | None = None


class Answers(NamedTuple):
    """What the locations answer at one moment. `ready_ms` is when the last answer was stored, `complete` whether every
    location has one.
    """

    outcomes: list[CheckOutcome]
    retries: list[Retry]
    noted_ms: int
    ready_ms: int
    complete: bool
    fails: bool


class Window(NamedTuple):
    """A time of which all results were read, with both ends."""

    from_ms: int
    to_ms: int


def reach_ms(monitor: ScheduledMonitor, locations: Sequence[Location]) -> int:
    """How much later a check may be that answers for one that was never made."""
    own, count = len(pool(monitor, locations)), at_once(monitor)
    turns = 1 if count is None or not own else -(-own // min(count, own))
    return max(_SHORTEST_REACH_MS, turns * monitor.interval_seconds * 1000)


class Recording:
    """The stored results of a monitor. `monitor` is as it was checked: under the policy that holds today. `windows` are
    the times that were read, in order; None is everything.
    """

    def __init__(
        self,
        monitor: ScheduledMonitor,
        locations: Sequence[Location],
        checks: Iterable[RecordedCheck],
        *,
        windows: Sequence[Window] | None = None,
        retries: bool = False,
    ) -> None:
        self._monitor = monitor
        self._windows = windows
        self._locations = locations
        self._retries = retries
        self._reach_ms = reach_ms(monitor, locations)
        self._exact: dict[tuple[int, int, Purpose], RecordedCheck] = {}
        self._of_location: dict[int, list[RecordedCheck]] = defaultdict(list)
        rounds, failing = set[int](), set[int]()
        for check in sorted(checks, key=lambda one: (one.due_ms, one.purpose)):
            self._exact[check.due_ms, check.location_id, check.purpose] = check
            self._of_location[check.location_id].append(check)
            if check.purpose is Purpose.SCHEDULED:
                rounds.add(check.due_ms)
            if check.status is ResultStatus.FAILURE:
                failing.add(check.due_ms)
        self._dues = {here: [one.due_ms for one in known] for here, known in self._of_location.items()}
        self.rounds = sorted(rounds)
        self._failing = sorted(failing)

    def covers(self, from_ms: int, to_ms: int) -> bool:
        """Whether everything between these moments was read."""
        if self._windows is None:
            return True
        place = bisect_right(self._windows, from_ms, key=lambda window: window.from_ms) - 1
        return place >= 0 and to_ms <= self._windows[place].to_ms

    def round_after(self, after_ms: int) -> int | None:
        """The next round that has a result."""
        place = bisect_right(self.rounds, after_ms)
        return self.rounds[place] if place < len(self.rounds) else None

    def suspect_round_after(self, after_ms: int) -> int | None:
        """The next round in which a location may fail: one of its answers can be a failed check."""
        due_ms = self.round_after(after_ms)
        while due_ms is not None:
            place = bisect_left(self._failing, due_ms)
            if place == len(self._failing):
                return None
            if self._failing[place] <= due_ms + self._reach_ms:
                return due_ms
            due_ms = self.round_after(self._failing[place] - self._reach_ms - 1)
        return None

    def answers(self, due_ms: int, purpose: Purpose, voters: Sequence[Location]) -> Answers:
        """What these locations answer in the round or recheck due then."""
        outcomes, retries = list[CheckOutcome](), list[Retry]()
        planned: set[int] | None = None
        for here in voters:
            check = self._exact.get((due_ms, here.id, purpose))
            if check is None and purpose is Purpose.SCHEDULED:
                if planned is None:
                    planned = {one.id for one in locations_of_round(self._monitor, self._locations, due_ms)}
                check = None if here.id in planned else self._next(here.id, due_ms)
            elif check is None:
                check = self._next(here.id, due_ms)
            if check is None:
                continue
            outcomes.append(_answer(check, due_ms))
            if self._retries and purpose is Purpose.SCHEDULED and check.status is ResultStatus.FAILURE:
                retries += self._retry(check)
        stored = [one.stored_ms for one in outcomes]
        again = [one.outcome.stored_ms for one in retries if one.outcome is not None]
        return Answers(
            outcomes,
            retries,
            noted_ms=min(stored, default=due_ms),
            ready_ms=max([*stored, *again], default=due_ms),
            complete=len(outcomes) == len(voters),
            fails=any(one.status is ResultStatus.FAILURE for one in outcomes),
        )

    def _next(self, location_id: int, due_ms: int) -> RecordedCheck | None:
        dues = self._dues.get(location_id, [])
        place = bisect_left(dues, due_ms)
        if place == len(dues) or dues[place] > due_ms + self._reach_ms:
            return None
        return self._of_location[location_id][place]

    def _retry(self, failed: RecordedCheck) -> list[Retry]:
        """The second try of a failed check: the location's first recheck before the next round."""
        dues = self._dues[failed.location_id]
        until_ms = due_after_ms(self._monitor, failed.due_ms)
        for place in range(bisect_right(dues, failed.due_ms), bisect_left(dues, until_ms)):
            check = self._of_location[failed.location_id][place]
            if check.purpose is Purpose.RECHECK:
                return [Retry(check.location_id, check.due_ms, _answer(check, check.due_ms))]
        return []


def _answer(check: RecordedCheck, due_ms: int) -> CheckOutcome:
    """As if the check had been due then; it takes as long as it took."""
    stored_ms = due_ms + check.stored_ms - check.due_ms
    return CheckOutcome(check.location_id, due_ms, check.status, check.failure, None, stored_ms)
