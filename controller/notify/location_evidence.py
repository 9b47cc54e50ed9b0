"""The evidence of a verdict change as text: what each location found."""

from __future__ import annotations

from controller.decisions.evaluation.quorum import Ballot
from controller.kinds import words_of
from controller.notify.notice import LocationFinding
from shared.wire.events import Evidence, LocationEvidence

_BALLOT_TEXTS = {
    Ballot.PASSED: "passes",
    Ballot.WARNED: "passes with a warning",
    Ballot.FAILED: "fails",
    Ballot.BLIND: "could not check",
    Ballot.AWAITED: "no result yet",
}
_LONGEST = 300


def location_findings(evidence: Evidence | None, kind: str) -> list[LocationFinding]:
    """`kind` is that of the monitor."""
    return [
        LocationFinding(
            location=vote.location,
            country=vote.country,
            finding=_finding(vote, kind),
            failure=vote.failure.kind.value if vote.failure else "",
        )
        for vote in (evidence.votes if evidence else ())
    ]


def _finding(vote: LocationEvidence, kind: str) -> str:
    """For example "refused (connect): Connection refused"."""
    failure = vote.failure
    if failure is None:
        text = _BALLOT_TEXTS.get(Ballot(vote.ballot), vote.ballot)
        return f"{text}: {vote.warning}"[:_LONGEST] if vote.warning else text
    phase = f" ({words_of(kind).phase_name(failure.phase)})" if failure.phase else ""
    detail = f": {' '.join(failure.detail.split())}" if failure.detail else ""
    return f"{failure.kind.value.replace('_', ' ')}{phase}{detail}"[:_LONGEST]
