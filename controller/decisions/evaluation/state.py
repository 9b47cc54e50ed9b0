"""Decides from one evaluation to the next when an outage is confirmed or over, and how the incident changes. Pure.

An evaluation combines the votes of the locations in one round, or in a recheck of it (decisions.evaluation.quorum).
Evaluations are taken in the order of their due moments; one that comes after a later one was taken changes nothing.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import msgspec

from controller.decisions.evaluation import regional
from controller.decisions.evaluation.policy import Policy
from controller.decisions.evaluation.quorum import Finding, Outcome
from controller.decisions.evaluation.regional import Failures, RegionalRecheck

EASED_EVALUATIONS = 2
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
    """Changes that an incident makes by itself. Those that people make are acknowledged, commented and resolved."""

    OPENED = "opened"
    ESCALATED = "escalated"  # partial became down
    EASED = "eased"  # down became partial
    FLAPPING = "flapping"  # held open, because the outage comes and goes
    RESOLVED = "resolved"


class MonitorState(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What is remembered of a monitor between evaluations. Moments are epoch milliseconds.

    `failing_evaluations`, `good_evaluations` and `partly_evaluations` count evaluations in a row; `by_location` counts,
    for each location, the evaluations in a row in which it failed, the first of them due at `failing_since_ms`.
    `changes` are the numbers of the latest rounds in which the verdict went from good to bad or back. `rechecks` are
    those that may confirm a regional outage, as far as their evaluations may still come.
    """

    verdict: VerdictKind = VerdictKind.UNKNOWN
    reason: str = ""
    since_ms: int = 0
    taken_ms: int = 0
    failing_evaluations: int = 0
    failing_rounds: int = 0
    good_evaluations: int = 0
    partly_evaluations: int = 0
    by_location: dict[int, int] = {}
    failing_since_ms: dict[int, int] = {}
    rechecks: list[RegionalRecheck] = []
    first_failing_ms: int | None = None
    changes: list[int] = []
    severity: Severity | None = None
    flapping: bool = False

    @property
    def stable(self) -> bool:
        """Whether a passing evaluation would change nothing, so that it need not be taken."""
        return (
            self.verdict is VerdictKind.UP
            and self.severity is None
            and not self.failing_evaluations
            and not self.by_location
        )

    @property
    def failures(self) -> Failures:
        return Failures(self.by_location, self.failing_since_ms)


class Evaluation(NamedTuple):
    """The finding at `due_ms`, in the round of that number or in a recheck of it, by so many voters. It is not `whole`
    when only those that failed before were asked again. Locations that are `absent` take no part in it or are blind,
    and failed so often before that this is a regional outage. `intercepted`: where it passes, somebody in between may
    read along, so it is partly failing all the same.
    """

    due_ms: int
    round_number: int
    is_round: bool
    voters: int
    finding: Finding
    whole: bool = True
    absent: frozenset[int] = frozenset()
    intercepted: bool = False


class IncidentChange(NamedTuple):
    """A row of an incident's timeline. `outage_started_ms` is the first failing check's round."""

    kind: ChangeKind
    severity: Severity
    reason: str
    outage_started_ms: int


class Step(NamedTuple):
    """The result of an evaluation: the new state, changes of the incident in order, and whether to recheck soon."""

    state: MonitorState
    changes: tuple[IncidentChange, ...] = ()
    recheck: bool = False


_GOOD = frozenset({VerdictKind.UP, VerdictKind.DEGRADED})
_BAD = frozenset({VerdictKind.PARTIAL, VerdictKind.DOWN})


def take(state: MonitorState, evaluation: Evaluation, policy: Policy) -> Step:
    """Apply an evaluation whose votes have all arrived or can no longer arrive."""
    if evaluation.due_ms <= state.taken_ms:
        return Step(state)
    counted = _counted(state, evaluation)
    verdict = _verdict(counted, evaluation, policy)
    if verdict is not state.verdict or not state.since_ms:
        counted = msgspec.structs.replace(counted, verdict=verdict, since_ms=evaluation.due_ms)
    counted = msgspec.structs.replace(
        counted, reason=evaluation.finding.reason, changes=_changes(state, counted, evaluation.round_number)
    )
    ended, changes = _incident(counted, evaluation, policy)
    return Step(ended, changes, _needs_recheck(ended, evaluation, policy))


