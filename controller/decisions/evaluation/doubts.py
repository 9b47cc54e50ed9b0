"""What the comparison of locations means for votes: a warning about the server, or a doubt about our own view. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from controller.decisions.comparison.signs import SignKind
from controller.decisions.evaluation.quorum import Ballot, Finding, Outcome
from controller.decisions.evaluation.votes import Cast
from shared.wire.failures import Failure, FailureKind

_ABOUT_STARTTLS = frozenset({FailureKind.STARTTLS_MISSING, FailureKind.STARTTLS_REFUSED})
_OF_TARPITS = _ABOUT_STARTTLS | {
    *(FailureKind.GREETING_INVALID, FailureKind.PROTOCOL_ERROR, FailureKind.TEMPORARY_REFUSAL),
    *(FailureKind.POLICY_REFUSAL, FailureKind.TIMEOUT, FailureKind.LOGIN_MECHANISM_MISSING),
}

_WORDS = {
    SignKind.STARTTLS_STRIPPED: "STARTTLS is taken away on the way to {country}",
    SignKind.DOWNGRADE_SUSPECTED: "only {country} is not offered STARTTLS",
    SignKind.INTERCEPTION_SUSPECTED: "only {country} is presented another certificate, which is not trusted",
}


class SaidWarning(NamedTuple):
    """A finding about a monitor that its customer knows of."""

    location_id: int
    code: str
    country: str
    kind: SignKind
    detail: str

    @property
    def words(self) -> str:
        return _WORDS[self.kind].format(country=self.country) if self.kind in _WORDS else self.detail

    @property
    def text(self) -> str:
        return f"{self.kind.value.replace('_', ' ')}: {self.words}"


class Doubts(NamedTuple):
    """`starttls`: locations where a missing STARTTLS may be our own network's fault. `disliked`: those that the server
    may take for somebody whom it does not trust.
    """

    said: Sequence[SaidWarning] = ()
    starttls: frozenset[int] = frozenset()
    disliked: frozenset[int] = frozenset()

    @property
    def intercepted(self) -> frozenset[int]:
        """Locations at which somebody in between may read along: the monitor is partly failing."""
        return frozenset(one.location_id for one in self.said if one.kind is SignKind.INTERCEPTION_SUSPECTED)

    def without(self, location_ids: Collection[int]) -> Doubts:
        """The same, with nothing said of these locations."""
        return self._replace(said=[one for one in self.said if one.location_id not in location_ids])


NO_DOUBTS = Doubts()


def doubted(casts: Sequence[Cast], doubts: Doubts) -> list[Cast]:
    """The votes with these doubts: what may be our own fault is blind, and a check that passed warns of a finding."""
    return [_doubted(one, doubts) for one in casts]


def _doubted(cast: Cast, doubts: Doubts) -> Cast:
    vote = cast.vote
    if vote.ballot is Ballot.FAILED and _may_be_ours(vote.location_id, vote.failure, doubts):
        return cast._replace(vote=vote._replace(ballot=Ballot.BLIND, failure=None))
    texts = [one.text for one in doubts.said if one.location_id == vote.location_id]
    if not texts or vote.ballot not in (Ballot.PASSED, Ballot.WARNED):
        return cast
    warning = "; ".join([*texts, *([vote.warning] if vote.warning else [])])
    return cast._replace(vote=vote._replace(ballot=Ballot.WARNED, warning=warning))


def _may_be_ours(location_id: int, failure: Failure | None, doubts: Doubts) -> bool:
    if failure is None:
        return False
    if location_id in doubts.starttls and failure.kind in _ABOUT_STARTTLS:
        return True
    return location_id in doubts.disliked and failure.kind in _OF_TARPITS


def with_absent(finding: Finding, casts: Sequence[Cast], doubts: Doubts) -> Finding:
    """The finding of a round in which locations with a finding of theirs take no part: it holds all the same."""
    present = {one.vote.location_id for one in casts}
    texts = [one.text for one in doubts.said if one.location_id not in present]
    if not texts or finding.outcome not in (Outcome.PASSING, Outcome.WARNING):
        return finding
    return finding._replace(outcome=Outcome.WARNING, reason="; ".join([finding.reason, *texts]))
