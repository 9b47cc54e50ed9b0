"""The rechecks between the first failure at some locations and the confirmation of a regional outage. Pure.

Those of the failing locations alone count how often these fail, and nothing else: a verdict rests on an evaluation in
which all locations were asked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import msgspec

from controller.decisions.evaluation.policy import Policy
from controller.decisions.evaluation.quorum import Outcome
from controller.decisions.evaluation.regional import LatestRound, RegionalRecheck, counted_failures, planned_rechecks
from controller.decisions.evaluation.state import Evaluation, MonitorState, Step, VerdictKind


def rechecked_ids(state: MonitorState, due_ms: int) -> Collection[int] | None:
    """The locations that were asked in the recheck due then; None are all of the monitor's."""
    found = next((one for one in state.rechecks if one.due_ms == due_ms and not one.everywhere), None)
    return None if found is None else found.location_ids


def take_recheck(state: MonitorState, evaluation: Evaluation) -> Step:
    """Apply a recheck of the failing locations alone: it counts their failures, and says when they pass again."""
    if evaluation.due_ms <= state.taken_ms:
        return Step(state)
    found = evaluation.finding
    failures = counted_failures(state.failures, found, evaluation.due_ms)
    counted = msgspec.structs.replace(
        state, taken_ms=evaluation.due_ms, by_location=failures.in_a_row, failing_since_ms=failures.since_ms
    )
    passed = found.outcome is Outcome.PASSING and not failures.in_a_row and not state.failing_evaluations
    if passed and state.severity is None:
        reason = found.reason if state.verdict is VerdictKind.UP else state.reason
        counted = msgspec.structs.replace(counted, first_failing_ms=None, reason=reason)
    return Step(counted)


def follow_up(
    state: MonitorState,
    evaluation: Evaluation,
    policy: Policy,
    now_ms: int,
    latest_round: Callable[[int], LatestRound | None],
) -> MonitorState:
    """The state with the rechecks that the evaluation just taken requires, and without those that it made needless.
    `latest_round` is that of planned_rechecks.
    """
    coming = [one for one in state.rechecks if one.due_ms > state.taken_ms]
    if not _wants_rechecks(state, evaluation, policy):
        return msgspec.structs.replace(state, rechecks=[one.withdraw() for one in coming])
    needed = [one if state.by_location.keys() & set(one.location_ids) else one.withdraw() for one in coming]
    if all(one.withdrawn for one in needed) and _suspects(evaluation):
        planned = planned_rechecks(state.failures, policy, evaluation.due_ms, now_ms, latest_round)
        needed = _replaced(needed, planned)
    return msgspec.structs.replace(state, rechecks=needed)


def _wants_rechecks(state: MonitorState, evaluation: Evaluation, policy: Policy) -> bool:
    """Whether some locations failed, and no incident says so yet. Where only the home location votes, there is no
    regional outage.
    """
    return (
        state.severity is None
        and bool(state.by_location)
        and policy.voters == "all"
        and policy.rechecks_with(evaluation.voters) > 0
    )


def _suspects(evaluation: Evaluation) -> bool:
    """Whether the evaluation found, or left, a suspicion that rechecks can decide. A location that is only blind now
    does not cause any: they would follow each other for as long as its agents are away.
    """
    outcome = evaluation.finding.outcome
    return outcome is Outcome.PARTLY_FAILING or (outcome is Outcome.PASSING and not evaluation.whole)


def _replaced(old: list[RegionalRecheck], new: list[RegionalRecheck]) -> list[RegionalRecheck]:
    moments = {one.due_ms for one in new}
    return sorted([*(one for one in old if one.due_ms not in moments), *new], key=lambda one: one.due_ms)
