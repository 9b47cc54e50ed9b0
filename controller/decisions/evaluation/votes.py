"""Who votes in a look at a monitor, and what each of them says by what was heard of its check. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from controller.decisions.evaluation.policy import Policy
from controller.decisions.evaluation.quorum import Ballot, Vote
from controller.decisions.schedule.rotation import asked, pool
from controller.decisions.schedule.rounds import RECHECK_SECONDS, Recheck, is_overtaken
from controller.model import Location, ScheduledMonitor
from shared.wire.failures import CheckWarning, Failure
from shared.wire.messages import ResultStatus
from shared.wire.rounds import Purpose, check_id, start_by_ms

SLACK_SECONDS = 5
"""How long after a check must have ended its result may still be on the way."""

_LONGEST_DETAIL = 500
"""As our own agents cut it (agent.scrub)."""

PASSED_AGAIN = "passed when tried again"


class Heard(NamedTuple):
    """What is known of a location's check that was due at `due_ms`: its result, stored at `stored_ms`, or (`status`
    None) that none will come.
    """

    location_id: int
    due_ms: int
    status: ResultStatus | None
    failure: Failure | None = None
    warning: CheckWarning | None = None
    stored_ms: int = 0


class Retry(NamedTuple):
    """The second try of a location's failed check, due at `due_ms`; `heard` is None as long as nothing is known."""

    location_id: int
    due_ms: int
    heard: Heard | None


class Term(NamedTuple):
    """A look due at `due_ms`, judged at `now_ms`. First tries are awaited until `votes_until_ms`, retries until
    `ripe_ms`.
    """

    due_ms: int
    purpose: Purpose
    votes_until_ms: int
    ripe_ms: int
    now_ms: int


class Cast(NamedTuple):
    """A vote and the check it rests on, None when nothing was heard in time."""

    vote: Vote
    check_id: UUID | None


def retry_grace_seconds(timeout_seconds: float) -> float:
    """How much longer a look waits where a failed check is tried again at its location."""
    return RECHECK_SECONDS + timeout_seconds


def late_ms(monitor: ScheduledMonitor, due_ms: int) -> int:
    """A result stored after this moment is history: a check begun as late as it may would have brought it before."""
    ended = start_by_ms(due_ms, monitor.interval_seconds * 1000) + monitor.timeout_seconds * 1000
    return ended + SLACK_SECONDS * 1000


def voters(
    monitor: ScheduledMonitor, policy: Policy, locations: Sequence[Location], due_ms: int, purpose: Purpose
) -> Sequence[Location]:
    """Of the enabled locations of its countries: those a round asks, ready or not, or all that a recheck asks.

    Where only the home location votes, the others recheck it, if there are any.
    """
    own = pool(monitor, locations)
    if policy.voters == "home":
        return own[:1] if purpose is Purpose.SCHEDULED or len(own) < 2 else own[1:]
    return own if purpose is Purpose.RECHECK else asked(monitor, locations, due_ms)


def cast(
    monitor: ScheduledMonitor,
    voting: Iterable[Location],
    heard: Collection[Heard],
    retries: Collection[Retry],
    term: Term,
) -> list[Cast]:
    """What each voter says. A failed check that is tried again counts once it failed again; one that passed then is a
    warning.
    """
    by_location = {one.location_id: one for one in heard}
    again = {
        retry.location_id: retry
        for retry in retries
        if not is_overtaken(Recheck(0, monitor.id, term.due_ms, retry.due_ms, None), monitor)
    }
    return [_cast(monitor, here, by_location.get(here.id), again.get(here.id), term) for here in voting]


def _cast(monitor: ScheduledMonitor, here: Location, heard: Heard | None, retry: Retry | None, term: Term) -> Cast:
    if heard is None:
        ballot = Ballot.AWAITED if term.now_ms < term.votes_until_ms else Ballot.BLIND
        return Cast(_vote(here, ballot), None)
    if not _in_time(monitor, heard):
        return Cast(_vote(here, Ballot.BLIND), None)
    check = check_id(monitor.public_id, term.due_ms, here.code, term.purpose)
    first = Cast(_said(here, heard), check)
    if first.vote.ballot is not Ballot.FAILED or retry is None:
        return first
    if retry.heard is None:
        return Cast(_vote(here, Ballot.AWAITED), check) if term.now_ms < term.ripe_ms else first
    second = check_id(monitor.public_id, retry.due_ms, here.code, Purpose.RECHECK)
    if retry.heard.status is ResultStatus.FAILURE:
        return Cast(_said(here, retry.heard), second)
    if retry.heard.status is ResultStatus.SUCCESS and _in_time(monitor, retry.heard):
        return Cast(_vote(here, Ballot.WARNED, told=PASSED_AGAIN), second)
    return first


def _in_time(monitor: ScheduledMonitor, heard: Heard) -> bool:
    return heard.status is not None and heard.stored_ms <= late_ms(monitor, heard.due_ms)


def _said(here: Location, heard: Heard) -> Vote:
    match heard.status:
        case ResultStatus.FAILURE:
            return _vote(here, Ballot.FAILED, failure=heard.failure and _fit(heard.failure))
        case ResultStatus.SUCCESS if heard.warning is not None:
            return _vote(here, Ballot.WARNED, told=_words(heard.warning))
        case ResultStatus.SUCCESS:
            return _vote(here, Ballot.PASSED)
        case _:
            return _vote(here, Ballot.BLIND)


def _vote(here: Location, ballot: Ballot, *, failure: Failure | None = None, told: str = "") -> Vote:
    return Vote(here.id, here.code, here.country_code, ballot, failure, told)


def _words(warning: CheckWarning) -> str:
    kind = warning.kind.value.replace("_", " ")
    detail = _fit_text(warning.detail)
    return f"{kind}: {detail}" if detail else kind


def _fit(failure: Failure) -> Failure:
    return msgspec.structs.replace(failure, detail=_fit_text(failure.detail))


def _fit_text(text: str) -> str:
    """What every verdict, incident and notice can carry, whatever an agent told: neither endless nor with a NUL, which
    PostgreSQL keeps in no text.
    """
    return text[:_LONGEST_DETAIL].replace("\0", " ")