def closed_by_hand(state: MonitorState) -> MonitorState:
    """The state after a person resolved the incident: failures must be confirmed anew before they open another one."""
    return msgspec.structs.replace(
        state,
        verdict=VerdictKind.UP if state.verdict in _BAD else state.verdict,
        severity=None,
        flapping=False,
        failing_evaluations=0,
        failing_rounds=0,
        by_location={},
        failing_since_ms={},
        rechecks=[recheck.withdraw() for recheck in state.rechecks],
        changes=[],
        first_failing_ms=None,
    )


def not_checked(state: MonitorState, reason: str, now_ms: int) -> MonitorState:
    """The state of a monitor that no location can check since now, for this reason."""
    was_unknown = state.verdict is VerdictKind.UNKNOWN and state.since_ms
    return msgspec.structs.replace(
        state,
        verdict=VerdictKind.UNKNOWN,
        reason=reason,
        since_ms=state.since_ms if was_unknown else now_ms,
        taken_ms=state.taken_ms or now_ms,
    )


def _counted(state: MonitorState, evaluation: Evaluation) -> MonitorState:
    """An undecided evaluation neither confirms nor clears anything; it only counts the locations that failed."""
    found = evaluation.finding
    failures = regional.counted_failures(state.failures, found, evaluation.due_ms)
    common = msgspec.structs.replace(
        state, taken_ms=evaluation.due_ms, by_location=failures.in_a_row, failing_since_ms=failures.since_ms
    )
    first = state.first_failing_ms
    if found.failing:
        first = evaluation.due_ms if first is None else first
    elif found.outcome is not Outcome.UNDECIDED and state.verdict not in _BAD:
        first = None
    common = msgspec.structs.replace(common, first_failing_ms=first)
    if found.outcome is Outcome.UNDECIDED:
        return common
    failing, partly = found.outcome is Outcome.FAILING, found.outcome is Outcome.PARTLY_FAILING
    return msgspec.structs.replace(
        common,
        failing_evaluations=state.failing_evaluations + 1 if failing else 0,
        failing_rounds=state.failing_rounds + evaluation.is_round if failing else 0,
        good_evaluations=0 if failing or partly else state.good_evaluations + 1,
        partly_evaluations=state.partly_evaluations + 1 if partly else 0,
    )


def _verdict(counted: MonitorState, evaluation: Evaluation, policy: Policy) -> VerdictKind:
    """A bad verdict begins and ends only when confirmed; all other changes show at once.

    While an incident is held open only because it flaps, the verdict is good and an outage must be confirmed anew.
    """
    before = counted.verdict
    confirmed_severity = None if before in _GOOD else counted.severity
    match evaluation.finding.outcome:
        case Outcome.UNDECIDED:
            return VerdictKind.UNKNOWN
        case Outcome.FAILING:
            confirmed = confirmed_severity is Severity.DOWN or _is_confirmed(counted, evaluation, policy)
            return VerdictKind.DOWN if confirmed else before
        case Outcome.PARTLY_FAILING:
            if confirmed_severity is Severity.DOWN and counted.partly_evaluations < EASED_EVALUATIONS:
                return VerdictKind.DOWN
            failing = evaluation.finding.failing
            if (
                confirmed_severity
                or evaluation.intercepted
                or regional.is_regional_outage(counted.failures, failing, evaluation.due_ms, policy)
            ):
                return VerdictKind.PARTIAL
            return VerdictKind.UP if before is VerdictKind.UNKNOWN else before
        case outcome:
            if confirmed_severity and counted.good_evaluations < policy.recovery_rounds:
                return VerdictKind(confirmed_severity.value)
            if evaluation.intercepted or (confirmed_severity is Severity.PARTIAL and evaluation.absent):
                return VerdictKind.PARTIAL
            return VerdictKind.DEGRADED if outcome is Outcome.WARNING else VerdictKind.UP


