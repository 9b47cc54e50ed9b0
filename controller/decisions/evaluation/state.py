"""From look to look: when an outage is believed, when it is over, and what becomes of the incident. Pure.

A look is what the locations of one round, or of a recheck of it, say together (decisions.verdict). Looks are taken in
the order of their due moments; one that comes after a later one was taken is history and changes nothing.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import msgspec

from controller.decisions.evaluation.policy import Policy
from controller.decisions.evaluation.quorum import Finding, Outcome

RECHECK_SECONDS = 10
PARTIAL_LOOKS = 6
"""In how many looks in a row one and the same location must fail before a regional outage is believed.

With a failed check in two hundred for no reason at all, four would still make one false regional outage in a year of
1,000 monitors at five locations each minute; six make one in 20,000 years.
"""
EASED_LOOKS = 2
FLAPPING_CHANGES = 4
FLAPPING_ROUNDS = 10
_CALM_CHANGES = 2


class VerdictKind(StrEnum):
    UP = "up"
    DEGRADED = "degraded"
    PARTIAL = "partial"
    DOWN = "down"
    UNKNOWN = "unknown"


class Severity(StrEnum):
    PARTIAL = "partial"
    DOWN = "down"


class ChangeKind(StrEnum):
    """What happened to an incident by itself. People's own changes are acknowledged, commented and resolved."""

    OPENED = "opened"
    ESCALATED = "escalated"  # partial became down
    EASED = "eased"  # down became partial
    FLAPPING = "flapping"  # held open, because it comes and goes
    RESOLVED = "resolved"


