"""Takes the noted evaluations of one monitor, in order of their due moments. Pure, the same on every controller."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from controller.decisions.evaluation.doubts import NO_DOUBTS, Doubts, doubted, with_absent
from controller.decisions.evaluation.not_judged import not_judged
from controller.decisions.evaluation.policy import Policy
from controller.decisions.evaluation.quorum import Ballot, count_rechecked, count_votes
from controller.decisions.evaluation.regional import LatestRound, RegionalRecheck, long_failing
from controller.decisions.evaluation.regional_rechecks import follow_up, rechecked_ids, take_recheck
from controller.decisions.evaluation.ripe import retry_grace_ms
from controller.decisions.evaluation.state import (
    Evaluation,
    IncidentChange,
    MonitorState,
    VerdictKind,
    closed_by_hand,
    take,
)
from controller.decisions.evaluation.unconfirmed import (
    PassedAgain,
    UnconfirmedFailure,
    has_passed_again,
    is_unconfirmed,
    missing_for_incident,
)
from controller.decisions.evaluation.votes import Cast, CheckOutcome, Retry, Term, cast, voters
from controller.decisions.evaluation.wording import USUAL, VerdictWords
from controller.decisions.maintenance.at_locations import NONE_MAINTAINED, MaintainedLocations
from controller.decisions.schedule.rotation import locations_of_round, pool, round_number
from controller.decisions.schedule.rounds import first_due_ms
from controller.model import Location, ScheduledMonitor
from shared.epoch import to_datetime
from shared.wire.events import Evidence, LocationEvidence
from shared.wire.failures import Failure
from shared.wire.rounds import Purpose, last_due_ms

RETRY_MS = 1_000
"""An evaluation that still waits for votes is tried again after this long, if nothing wakes the evaluator before; one
that waits for minutes, after a _SELDOM-th of the time since its due moment.
"""
_SELDOM = 60


class WaitingEvaluation(NamedTuple):
    """An evaluation that was noted, and the outcomes of its checks so far."""

    due_ms: int
    purpose: Purpose
    ripe_ms: int
    outcomes: Sequence[CheckOutcome]
    retries: Sequence[Retry]


class VerdictChange(NamedTuple):
    """The verdict changed."""

    previous: VerdictKind
    verdict: VerdictKind
    reason: str
    evidence: Evidence


class RecordedChange(NamedTuple):
    """A change of the incident with its evidence; `failure` is the failure that most of the failing locations met."""

    change: IncidentChange
    failure: Failure | None
    evidence: Evidence


class ProbeBlocked(NamedTuple):
    """In the evaluation due then, the server refused this location while others passed, or because of our rate."""

    location_id: int
    due_ms: int
    failure: Failure


class PlannedRecheck(NamedTuple):
    """A recheck of the round due at `round_due_ms`; `location_ids` None are all of the monitor's."""

    round_due_ms: int
    due_ms: int
    location_ids: list[int] | None


class EvaluationOutcome(NamedTuple):
    """What the evaluations led to. The first `taken` of them are done; the others wait until `wait_until_ms`.

    `recheck_of_ms` is the round to recheck everywhere soon. `rechecks` may confirm a regional outage; those due at
    `withdrawn_ms`, planned by an earlier evaluation, are not needed any more. `became_unstable_ms`: the evaluation due
    then ended the stable state. From then on passing results matter, so those that arrived since must be evaluated
    before anything later. `unconfirmed` are the failures that no incident says, `passed_again` the latest end of such
    failures.
    """

    state: MonitorState
    blind_ids: frozenset[int] | None
    taken: int
    wait_until_ms: int | None
    verdict_changes: Sequence[VerdictChange]
    changes: Sequence[RecordedChange]
    recheck_of_ms: int | None = None
    rechecks: Sequence[PlannedRecheck] = ()
    withdrawn_ms: Sequence[int] = ()
    became_unstable_ms: int | None = None
    probe_blocked: Sequence[ProbeBlocked] = ()
    unconfirmed: Sequence[UnconfirmedFailure] = ()
    passed_again: PassedAgain | None = None


