"""A year of many monitors at five locations, with troubles of every kind: what the verdict makes of it.

No network and no database: each round in which something fails goes through `decisions.verdict` and
`decisions.incident` as in the product, with rechecks; the others pass by unjudged, since they change nothing.
"""

from __future__ import annotations

import math
import random  # noqa: TID251 - chance is what is simulated
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from controller.decisions.evaluation.policy import STANDARD
from controller.decisions.evaluation.quorum import Ballot, Finding, Vote, look_at
from controller.decisions.evaluation.state import RECHECK_SECONDS, ChangeKind, Look, Severity, Standing, take
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from tests.bench.figures import Figures, spread

LOCATIONS = 5
INTERVAL_SECONDS = 60
TIMEOUT_SECONDS = 10
ANSWER_SECONDS = 0.5
YEAR_SECONDS = 365 * 24 * 3600
LOST = 0.005
"""The share of checks that fail for no reason of the server's: lost packets beyond what TCP mends."""

_OUTAGES = 20
_APART = 3600.0

_TIMEOUT = Failure(kind=FailureKind.TIMEOUT, source=FailureSource.TARGET, phase=Phase.CONNECT)
_GREYLISTED = Failure(kind=FailureKind.TEMPORARY_REFUSAL, source=FailureSource.TARGET, phase=Phase.GREETING)
_PASSED, _WARNED, _REFUSED, _FAILED, _BLIND = "pwgfb"  # the later one hides the former
_SAYS: dict[str, tuple[Ballot, Failure | None, str]] = {
    _PASSED: (Ballot.PASSED, None, ""),
    _WARNED: (Ballot.WARNED, None, "slow"),
    _REFUSED: (Ballot.FAILED, _GREYLISTED, ""),
    _FAILED: (Ballot.FAILED, _TIMEOUT, ""),
    _BLIND: (Ballot.BLIND, None, ""),
}


class Trouble(NamedTuple):
    """From a moment to another, seconds; `location` None is all of them. `says` is what a location says meanwhile."""

    start: float
    end: float
    location: int | None
    says: str


class Told(NamedTuple):
    """An outage that was confirmed: the first failing round and the moment of the verdict, seconds."""

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
        troubles = _year(chance)
        told = list(_watch(troubles, chance))
        outages = [trouble for trouble in troubles if trouble.says == _FAILED and trouble.location is None]
        cut_off = [trouble for trouble in troubles if trouble.says == _FAILED and trouble.location is not None]
        blind = [trouble for trouble in troubles if trouble.says == _BLIND and trouble.location is None]
        down = [alarm for alarm in told if alarm.severity is Severity.DOWN]
        partial = [alarm for alarm in told if alarm.severity is Severity.PARTIAL]
        false_down += sum(not any(_during(alarm, outage) for outage in outages) for alarm in down)
        false_partial += sum(not any(_during(alarm, trouble) for trouble in (*outages, *cut_off)) for alarm in partial)
        for outage in outages:
            if outage.end - outage.start <= 2 * INTERVAL_SECONDS:
                continue
            long_outages += 1
            since = _seen_since(outage, blind)
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


def _year(chance: random.Random) -> list[Trouble]:
    """What goes wrong with one monitor, in order of beginning; outages of 30 s to 6 h, short ones the more."""
    troubles: list[Trouble] = []
    while len(troubles) < _OUTAGES:
        length = math.exp(chance.uniform(math.log(30), math.log(6 * 3600)))
        outage = _at(chance, length, None, _FAILED)
        if all(outage.start > other.end + _APART or other.start > outage.end + _APART for other in troubles):
            troubles.append(outage)
    for _ in range(6):
        troubles.append(_at(chance, chance.uniform(600, 4 * 3600), chance.randrange(LOCATIONS), _FAILED))
        troubles.append(_at(chance, chance.uniform(600, 12 * 3600), chance.randrange(LOCATIONS), _BLIND))
        troubles.append(_at(chance, chance.uniform(600, 24 * 3600), chance.randrange(LOCATIONS), _REFUSED))
        troubles.append(_at(chance, chance.uniform(600, 4 * 3600), None, _WARNED))
    troubles.append(_at(chance, 1800, None, _BLIND))
    return sorted(troubles)


def _seen_since(outage: Trouble, blind: Sequence[Trouble]) -> float | None:
    """When an outage could be seen first; None when for two intervals on end it never could."""
    since = outage.start
    for trouble in blind:
        if trouble.start - since > 2 * INTERVAL_SECONDS:
            break
        since = max(since, trouble.end)
    return since if outage.end - since > 2 * INTERVAL_SECONDS else None


def _first_round(moment: float) -> float:
    return math.ceil(moment / INTERVAL_SECONDS) * INTERVAL_SECONDS


def _at(chance: random.Random, length: float, location: int | None, says: str) -> Trouble:
    start = chance.uniform(0, YEAR_SECONDS - length)
    return Trouble(start, start + length, location, says)


def _watch(troubles: list[Trouble], chance: random.Random) -> Iterator[Told]:
    standing = take(Standing(), _look(0, 0.0, True, _PASSED * LOCATIONS), STANDARD).standing
    number = 0
    while (number := _next(number + 1, standing, troubles, chance)) * INTERVAL_SECONDS < YEAR_SECONDS:
        due = float(number * INTERVAL_SECONDS)
        is_round = True
        while True:
            said = _said(due, troubles, chance)
            step = take(standing, _look(number, due, is_round, said), STANDARD)
            standing = step.standing
            done = due + (TIMEOUT_SECONDS if _FAILED in said else ANSWER_SECONDS)
            for change in step.changes:
                if change.kind in (ChangeKind.OPENED, ChangeKind.ESCALATED):
                    yield Told(change.outage_started_ms / 1000, done, change.severity)
            due, is_round = done + RECHECK_SECONDS, False
            if not step.recheck or due >= (number + 1) * INTERVAL_SECONDS:
                break


def _next(number: int, standing: Standing, troubles: list[Trouble], chance: random.Random) -> int:
    """The next round worth judging: this one, or when all is well the first with a lost check or within a trouble."""
    if not standing.at_rest:
        return number
    lost = number + int(math.log(1 - chance.random()) / (LOCATIONS * math.log(1 - LOST)))
    for trouble in troubles:
        if trouble.end > number * INTERVAL_SECONDS:
            first = max(number, math.ceil(trouble.start / INTERVAL_SECONDS))
            if first * INTERVAL_SECONDS < trouble.end:
                return min(lost, first)
    return lost


def _said(moment: float, troubles: list[Trouble], chance: random.Random) -> str:
    """A letter for each location."""
    said = [_PASSED] * LOCATIONS
    here = [trouble for trouble in troubles if trouble.start <= moment < trouble.end]
    for letter in _SAYS if here else ():
        for trouble in here:
            if trouble.says == letter:
                for location in range(LOCATIONS) if trouble.location is None else (trouble.location,):
                    said[location] = letter
    return "".join(_FAILED if letter != _BLIND and chance.random() < LOST else letter for letter in said)


def _look(number: int, due: float, is_round: bool, said: str) -> Look:
    return Look(int(due * 1000) + 1, number, is_round, LOCATIONS, _found(said))


@cache
def _found(said: str) -> Finding:
    return look_at([Vote(n, str(n), str(n), *_SAYS[letter]) for n, letter in enumerate(said)], STANDARD)


def _during(alarm: Told, trouble: Trouble) -> bool:
    """Whether a trouble explains an alarm: it was there when the alarm was raised, or ended within that look."""
    return trouble.start < alarm.confirmed and alarm.first_failing <= trouble.end
