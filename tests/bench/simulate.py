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
from controller.decisions.evaluation.quorum import Ballot, Finding, Vote, count_votes
from controller.decisions.evaluation.state import ChangeKind, Evaluation, MonitorState, Severity, take
from controller.decisions.schedule.rounds import RECHECK_SECONDS
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from tests.bench.figures import Figures, spread

LOCATIONS = 5
INTERVAL_SECONDS = 60
TIMEOUT_SECONDS = 10
ANSWER_SECONDS = 0.5
YEAR_SECONDS = 365 * 24 * 3600
LOST = 0.005
"""The share of checks that fail although the server is well: packet loss beyond what TCP repairs."""

_OUTAGES = 20
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
    """False alarms and missed outages of a year, and seconds from the first failing check to the verdict."""
    chance = random.Random(6)  # noqa: S311 - a repeatable year
    false_down = false_partial = missed = unseen = long_outages = 0
    confirmed: list[float] = []
    regional: list[float] = []
    for _ in range(monitors):
        disturbances = _year(chance)
        alarms = list(_alarms(disturbances, chance))
        outages = [
            disturbance
            for disturbance in disturbances
            if disturbance.ballot == _FAILED and disturbance.location is None
        ]
        cut_off = [
            disturbance
            for disturbance in disturbances
            if disturbance.ballot == _FAILED and disturbance.location is not None
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
            if outage.end - outage.start <= 2 * INTERVAL_SECONDS:
                continue
            long_outages += 1
            since = _visible_since(outage, blind)
            if since is None:
                unseen += 1
                continue
            found = [alarm for alarm in down if _during(alarm, outage)]
            missed += not found
            confirmed += [alarm.confirmed - _first_round(since) for alarm in found[:1]]
        regional += [alarm.confirmed - alarm.first_failing for alarm in partial]
    return {
        "outages_longer_than_two_intervals": long_outages,
        "false_alarms": false_down,
        "false_regional_outages": false_partial,
        "missed_outages": missed,
        "outages_while_every_agent_was_dead": unseen,
        "seconds_to_confirm": spread(confirmed),
        "seconds_to_confirm_goal_p95": RECHECK_SECONDS + 2 * TIMEOUT_SECONDS + 2,
        "seconds_to_confirm_regional": spread(regional),
    }


def _year(chance: random.Random) -> list[Disturbance]:
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
    disturbances.append(_at(chance, 1800, None, _BLIND))
    return sorted(disturbances)


def _visible_since(outage: Disturbance, blind: Sequence[Disturbance]) -> float | None:
    """When an outage was first visible, or None if it was never visible for two intervals in a row."""
    since = outage.start
    for disturbance in blind:
        if disturbance.start - since > 2 * INTERVAL_SECONDS:
            break
        since = max(since, disturbance.end)
    return since if outage.end - since > 2 * INTERVAL_SECONDS else None


def _first_round(moment: float) -> float:
    return math.ceil(moment / INTERVAL_SECONDS) * INTERVAL_SECONDS


def _at(chance: random.Random, length: float, location: int | None, ballot: str) -> Disturbance:
    start = chance.uniform(0, YEAR_SECONDS - length)
    return Disturbance(start, start + length, location, ballot)


def _alarms(disturbances: list[Disturbance], chance: random.Random) -> Iterator[Alarm]:
    state = take(MonitorState(), _evaluation(0, 0.0, True, _PASSED * LOCATIONS), STANDARD).state
    number = 0
    while (number := _next(number + 1, state, disturbances, chance)) * INTERVAL_SECONDS < YEAR_SECONDS:
        due = float(number * INTERVAL_SECONDS)
        is_round = True
        while True:
            ballots = _ballots_at(due, disturbances, chance)
            step = take(state, _evaluation(number, due, is_round, ballots), STANDARD)
            state = step.state
            done = due + (TIMEOUT_SECONDS if _FAILED in ballots else ANSWER_SECONDS)
            for change in step.changes:
                if change.kind in (ChangeKind.OPENED, ChangeKind.ESCALATED):
                    yield Alarm(change.outage_started_ms / 1000, done, change.severity)
            due, is_round = done + RECHECK_SECONDS, False
            if not step.recheck or due >= (number + 1) * INTERVAL_SECONDS:
                break


def _next(number: int, state: MonitorState, disturbances: list[Disturbance], chance: random.Random) -> int:
    """The next round to evaluate: this one, or of a stable monitor the first with a lost check or in a disturbance."""
    if not state.stable:
        return number
    lost = number + int(math.log(1 - chance.random()) / (LOCATIONS * math.log(1 - LOST)))
    for disturbance in disturbances:
        if disturbance.end > number * INTERVAL_SECONDS:
            first = max(number, math.ceil(disturbance.start / INTERVAL_SECONDS))
            if first * INTERVAL_SECONDS < disturbance.end:
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


def _evaluation(number: int, due: float, is_round: bool, ballots: str) -> Evaluation:
    return Evaluation(int(due * 1000) + 1, number, is_round, LOCATIONS, _finding(ballots))


@cache
def _finding(ballots: str) -> Finding:
    return count_votes([Vote(n, str(n), str(n), *_BALLOTS[letter]) for n, letter in enumerate(ballots)], STANDARD)


def _during(alarm: Alarm, disturbance: Disturbance) -> bool:
    """Whether a disturbance explains an alarm: it was there at the verdict, or ended during that evaluation."""
    return disturbance.start < alarm.confirmed and alarm.first_failing <= disturbance.end