def _is_confirmed(counted: MonitorState, evaluation: Evaluation, policy: Policy) -> bool:
    """Undecided rechecks between rounds do not replace the rounds that the policy requires."""
    rounds = policy.consecutive_rounds
    return counted.failing_evaluations >= confirming_evaluations(evaluation, policy) and (
        rounds == 1 or counted.failing_rounds >= rounds
    )


def confirming_evaluations(evaluation: Evaluation, policy: Policy) -> int:
    """How many evaluations in a row must fail until an outage is confirmed."""
    return policy.consecutive_rounds + policy.rechecks_with(evaluation.voters)


def _changes(before: MonitorState, after: MonitorState, round_number: int) -> list[int]:
    # When the interval changes, rounds are numbered anew, and earlier numbers mean nothing.
    recent = [number for number in before.changes if 0 <= round_number - number < FLAPPING_ROUNDS]
    was_bad = before.severity is not None and before.verdict not in _GOOD
    verdict_changed = (after.verdict in _BAD and not was_bad) or (after.verdict in _GOOD and before.verdict in _BAD)
    return [*recent, round_number] if verdict_changed else recent


def _incident(
    state: MonitorState, evaluation: Evaluation, policy: Policy
) -> tuple[MonitorState, tuple[IncidentChange, ...]]:
    severity, changes = state.severity, list[ChangeKind]()
    match state.verdict:
        case VerdictKind.DOWN if severity is not Severity.DOWN:
            changes.append(ChangeKind.OPENED if severity is None else ChangeKind.ESCALATED)
            severity = Severity.DOWN
        case VerdictKind.PARTIAL if severity is not Severity.PARTIAL:
            changes.append(ChangeKind.OPENED if severity is None else ChangeKind.EASED)
            severity = Severity.PARTIAL
    flapping = state.flapping
    if severity is not None and not flapping and len(state.changes) > FLAPPING_CHANGES:
        flapping = True
        changes.append(ChangeKind.FLAPPING)
    held = flapping and len(state.changes) > _CALM_CHANGES
    shown_severity = severity
    recovered = state.verdict in _GOOD and state.good_evaluations >= policy.recovery_rounds
    if severity is not None and recovered and not held:
        changes.append(ChangeKind.RESOLVED)
        severity, flapping = None, False
    started = state.first_failing_ms if state.first_failing_ms is not None else evaluation.due_ms
    if ChangeKind.OPENED in changes and severity is Severity.PARTIAL:
        # Evaluations in which such a location had no say may have passed in between.
        started = regional.began_ms(state.failures, evaluation.finding.failing, started)
        state = msgspec.structs.replace(state, first_failing_ms=started)
    rows = tuple(
        IncidentChange(kind, shown_severity, evaluation.finding.reason, started)
        for kind in changes
        if shown_severity is not None
    )
    ended = msgspec.structs.replace(state, severity=severity, flapping=flapping)
    if severity is None and state.verdict in _GOOD and not evaluation.finding.failing:
        ended = msgspec.structs.replace(ended, first_failing_ms=None)
    return ended, rows


def _needs_recheck(state: MonitorState, evaluation: Evaluation, policy: Policy) -> bool:
    """Whether all locations recheck before the next round: while an outage is suspected, not once it is known or
    undecidable. What may be a regional outage is rechecked in another way (decisions.evaluation.regional_rechecks).
    """
    found = evaluation.finding
    if found.outcome is Outcome.FAILING:
        return (
            state.verdict is not VerdictKind.DOWN
            and state.failing_rounds >= policy.consecutive_rounds
            and state.failing_evaluations < confirming_evaluations(evaluation, policy)
        )
    if found.outcome is Outcome.PARTLY_FAILING:
        return evaluation.is_round and state.severity is Severity.DOWN
    return evaluation.is_round and bool(found.failing)