class Standing(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What is remembered of a monitor between looks. Moments are epoch milliseconds.

    `failing_looks`, `good_looks` and `partly_looks` count looks in a row; `by_location` those in a row in which a
    location failed. `changes` are the numbers of the latest rounds in which the verdict went from good to bad or back.
    """

    verdict: VerdictKind = VerdictKind.UNKNOWN
    reason: str = ""
    since_ms: int = 0
    taken_ms: int = 0
    failing_looks: int = 0
    failing_rounds: int = 0
    good_looks: int = 0
    partly_looks: int = 0
    by_location: dict[int, int] = {}
    first_failing_ms: int | None = None
    changes: list[int] = []
    severity: Severity | None = None
    flapping: bool = False

    @property
    def at_rest(self) -> bool:
        """Whether a passing look would change nothing, so that nobody need take it."""
        return (
            self.verdict is VerdictKind.UP and self.severity is None and not self.failing_looks and not self.by_location
        )


class Look(NamedTuple):
    """What was found at `due_ms`, in the round of that number or in a recheck of it, by so many voters."""

    due_ms: int
    round_number: int
    is_round: bool
    voters: int
    finding: Finding


class Change(NamedTuple):
    """A row of an incident's timeline. `outage_started_ms` is the first failing check's round."""

    kind: ChangeKind
    severity: Severity
    reason: str
    outage_started_ms: int


class Step(NamedTuple):
    """What a look leads to: the new standing, changes of the incident in order, and whether to look again soon."""

    standing: Standing
    changes: tuple[Change, ...] = ()
    recheck: bool = False


_GOOD = frozenset({VerdictKind.UP, VerdictKind.DEGRADED})
_BAD = frozenset({VerdictKind.PARTIAL, VerdictKind.DOWN})


def take(standing: Standing, look: Look, policy: Policy) -> Step:
    """Take a look whose votes are all there or will not come any more."""
    if look.due_ms <= standing.taken_ms:
        return Step(standing)
    counted = _counted(standing, look)
    verdict = _verdict(counted, look, policy)
    if verdict is not standing.verdict:
        counted = msgspec.structs.replace(counted, verdict=verdict, since_ms=look.due_ms)
    counted = msgspec.structs.replace(
        counted, reason=look.finding.reason, changes=_changes(standing, counted, look.round_number)
    )
    ended, changes = _incident(counted, look, policy)
    return Step(ended, changes, _look_again(ended, look, policy))


def closed_by_hand(standing: Standing) -> Standing:
    """A person resolved the incident: what is failing must be confirmed anew before it opens another."""
    return msgspec.structs.replace(
        standing,
        verdict=VerdictKind.UP if standing.verdict in _BAD else standing.verdict,
        severity=None,
        flapping=False,
        failing_looks=0,
        failing_rounds=0,
        by_location={},
        changes=[],
        first_failing_ms=None,
    )


def _counted(standing: Standing, look: Look) -> Standing:
    """An undecided look neither confirms nor clears anything; it only counts the locations that failed."""
    found = look.finding
    cleared = found.passing | found.disliked
    by_location = {here: count for here, count in standing.by_location.items() if here not in cleared}
    for here in found.failing:
        by_location[here] = by_location.get(here, 0) + 1
    common = msgspec.structs.replace(standing, taken_ms=look.due_ms, by_location=by_location)
    first = standing.first_failing_ms
    if found.failing:
        first = look.due_ms if first is None else first
    elif found.outcome is not Outcome.UNDECIDED and standing.verdict not in _BAD:
        first = None
    common = msgspec.structs.replace(common, first_failing_ms=first)
    match found.outcome:
        case Outcome.UNDECIDED:
            return common
        case Outcome.FAILING:
            return msgspec.structs.replace(
                common,
                failing_looks=standing.failing_looks + 1,
                failing_rounds=standing.failing_rounds + look.is_round,
                good_looks=0,
                partly_looks=0,
            )
        case Outcome.PARTLY_FAILING:
            return msgspec.structs.replace(
                common, failing_looks=0, failing_rounds=0, good_looks=0, partly_looks=standing.partly_looks + 1
            )
        case _:
            return msgspec.structs.replace(
                common, failing_looks=0, failing_rounds=0, good_looks=standing.good_looks + 1, partly_looks=0
            )


def _verdict(counted: Standing, look: Look, policy: Policy) -> VerdictKind:
    """Bad verdicts are left and entered only when confirmed; everything else shows at once.

    While an incident is only held open by its flapping, the verdict is good and an outage is confirmed anew.
    """
    before = counted.verdict
    believed = None if before in _GOOD else counted.severity
    match look.finding.outcome:
        case Outcome.UNDECIDED:
            return VerdictKind.UNKNOWN
        case Outcome.FAILING:
            confirmed = believed is Severity.DOWN or _is_confirmed(counted, look, policy)
            return VerdictKind.DOWN if confirmed else before
        case Outcome.PARTLY_FAILING:
            if believed is Severity.DOWN and counted.partly_looks < EASED_LOOKS:
                return VerdictKind.DOWN
            longest = max(counted.by_location[here] for here in look.finding.failing)
            if believed or longest >= PARTIAL_LOOKS:
                return VerdictKind.PARTIAL
            return VerdictKind.UP if before is VerdictKind.UNKNOWN else before
        case outcome:
            if believed and counted.good_looks < policy.recovery_rounds:
                return VerdictKind(believed.value)
            return VerdictKind.DEGRADED if outcome is Outcome.WARNING else VerdictKind.UP


def _is_confirmed(counted: Standing, look: Look, policy: Policy) -> bool:
    """Rechecks between rounds that could not be decided do not make up for rounds that are asked for."""
    rounds = policy.consecutive_rounds
    return counted.failing_looks >= _needed(look, policy) and (rounds == 1 or counted.failing_rounds >= rounds)


def _needed(look: Look, policy: Policy) -> int:
    return policy.consecutive_rounds + policy.rechecks_with(look.voters)


def _changes(before: Standing, after: Standing, round_number: int) -> list[int]:
    # With another interval rounds are numbered anew: numbers of before mean nothing then.
    recent = [number for number in before.changes if 0 <= round_number - number < FLAPPING_ROUNDS]
    was_bad = before.severity is not None and before.verdict not in _GOOD
    turned = (after.verdict in _BAD and not was_bad) or (after.verdict in _GOOD and before.verdict in _BAD)
    return [*recent, round_number] if turned else recent


def _incident(standing: Standing, look: Look, policy: Policy) -> tuple[Standing, tuple[Change, ...]]:
    severity, changes = standing.severity, list[ChangeKind]()
    match standing.verdict:
        case VerdictKind.DOWN if severity is not Severity.DOWN:
            changes.append(ChangeKind.OPENED if severity is None else ChangeKind.ESCALATED)
            severity = Severity.DOWN
        case VerdictKind.PARTIAL if severity is not Severity.PARTIAL:
            changes.append(ChangeKind.OPENED if severity is None else ChangeKind.EASED)
            severity = Severity.PARTIAL
    flapping = standing.flapping
    if severity is not None and not flapping and len(standing.changes) > FLAPPING_CHANGES:
        flapping = True
        changes.append(ChangeKind.FLAPPING)
    held = flapping and len(standing.changes) > _CALM_CHANGES
    told = severity
    recovered = standing.verdict in _GOOD and standing.good_looks >= policy.recovery_rounds
    if severity is not None and recovered and not held:
        changes.append(ChangeKind.RESOLVED)
        severity, flapping = None, False
    started = standing.first_failing_ms if standing.first_failing_ms is not None else look.due_ms
    rows = tuple(Change(kind, told, look.finding.reason, started) for kind in changes if told is not None)
    ended = msgspec.structs.replace(standing, severity=severity, flapping=flapping)
    if severity is None and standing.verdict in _GOOD and not look.finding.failing:
        ended = msgspec.structs.replace(ended, first_failing_ms=None)
    return ended, rows


def _look_again(standing: Standing, look: Look, policy: Policy) -> bool:
    """Soon, before the next round: while an outage is suspected, not when it is known or cannot be decided."""
    found = look.finding
    if found.outcome is Outcome.FAILING:
        return (
            standing.verdict is not VerdictKind.DOWN
            and standing.failing_rounds >= policy.consecutive_rounds
            and standing.failing_looks < _needed(look, policy)
        )
    if found.outcome is Outcome.PARTLY_FAILING:
        return look.is_round and (
            standing.severity is Severity.DOWN or (standing.severity is None and policy.rechecks_with(look.voters) > 0)
        )
    return look.is_round and bool(found.failing)
