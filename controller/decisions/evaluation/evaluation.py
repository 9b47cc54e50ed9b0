"""Taking the looks noted of one monitor, in the order of their due moments. Pure, and the same on every controller."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from controller.decisions.evaluation.policy import Policy
from controller.decisions.evaluation.quorum import Ballot, look_at
from controller.decisions.evaluation.state import Change, Look, Standing, VerdictKind, closed_by_hand, take
from controller.decisions.evaluation.votes import Cast, Heard, Retry, Term, cast, retry_grace_seconds, voters
from controller.decisions.schedule.rotation import round_number
from controller.decisions.schedule.rounds import first_due_ms
from controller.model import Location, ScheduledMonitor
from shared.wire.events import Evidence, Testimony
from shared.wire.failures import Failure
from shared.wire.rounds import Purpose, last_due_ms, to_datetime

AGAIN_MS = 1_000
"""How soon a look that still waits for votes is looked at again, should nothing wake the judge before."""


class WaitingLook(NamedTuple):
    """A look that was noted, and what was heard of its checks so far."""

    due_ms: int
    purpose: Purpose
    ripe_ms: int
    heard: Sequence[Heard]
    retries: Sequence[Retry]


class Turn(NamedTuple):
    """The verdict became another one."""

    previous: VerdictKind
    verdict: VerdictKind
    reason: str
    evidence: Evidence


class Told(NamedTuple):
    """A change of the incident with what it rests on; `failure` is what most of the failing locations met."""

    change: Change
    failure: Failure | None
    evidence: Evidence


class Disliked(NamedTuple):
    """In the look due then, the server refused this location while others passed."""

    location_id: int
    due_ms: int
    failure: Failure


class Judgement(NamedTuple):
    """What the looks led to. The first `taken` of them are done; the others wait until `wait_until_ms`.

    `recheck_of_ms` is the round to look at again soon. `left_rest_ms`: by the look due then a passing result began to
    matter again, so what was heard since must be judged before anything later.
    """

    standing: Standing
    blind_ids: frozenset[int] | None
    taken: int
    wait_until_ms: int | None
    turns: Sequence[Turn]
    told: Sequence[Told]
    recheck_of_ms: int | None = None
    left_rest_ms: int | None = None
    disliked: Sequence[Disliked] = ()


def judge(
    monitor: ScheduledMonitor,
    policy: Policy,
    locations: Sequence[Location],
    standing: Standing,
    looks: Sequence[WaitingLook],
    now_ms: int,
    *,
    retries: bool = False,
) -> Judgement:
    """`locations` are the enabled ones of the monitor's countries; `looks` are in the order of their due moments.

    `blind_ids` of the answer is None when nothing was taken. A look that waits for votes holds up the later ones, so
    that the order in which results arrive makes no difference.
    """
    grace_ms = int(retry_grace_seconds(monitor.timeout_seconds) * 1000) if retries else 0
    blind: frozenset[int] | None = None
    turns: list[Turn] = []
    told: list[Told] = []
    disliked: list[Disliked] = []
    recheck_of: int | None = None
    for number, look in enumerate(looks):
        voting = voters(monitor, policy, locations, look.due_ms, look.purpose)
        if not voting or look.due_ms < first_due_ms(monitor) or look.due_ms <= standing.taken_ms:
            continue
        term = Term(look.due_ms, look.purpose, look.ripe_ms - grace_ms, look.ripe_ms, now_ms)
        casts = cast(monitor, voting, look.heard, look.retries, term)
        finding = look_at([one.vote for one in casts], policy)
        if not finding.complete:
            until = term.votes_until_ms if now_ms < term.votes_until_ms else term.ripe_ms
            wait = min(until, now_ms + AGAIN_MS)
            return Judgement(standing, blind, number, wait, turns, told, recheck_of, disliked=disliked)
        before = _of_this_target(standing, monitor)
        round_ = round_number(monitor, look.due_ms)
        step = take(before, Look(look.due_ms, round_, look.purpose is Purpose.SCHEDULED, len(voting), finding), policy)
        standing = step.standing
        blind = frozenset(one.vote.location_id for one in casts if one.vote.ballot is Ballot.BLIND)
        evidence = _evidence(look, casts)
        if standing.verdict is not before.verdict:
            turns.append(Turn(before.verdict, standing.verdict, standing.reason, evidence))
        told += [Told(change, _commonest(casts), evidence) for change in step.changes]
        disliked += [
            Disliked(vote.location_id, look.due_ms, vote.failure)
            for vote, _ in casts
            if vote.location_id in finding.disliked and vote.failure is not None
        ]
        recheck_of = _round_of(monitor, look) if step.recheck else None
        if before.at_rest and not standing.at_rest:
            return Judgement(standing, blind, number + 1, now_ms, turns, told, recheck_of, look.due_ms, disliked)
    return Judgement(standing, blind, len(looks), None, turns, told, recheck_of, disliked=disliked)


def _of_this_target(standing: Standing, monitor: ScheduledMonitor) -> Standing:
    """What is suspected of a former target says nothing about this one."""
    if standing.at_rest or standing.severity is not None or standing.taken_ms >= first_due_ms(monitor):
        return standing
    return closed_by_hand(standing)


def _round_of(monitor: ScheduledMonitor, look: WaitingLook) -> int:
    if look.purpose is Purpose.SCHEDULED:
        return look.due_ms
    latest = last_due_ms(monitor.public_id, monitor.interval_seconds * 1000, first_due_ms(monitor), look.due_ms)
    return look.due_ms if latest is None else latest


def _evidence(look: WaitingLook, casts: Sequence[Cast]) -> Evidence:
    return Evidence(
        due_at=to_datetime(look.due_ms),
        purpose=look.purpose,
        votes=[
            Testimony(
                location=vote.code,
                country=vote.country,
                ballot=vote.ballot.value,
                check_id=check,
                failure=vote.failure,
                told=vote.told,
            )
            for vote, check in casts
        ],
    )


def _commonest(casts: Sequence[Cast]) -> Failure | None:
    failures = [vote.failure for vote, _ in casts if vote.failure is not None]
    counts = Counter((failure.kind, failure.phase) for failure in failures)
    return max(failures, key=lambda failure: counts[failure.kind, failure.phase], default=None)
