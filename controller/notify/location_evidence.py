"""The evidence of a change in words: what each location saw."""

from __future__ import annotations

from controller.decisions.evaluation.quorum import Ballot
from controller.notify.notice import Witness
from shared.wire.events import Evidence, Testimony

_SAID = {
    Ballot.PASSED: "passes",
    Ballot.WARNED: "passes with a warning",
    Ballot.FAILED: "fails",
    Ballot.BLIND: "cannot see",
    Ballot.AWAITED: "has not answered yet",
}
_LONGEST = 300


def witnesses(evidence: Evidence | None) -> list[Witness]:
    return [
        Witness(location=vote.location, country=vote.country, saw=_saw(vote))
        for vote in (evidence.votes if evidence else ())
    ]


def _saw(vote: Testimony) -> str:
    """As "refused (connect): Connection refused"."""
    failure = vote.failure
    if failure is None:
        said = _SAID.get(Ballot(vote.ballot), vote.ballot)
        return f"{said}: {vote.told}"[:_LONGEST] if vote.told else said
    where = f" ({failure.phase.value})" if failure.phase else ""
    detail = f": {' '.join(failure.detail.split())}" if failure.detail else ""
    return f"{failure.kind.value.replace('_', ' ')}{where}{detail}"[:_LONGEST]
