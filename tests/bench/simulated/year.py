"""A simulated year of many monitors at five locations, with all kinds of disturbances: how right the verdicts are.

There is no network and no database. Each round in which something fails is evaluated by
`controller.decisions.evaluation` as in the product, with rechecks. The others are skipped, because they change nothing.
"""

from __future__ import annotations

import math
import random  # noqa: TID251 - chance is what is simulated
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from controller.decisions.evaluation.policy import STANDARD
from controller.decisions.evaluation.quorum import Ballot, Finding, Vote, count_rechecked, count_votes
from controller.decisions.evaluation.regional import SHORTEST_SECONDS, LatestRound, RegionalRecheck
from controller.decisions.evaluation.regional_rechecks import follow_up, take_recheck
from controller.decisions.evaluation.state import ChangeKind, Evaluation, MonitorState, Severity, Step, take
from controller.decisions.schedule.rounds import RECHECK_SECONDS
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from tests.bench.figures import Figures, spread

LOCATIONS = 5
INTERVALS = (10, 60, 300, 3600)
TIMEOUT_SECONDS = 10
ANSWER_SECONDS = 0.5
YEAR_SECONDS = 365 * 24 * 3600
LOST = 0.005
"""The share of checks that fail although the server is well: packet loss beyond what TCP repairs."""

_MINUTE = 60
_OUTAGES = 20
_BURSTS = 30
"""Failures at one location, each shorter than a minute."""
_APART = 3600.0

_TIMEOUT = Failure(kind=FailureKind.TIMEOUT, source=FailureSource.TARGET, phase=Phase.CONNECT)
_GREYLISTED = Failure(kind=FailureKind.TEMPORARY_REFUSAL, source=FailureSource.TARGET, phase=Phase.GREETING)
_PASSED, _WARNED, _REFUSED, _FAILED, _BLIND = "pwgfb"  # a later ballot hides an earlier one
_BALLOTS: dict[str, tuple[Ballot, Failure | None, str]] = {
    _PASSED: (Ballot.PASSED, None, ""),
    _WARNED: (Ballot.WARNED, None, "slow"),
    _REFUSED: (Ballot.FAILED, _GREYLISTED, ""),
    _FAILED: (Ballot.FAILED, _TIMEOUT, ""),
    _BLIND: (Ballot.BLIND, None, ""),
}


class Disturbance(NamedTuple):
    """A location votes `ballot` from `start` to `end` (seconds); if `location` is None, all locations do."""

    start: float
    end: float
    location: int | None
    ballot: str


class Alarm(NamedTuple):
    """A confirmed outage: the times of the first failing round and of the verdict, in seconds."""

    first_failing: float
    confirmed: float
    severity: Severity


