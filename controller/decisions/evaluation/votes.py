"""Who votes in an evaluation of a monitor, and which vote the outcome of each check makes. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from controller.decisions.evaluation.late import late_ms
from controller.decisions.evaluation.policy import Policy
from controller.decisions.evaluation.quorum import Ballot, Vote
from controller.decisions.schedule.rotation import locations_of_round, pool
from controller.decisions.schedule.rounds import Recheck, is_overtaken
from controller.model import Location, ScheduledMonitor
from shared.wire.failures import CheckWarning, Failure
from shared.wire.messages import ResultStatus
from shared.wire.rounds import Purpose, check_id

_LONGEST_DETAIL = 500
"""The length at which our own agents cut it (agent.dialogue.scrub)."""

PASSED_AGAIN = "passed when tried again"


class CheckOutcome(NamedTuple):
    """The outcome of a location's check that was due at `due_ms`: its result, stored at `stored_ms`, or (`status` None)
    that none will come.
    """

    location_id: int
    due_ms: int
    status: ResultStatus | None
    failure: Failure | None = None
    warning: CheckWarning | None = None
    stored_ms: int = 0


class Retry(NamedTuple):
    """The second try of a location's failed check, due at `due_ms`; `outcome` is None as long as nothing is known."""

    location_id: int
    due_ms: int
    outcome: CheckOutcome | None


class Term(NamedTuple):
    """An evaluation due at `due_ms`, made at `now_ms`. First tries are awaited until `votes_until_ms`, retries until
    `ripe_ms`.
    """

    due_ms: int
    purpose: Purpose
    votes_until_ms: int
    ripe_ms: int
    now_ms: int


class Cast(NamedTuple):
    """A vote and the check it rests on; the check is None when no result came in time."""

    vote: Vote
    check_id: UUID | None


def voters(
    monitor: ScheduledMonitor, policy: Policy, locations: Sequence[Location], due_ms: int, purpose: Purpose
) -> Sequence[Location]:
    """Of the enabled locations of the monitor's countries: those that take part in the round, ready or not, or all of
    them in a recheck.

    Where only the home location votes, the others recheck it, if there are any.
    """
    own = pool(monitor, locations)
    if policy.voters == "home":
        return own[:1] if purpose is Purpose.SCHEDULED or len(own) < 2 else own[1:]
    return own if purpose is Purpose.RECHECK else locations_of_round(monitor, locations, due_ms)


def cast(
    monitor: ScheduledMonitor,
    voting: Iterable[Location],
    outcomes: Collection[CheckOutcome],
    retries: Collection[Retry],
    term: Term,
) -> list[Cast]:
    """The vote of each voter. A failed check that is tried again counts as failed once the retry failed too; if the
    retry passed, it is a warning.
    """
    by_location = {one.location_id: one for one in outcomes}
    again = {
        retry.location_id: retry
        for retry in retries
        if not is_overtaken(Recheck(0, monitor.id, term.due_ms, retry.due_ms, None), monitor)
    }
    return [_cast(monitor, here, by_location.get(here.id), again.get(here.id), term) for here in voting]


def _cast(
    monitor: ScheduledMonitor, here: Location, outcome: CheckOutcome | None, retry: Retry | None, term: Term
) -> Cast:
    if outcome is None:
        ballot = Ballot.AWAITED if term.now_ms < term.votes_until_ms else Ballot.BLIND
        return Cast(_vote(here, ballot), None)
    if not _in_time(monitor, outcome):
        return Cast(_vote(here, Ballot.BLIND), None)
    check = check_id(monitor.public_id, term.due_ms, here.code, term.purpose)
    first = Cast(_vote_of(here, outcome), check)
    if first.vote.ballot is not Ballot.FAILED or retry is None:
        return first
    if retry.outcome is None:
        return Cast(_vote(here, Ballot.AWAITED), check) if term.now_ms < term.ripe_ms else first
    second = check_id(monitor.public_id, retry.due_ms, here.code, Purpose.RECHECK)
    if retry.outcome.status is ResultStatus.FAILURE:
        return Cast(_vote_of(here, retry.outcome), second)
    if retry.outcome.status is ResultStatus.SUCCESS and _in_time(monitor, retry.outcome):
        return Cast(_vote(here, Ballot.WARNED, warning=PASSED_AGAIN), second)
    return first


def _in_time(monitor: ScheduledMonitor, outcome: CheckOutcome) -> bool:
    return outcome.status is not None and outcome.stored_ms <= late_ms(monitor, outcome.due_ms)


def _vote_of(here: Location, outcome: CheckOutcome) -> Vote:
    match outcome.status:
        case ResultStatus.FAILURE:
            return _vote(here, Ballot.FAILED, failure=outcome.failure and _fit(outcome.failure))
        case ResultStatus.SUCCESS if outcome.warning is not None:
            return _vote(here, Ballot.WARNED, warning=_describe(outcome.warning))
        case ResultStatus.SUCCESS:
            return _vote(here, Ballot.PASSED)
        case _:
            return _vote(here, Ballot.BLIND)


def _vote(here: Location, ballot: Ballot, *, failure: Failure | None = None, warning: str = "") -> Vote:
    return Vote(here.id, here.code, here.country_code, ballot, failure, warning)


def _describe(warning: CheckWarning) -> str:
    kind = warning.kind.value.replace("_", " ")
    detail = _fit_text(warning.detail)
    return f"{kind}: {detail}" if detail else kind


def _fit(failure: Failure) -> Failure:
    return msgspec.structs.replace(failure, detail=_fit_text(failure.detail))


def _fit_text(text: str) -> str:
    """Make a text safe for every verdict, incident and notice, whatever the agent sent: limited in length and without
    NUL, which PostgreSQL cannot store in text.
    """
    return text[:_LONGEST_DETAIL].replace("\0", " ")
