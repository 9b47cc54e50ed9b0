"""The checks that show an incident, in our own API."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from controller.api.v1.failures import ExplainedFailure, explained
from controller.http.timestamps import Timestamp, timestamp
from controller.model import CheckRecord
from shared.wire.failures import CheckWarning
from shared.wire.messages import PhaseTiming, ResultStatus, TranscriptLine
from shared.wire.rounds import Purpose


class IncidentCheck(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A check of the monitor while the incident lasted. The last four fields are those of the evidence check only."""

    check_id: Annotated[UUID, Meta(description="As in results and events.")]
    location: Annotated[str, Meta(description="The location's code.")]
    country: Annotated[str, Meta(description="ISO 3166-1 alpha-2.")]
    purpose: Annotated[Purpose, Meta(description="scheduled, or recheck.")]
    status: Annotated[ResultStatus, Meta(description="unknown: the fault was our own.")]
    due_at: Annotated[Timestamp, Meta(description="The moment of its round.")]
    started_at: Annotated[Timestamp, Meta(description="When it began.")]
    duration_ms: Annotated[float, Meta(description="Milliseconds.")]
    failure: Annotated[ExplainedFailure | None, Meta(description="Null when it passed.")]
    warnings: Annotated[list[CheckWarning], Meta(description="What is not right, though it passed.")]
    rounded: Annotated[bool, Meta(description="Whether the duration is off by up to 1.25 %, as some hours later.")]
    address: Annotated[str | None, Meta(description="Where it connected.")] | UnsetType = UNSET
    phases: Annotated[list[PhaseTiming], Meta(description="How long each phase took.")] | UnsetType = UNSET
    facts: Annotated[dict[str, Any], Meta(description="What it learnt about the server.")] | UnsetType = UNSET
    transcript: (
        Annotated[list[TranscriptLine], Meta(description="The dialogue, with secrets replaced.")] | UnsetType
    ) = UNSET


def incident_check(check: CheckRecord, *, whole: bool = False) -> IncidentCheck:
    """With `whole` also what explains it."""
    return IncidentCheck(
        check_id=check.check_id,
        location=check.location_code,
        country=check.country_code,
        purpose=check.purpose,
        status=check.status,
        due_at=timestamp(check.due_at),
        started_at=timestamp(check.started_at),
        duration_ms=round(check.duration_ms, 3),
        failure=explained(check.failure),
        warnings=check.warnings,
        rounded=check.rounded,
        address=check.address if whole else UNSET,
        phases=check.phases if whole else UNSET,
        facts=check.facts if whole else UNSET,
        transcript=check.transcript if whole else UNSET,
    )


CHECK: dict[str, Any] = {
    "checkId": "6f7d2a3e-1c55-5b0e-9d7a-0a1b2c3d4e5f",
    "location": "de-nbg",
    "country": "DE",
    "purpose": "recheck",
    "status": "failure",
    "dueAt": "2026-01-01T12:00:10.000Z",
    "startedAt": "2026-01-01T12:00:10.012Z",
    "durationMs": 15.208,
    "failure": {
        "kind": "refused",
        "source": "target",
        "phase": "connect",
        "detail": "connection refused",
        "help": "/help/refused",
    },
    "warnings": [],
    "rounded": False,
}
