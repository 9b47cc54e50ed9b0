"""The evidence of a verdict change as text: what each location found, and how long its check took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from controller.decisions.evaluation.quorum import Ballot
from controller.kinds import words_of
from controller.model.checks import CheckTiming
from controller.notify.notice import LocationFinding, PhaseFinding
from shared.wire.events import Evidence, LocationEvidence
from shared.wire.failures import Phase
from shared.wire.messages import PhaseTiming

_BALLOT_TEXTS = {
    Ballot.PASSED: "passes",
    Ballot.WARNED: "passes with a warning",
    Ballot.FAILED: "fails",
    Ballot.BLIND: "could not check",
    Ballot.AWAITED: "no result yet",
}
_LONGEST = 300


def location_findings(
    evidence: Evidence | None, kind: str, checks: Mapping[UUID, CheckTiming] | None = None
) -> list[LocationFinding]:
    """`kind` is that of the monitor, `checks` are those that the votes rest on, by id, as far as they are known."""
    known = checks or {}
    return [
        _location(vote, kind, known.get(vote.check_id) if vote.check_id else None)
        for vote in (evidence.votes if evidence else ())
    ]


def _location(vote: LocationEvidence, kind: str, check: CheckTiming | None) -> LocationFinding:
    failure = vote.failure
    return LocationFinding(
        location=vote.location,
        country=vote.country,
        finding=_finding(vote, kind),
        failure=failure.kind.value if failure else "",
        ballot=vote.ballot,
        total_ms=check.duration_ms if check else None,
        phases=_phases(check.phases, failure.phase if failure else None, kind) if check else [],
    )


def _phases(timings: Sequence[PhaseTiming], failed: Phase | None, kind: str) -> list[PhaseFinding]:
    """The last phase of the name in which the check failed is the one that failed."""
    last = max((number for number, timing in enumerate(timings) if timing.phase is failed), default=None)
    words = words_of(kind)
    return [
        PhaseFinding(phase=words.phase_name(timing.phase), duration_ms=timing.duration_ms, failed=number == last)
        for number, timing in enumerate(timings)
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