def evaluate(
    monitor: ScheduledMonitor,
    policy: Policy,
    locations: Sequence[Location],
    state: MonitorState,
    waiting: Sequence[WaitingEvaluation],
    now_ms: int,
    *,
    retries: bool = False,
    words: VerdictWords = USUAL,
    doubts: Doubts = NO_DOUBTS,
    maintained: MaintainedLocations = NONE_MAINTAINED,
) -> EvaluationOutcome:
    """`locations` are the enabled ones of the monitor's countries; `waiting` is in the order of the due moments;
    `words` are those of the monitor's kind, `doubts` what the comparison of its locations found. Locations that are
    `maintained` when their checks are due have no vote; while all are, the verdict stays.

    `blind_ids` of the answer is None when nothing was taken. An evaluation that waits for votes holds up the later
    ones, so that the order in which results arrive makes no difference.
    """
    grace_ms = retry_grace_ms(monitor) if retries else 0
    blind: frozenset[int] | None = None
    verdict_changes: list[VerdictChange] = []
    changes: list[RecordedChange] = []
    probe_blocked: list[ProbeBlocked] = []
    unconfirmed: list[UnconfirmedFailure] = []
    passed_again: PassedAgain | None = None
    recheck_of: int | None = None
    pending = {recheck.due_ms: recheck for recheck in _pending(state)}

    def outcome(taken: int, wait_until_ms: int | None, became_unstable_ms: int | None = None) -> EvaluationOutcome:
        """What was found so far, with the first `taken` evaluations."""
        return EvaluationOutcome(
            state,
            blind,
            taken,
            wait_until_ms,
            verdict_changes,
            changes,
            recheck_of,
            rechecks=[_planned(monitor, one) for one in _pending(state) if pending.get(one.due_ms) != one],
            withdrawn_ms=[
                due_ms for due_ms in pending if due_ms > state.taken_ms and pending[due_ms] not in _pending(state)
            ],
            became_unstable_ms=became_unstable_ms,
            probe_blocked=probe_blocked,
            unconfirmed=unconfirmed,
            passed_again=passed_again,
        )

    for number, evaluation in enumerate(waiting):
        checking = voters(monitor, policy, locations, evaluation.due_ms, evaluation.purpose)
        if not checking or evaluation.due_ms < first_due_ms(monitor) or evaluation.due_ms <= state.taken_ms:
            continue
        quiet = maintained.at(evaluation.due_ms)
        voting = [here for here in checking if here.id not in quiet]
        if not voting:
            state, blind = not_judged(state), frozenset()
            continue
        term = Term(evaluation.due_ms, evaluation.purpose, evaluation.ripe_ms - grace_ms, evaluation.ripe_ms, now_ms)
        only = rechecked_ids(state, evaluation.due_ms) if evaluation.purpose is Purpose.RECHECK else None
        voters_here = voting if only is None else [here for here in voting if here.id in only]
        if not voters_here:
            continue
        said = doubts.without(quiet)
        undoubted = cast(monitor, voters_here, evaluation.outcomes, evaluation.retries, term)
        casts = doubted(undoubted, said)
        votes = [one.vote for one in casts]
        finding = count_votes(votes, policy, words) if only is None else count_rechecked(votes, len(voting), words)
        finding = finding if only is not None else with_absent(finding, casts, said)
        if not finding.complete:
            until = term.votes_until_ms if now_ms < term.votes_until_ms else term.ripe_ms
            wait = min(until, now_ms + max(RETRY_MS, (now_ms - evaluation.due_ms) // _SELDOM))
            return outcome(number, wait)
        before = _of_this_target(state, monitor)
        round_ = round_number(monitor, evaluation.due_ms)
        scheduled = evaluation.purpose is Purpose.SCHEDULED
        # A doubted failure says that the outage was none; only a vote that was not cast leaves it open.
        voted = {one.vote.location_id for one in undoubted if one.vote.ballot is not Ballot.BLIND}
        absent = frozenset(here.id for here in pool(monitor, locations)) - voted
        judged = Evaluation(
            evaluation.due_ms,
            round_,
            scheduled,
            len(voting),
            finding,
            whole=only is None,
            absent=frozenset(long_failing(before.failures) & absent),
            intercepted=bool((said if state.severity is None else doubts).intercepted),
        )
        step = take(before, judged, policy) if judged.whole else take_recheck(before, judged)
        latest_round = partial(_latest_round, monitor, locations, step.state)
        state = follow_up(step.state, judged, policy, now_ms, latest_round)
        blind = frozenset(one.vote.location_id for one in casts if one.vote.ballot is Ballot.BLIND)
        evidence = _evidence(evaluation, casts)
        if state.verdict is not before.verdict:
            verdict_changes.append(VerdictChange(before.verdict, state.verdict, state.reason, evidence))
        changes += [RecordedChange(change, _commonest(casts), evidence) for change in step.changes]
        probe_blocked += [
            ProbeBlocked(vote.location_id, evaluation.due_ms, vote.failure)
            for vote, _ in casts
            if vote.location_id in finding.probe_blocked and vote.failure is not None
        ]
        if is_unconfirmed(before, state, finding):
            failing = len(finding.failing | finding.probe_blocked)
            missing = missing_for_incident(state, judged, votes, policy, words)
            unconfirmed.append(
                UnconfirmedFailure(judged.due_ms, failing, finding.reason, missing, evidence, judged.whole)
            )
        elif has_passed_again(before, state, finding):
            passed_again = PassedAgain(judged.due_ms, evaluation.purpose)
        recheck_of = _round_of(monitor, evaluation) if step.recheck else None
        if before.stable and not state.stable:
            return outcome(number + 1, now_ms, became_unstable_ms=evaluation.due_ms)
    return outcome(len(waiting), None)


def _of_this_target(state: MonitorState, monitor: ScheduledMonitor) -> MonitorState:
    """Drop a suspicion that is about the monitor's former target; it says nothing about the present one."""
    if state.stable or state.severity is not None or state.taken_ms >= first_due_ms(monitor):
        return state
    return closed_by_hand(state)


def _round_of(monitor: ScheduledMonitor, evaluation: WaitingEvaluation) -> int:
    if evaluation.purpose is Purpose.SCHEDULED:
        return evaluation.due_ms
    return _last_round_ms(monitor, evaluation.due_ms) or evaluation.due_ms


def _last_round_ms(monitor: ScheduledMonitor, until_ms: int) -> int | None:
    return last_due_ms(monitor.public_id, monitor.interval_seconds * 1000, first_due_ms(monitor), until_ms)


def _latest_round(
    monitor: ScheduledMonitor, locations: Sequence[Location], state: MonitorState, until_ms: int
) -> LatestRound | None:
    """The last round due until then, and whether all locations take part in it that failed."""
    due_ms = _last_round_ms(monitor, until_ms)
    if due_ms is None:
        return None
    suspected = {here.id for here in pool(monitor, locations)} & state.by_location.keys()
    return LatestRound(due_ms, suspected <= {here.id for here in locations_of_round(monitor, locations, due_ms)})


def _pending(state: MonitorState) -> list[RegionalRecheck]:
    return [recheck for recheck in state.rechecks if not recheck.withdrawn]


def _planned(monitor: ScheduledMonitor, recheck: RegionalRecheck) -> PlannedRecheck:
    round_ms = _last_round_ms(monitor, recheck.due_ms) or recheck.due_ms
    return PlannedRecheck(round_ms, recheck.due_ms, None if recheck.everywhere else recheck.location_ids)


def _evidence(evaluation: WaitingEvaluation, casts: Sequence[Cast]) -> Evidence:
    return Evidence(
        due_at=to_datetime(evaluation.due_ms),
        purpose=evaluation.purpose,
        votes=[
            LocationEvidence(
                location=vote.code,
                country=vote.country,
                ballot=vote.ballot.value,
                check_id=check,
                failure=vote.failure,
                warning=vote.warning,
            )
            for vote, check in casts
        ],
    )


def _commonest(casts: Sequence[Cast]) -> Failure | None:
    failures = [vote.failure for vote, _ in casts if vote.failure is not None]
    counts = Counter((failure.kind, failure.phase) for failure in failures)
    return max(failures, key=lambda failure: counts[failure.kind, failure.phase], default=None)
