"""Failures that neither opened nor continued an incident, and what an incident would have needed. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from controller.decisions.evaluation.policy import Policy
from controller.decisions.evaluation.quorum import Finding, Outcome, Vote, by_country
from controller.decisions.evaluation.regional import PARTIAL_EVALUATIONS, confirming_seconds
from controller.decisions.evaluation.state import Evaluation, MonitorState, confirming_evaluations
from controller.decisions.evaluation.wording import USUAL, VerdictWords
from shared.wire.events import Evidence
from shared.wire.rounds import Purpose


class UnconfirmedFailure(NamedTuple):
    """An evaluation in which locations failed, but which no incident followed at once. `missing` says what an incident
    would have needed, `failing` how many locations failed. The evaluation was not `whole` when only those were asked
    that had failed before.
    """

    due_ms: int
    failing: int
    reason: str
    missing: str
    evidence: Evidence
    whole: bool = True


class PassedAgain(NamedTuple):
    """The evaluation due then found nothing failing any more."""

    due_ms: int
    purpose: Purpose


def is_unconfirmed(before: MonitorState, after: MonitorState, finding: Finding) -> bool:
    """Whether something failed without an incident that says so."""
    return bool(finding.failing or finding.probe_blocked) and before.severity is None and after.severity is None


def has_passed_again(before: MonitorState, after: MonitorState, finding: Finding) -> bool:
    """Whether this evaluation ends failures that opened no incident."""
    no_incident = before.severity is None and after.severity is None
    return no_incident and bool(before.by_location) and not finding.failing and finding.outcome is not Outcome.UNDECIDED


def missing_for_incident(
    after: MonitorState,
    evaluation: Evaluation,
    votes: Sequence[Vote],
    policy: Policy,
    words: VerdictWords = USUAL,
) -> str:
    """What an incident would have needed besides this evaluation, in sentences. `after` is the state after it."""
    finding, voters = evaluation.finding, evaluation.voters
    if not finding.failing:
        return _only_refused(finding, votes, words.subject)
    many, one = ("countries", "country") if by_country(votes) else ("locations", "location")
    failed = f"{len(finding.failing)} of {voters} {one if voters == 1 else many} failed"
    match finding.outcome:
        case Outcome.FAILING:
            return f"{failed}, which is enough. {_confirmation(after, evaluation, policy)}"
        case Outcome.UNDECIDED:
            blind = voters - len(finding.passing) - len(finding.failing) - len(finding.probe_blocked)
            return (
                f"{failed} and {blind} could not check; {_quorum(policy, voters)}. The votes that are missing leave it"
                " open."
            )
        case _:
            return f"{failed}; {_quorum(policy, voters)}. {_regional(after, finding, votes, policy)}"


def _only_refused(finding: Finding, votes: Sequence[Vote], subject: str) -> str:
    names = ", ".join(sorted(vote.code for vote in votes if vote.location_id in finding.probe_blocked))
    if not finding.passing:
        return (
            f"The {subject} refused {names} because we connect too often. That counts for no outage; whether it serves"
            " others is not known."
        )
    return (
        f"The {subject} refused only {names} and served the others. That is a problem of the address that we check"
        " from, and counts for no outage."
    )


def _quorum(policy: Policy, voters: int) -> str:
    needed = policy.needed(voters)
    match policy.quorum:
        case "majority":
            return f"the majority, {needed}, must fail"
        case "all":
            return f"all {needed} must fail"
        case _:
            return f"{needed} must fail"


def _confirmation(after: MonitorState, evaluation: Evaluation, policy: Policy) -> str:
    needed = confirming_evaluations(evaluation, policy)
    rechecks = policy.rechecks_with(evaluation.voters)
    parts = [f"{policy.consecutive_rounds} {'round' if policy.consecutive_rounds == 1 else 'rounds'}"]
    if rechecks:
        parts.append(f"{rechecks} {'recheck' if rechecks == 1 else 'rechecks'}")
    times = "after 1 such evaluation" if needed == 1 else f"after {needed} such evaluations in a row"
    return f"An outage is confirmed {times} ({' and '.join(parts)}); this was number {after.failing_evaluations}."


def _regional(after: MonitorState, finding: Finding, votes: Sequence[Vote], policy: Policy) -> str:
    """A regional outage is an incident as well, once the same location has failed often and long enough."""
    failures = after.failures
    longest = max(
        (vote for vote in votes if vote.location_id in finding.failing),
        key=lambda vote: failures.in_a_row.get(vote.location_id, 0),
    )
    times = failures.in_a_row.get(longest.location_id, 0)
    seconds = (after.taken_ms - failures.since_ms.get(longest.location_id, after.taken_ms)) // 1000
    return (
        f"A regional outage needs one location to fail {PARTIAL_EVALUATIONS} times in a row, over"
        f" {confirming_seconds(policy)} s or more; {longest.code} had failed"
        f" {'once' if times == 1 else f'{times} times in {seconds} s'}."
    )