async def measure(monitors: int) -> Figures:
    """False alarms and missed outages of a year, and seconds from the first failing check to the verdict, by interval.
    With the shortest interval, a sixth of the monitors makes as many rounds as all of them do in a minute.
    """
    return {
        f"every_{interval}_s": _measure(max(1, monitors // 6) if interval < _MINUTE else monitors, interval)
        for interval in INTERVALS
    }


def _measure(monitors: int, interval: int) -> Figures:
    chance = random.Random(6)  # noqa: S311 - a repeatable year
    false_down = false_partial = missed = unseen = long_outages = 0
    confirmed: list[float] = []
    regional: list[float] = []
    for _ in range(monitors):
        disturbances = year_of(chance)
        alarms = list(Year(disturbances, chance, interval).alarms())
        failing = [disturbance for disturbance in disturbances if disturbance.ballot == _FAILED]
        outages = [disturbance for disturbance in failing if disturbance.location is None]
        cut_off = [
            disturbance
            for disturbance in failing
            if disturbance.location is not None and disturbance.end - disturbance.start >= SHORTEST_SECONDS
        ]
        blind = [
            disturbance for disturbance in disturbances if disturbance.ballot == _BLIND and disturbance.location is None
        ]
        down = [alarm for alarm in alarms if alarm.severity is Severity.DOWN]
        partial = [alarm for alarm in alarms if alarm.severity is Severity.PARTIAL]
        false_down += sum(not any(_during(alarm, outage) for outage in outages) for alarm in down)
        false_partial += sum(
            not any(_during(alarm, disturbance) for disturbance in (*outages, *cut_off)) for alarm in partial
        )
        for outage in outages:
            if outage.end - outage.start <= 2 * interval:
                continue
            long_outages += 1
            since = _visible_since(outage, blind, interval)
            if since is None:
                unseen += 1
                continue
            found = [alarm for alarm in down if _during(alarm, outage)]
            missed += not found
            confirmed += [alarm.confirmed - math.ceil(since / interval) * interval for alarm in found[:1]]
        regional += [alarm.confirmed - alarm.first_failing for alarm in partial]
    return {
        "monitors": monitors,
        "outages_longer_than_two_intervals": long_outages,
        "false_alarms": false_down,
        "false_regional_outages": false_partial,
        "missed_outages": missed,
        "outages_while_every_agent_was_dead": unseen,
        "seconds_to_confirm": spread(confirmed),
        "seconds_to_confirm_goal_p95": RECHECK_SECONDS + 2 * TIMEOUT_SECONDS + 2,
        "regional_outages": len(regional),
        "seconds_to_confirm_regional": spread(regional),
        "seconds_to_confirm_regional_goal": SHORTEST_SECONDS + TIMEOUT_SECONDS + 2,
    }


def year_of(chance: random.Random) -> list[Disturbance]:
    """All disturbances of one monitor, by their start; outages last 30 s to 6 h, and short ones are more frequent."""
    disturbances: list[Disturbance] = []
    while len(disturbances) < _OUTAGES:
        length = math.exp(chance.uniform(math.log(30), math.log(6 * 3600)))
        outage = _at(chance, length, None, _FAILED)
        if all(outage.start > other.end + _APART or other.start > outage.end + _APART for other in disturbances):
            disturbances.append(outage)
    for _ in range(6):
        disturbances.append(_at(chance, chance.uniform(600, 4 * 3600), chance.randrange(LOCATIONS), _FAILED))
        disturbances.append(_at(chance, chance.uniform(600, 12 * 3600), chance.randrange(LOCATIONS), _BLIND))
        disturbances.append(_at(chance, chance.uniform(600, 24 * 3600), chance.randrange(LOCATIONS), _REFUSED))
        disturbances.append(_at(chance, chance.uniform(600, 4 * 3600), None, _WARNED))
    disturbances += [_at(chance, chance.uniform(1, 45), chance.randrange(LOCATIONS), _FAILED) for _ in range(_BURSTS)]
    disturbances.append(_at(chance, 1800, None, _BLIND))
    return sorted(disturbances)


def _visible_since(outage: Disturbance, blind: Sequence[Disturbance], interval: int) -> float | None:
    """When an outage was first visible, or None if it was never visible for two intervals in a row."""
    since = outage.start
    for disturbance in blind:
        if disturbance.start - since > 2 * interval:
            break
        since = max(since, disturbance.end)
    return since if outage.end - since > 2 * interval else None


def _at(chance: random.Random, length: float, location: int | None, ballot: str) -> Disturbance:
    start = chance.uniform(0, YEAR_SECONDS - length)
    return Disturbance(start, start + length, location, ballot)


class Year:
    """A year of one monitor. Rounds and rechecks are evaluated in the order of their due moments, each when all its
    checks have ended, and rechecks are planned as in the product.
    """

    def __init__(self, disturbances: list[Disturbance], chance: random.Random, interval: int) -> None:
        self._disturbances = disturbances
        self._chance = chance
        self._interval_ms = interval * 1000
        self._state = take(MonitorState(), _evaluation(1, 0, True, _PASSED * LOCATIONS), STANDARD).state
        self._regional: dict[int, RegionalRecheck] = {}
        self._recheck_ms: int | None = None
        self._done_ms = 0

    @property
    def done_ms(self) -> int:
        """When the checks of the latest evaluation had ended."""
        return self._done_ms

    def alarms(self) -> Iterator[Alarm]:
        for _, step in self.steps():
            for change in step.changes:
                if change.kind in (ChangeKind.OPENED, ChangeKind.ESCALATED):
                    yield Alarm(change.outage_started_ms / 1000, self._done_ms / 1000, change.severity)

    def steps(self) -> Iterator[tuple[int, Step]]:
        """The due moment of each evaluation, in milliseconds, and what it changed."""
        number = self._next_round(1)
        while (due_ms := min(self._coming(number))) < YEAR_SECONDS * 1000:
            is_round = due_ms == number * self._interval_ms
            yield due_ms, self._evaluate(due_ms, due_ms // self._interval_ms, is_round=is_round)
            if is_round:
                number = self._next_round(number + 1)

    def _coming(self, number: int) -> Iterator[int]:
        yield number * self._interval_ms
        yield from self._regional
        if self._recheck_ms is not None:
            yield self._recheck_ms

    def _evaluate(self, due_ms: int, number: int, *, is_round: bool) -> Step:
        ballots = _ballots_at(due_ms / 1000, self._disturbances, self._chance)
        regional = self._regional.pop(due_ms, None)
        if due_ms == self._recheck_ms:
            self._recheck_ms = None
        if regional is None or regional.everywhere:
            evaluation = _evaluation(due_ms, number, is_round, ballots)
            step = take(self._state, evaluation, STANDARD)
        else:
            ballots = "".join(ballots[here] for here in regional.location_ids)
            evaluation = _evaluation_of_some(due_ms, number, tuple(regional.location_ids), ballots)
            step = take_recheck(self._state, evaluation)
        seconds = TIMEOUT_SECONDS if _FAILED in ballots else ANSWER_SECONDS
        self._done_ms = max(self._done_ms, due_ms + int(seconds * 1000))
        self._state = follow_up(step.state, evaluation, STANDARD, self._done_ms, self._latest_round)
        for recheck in self._state.rechecks:
            if not recheck.withdrawn:
                self._regional[recheck.due_ms] = recheck
            elif recheck.due_ms > self._done_ms:
                self._regional.pop(recheck.due_ms, None)
        again_ms = self._done_ms + RECHECK_SECONDS * 1000
        if step.recheck and again_ms < (number + 1) * self._interval_ms:
            self._recheck_ms = again_ms
        return step

    def _latest_round(self, until_ms: int) -> LatestRound:
        return LatestRound(until_ms // self._interval_ms * self._interval_ms, True)

    def _next_round(self, number: int) -> int:
        """The next round to evaluate: this one, or of a stable monitor the first with a lost check or in a
        disturbance.
        """
        if not self._state.stable:
            return number
        seconds = self._interval_ms / 1000
        lost = number + int(math.log(1 - self._chance.random()) / (LOCATIONS * math.log(1 - LOST)))
        for disturbance in self._disturbances:
            if disturbance.end > number * seconds:
                first = max(number, math.ceil(disturbance.start / seconds))
                if first * seconds < disturbance.end:
                    return min(lost, first)
        return lost


def _ballots_at(moment: float, disturbances: list[Disturbance], chance: random.Random) -> str:
    """The ballots of a round or recheck, one letter for each location."""
    ballots = [_PASSED] * LOCATIONS
    current = [disturbance for disturbance in disturbances if disturbance.start <= moment < disturbance.end]
    for letter in _BALLOTS if current else ():
        for disturbance in current:
            if disturbance.ballot == letter:
                for location in range(LOCATIONS) if disturbance.location is None else (disturbance.location,):
                    ballots[location] = letter
    return "".join(_FAILED if letter != _BLIND and chance.random() < LOST else letter for letter in ballots)


def _evaluation(due_ms: int, number: int, is_round: bool, ballots: str) -> Evaluation:
    return Evaluation(due_ms, number, is_round, LOCATIONS, _finding(ballots))


def _evaluation_of_some(due_ms: int, number: int, asked: tuple[int, ...], ballots: str) -> Evaluation:
    return Evaluation(due_ms, number, False, LOCATIONS, _finding_of_some(asked, ballots), whole=False)


@cache
def _finding(ballots: str) -> Finding:
    return count_votes([_vote(n, letter) for n, letter in enumerate(ballots)], STANDARD)


@cache
def _finding_of_some(asked: tuple[int, ...], ballots: str) -> Finding:
    return count_rechecked([_vote(n, letter) for n, letter in zip(asked, ballots, strict=True)], LOCATIONS)


def _vote(number: int, letter: str) -> Vote:
    return Vote(number, str(number), str(number), *_BALLOTS[letter])


def _during(alarm: Alarm, disturbance: Disturbance) -> bool:
    """Whether a disturbance explains an alarm: it was there at the verdict, or ended during that evaluation."""
    return disturbance.start < alarm.confirmed and alarm.first_failing <= disturbance.end
