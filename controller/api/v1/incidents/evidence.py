"""The votes on which an incident rests, as its answers show them."""

from __future__ import annotations

import msgspec

from controller.http.timestamps import Timestamp, timestamp
from shared.wire.events import Evidence, LocationEvidence
from shared.wire.rounds import Purpose


class EvidenceAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The votes of all locations in one evaluation: of the round due at that time, or of a recheck."""

    due_at: Timestamp
    purpose: Purpose
    votes: list[LocationEvidence]


def evidence_answer(evidence: Evidence) -> EvidenceAnswer:
    return EvidenceAnswer(due_at=timestamp(evidence.due_at), purpose=evidence.purpose, votes=evidence.votes)
