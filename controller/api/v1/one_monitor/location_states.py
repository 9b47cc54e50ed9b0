"""What each location of a monitor finds now, since when, and whether it is blind."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from controller.api.v1.failures import ExplainedFailure, explained
from controller.http.timestamps import Timestamp, timestamp, timestamp_or_none
from controller.kinds import words_of
from controller.operations.monitors.present_state import LatestAt, LocationRun, PresentState
from shared.wire.failures import CheckWarning
from shared.wire.messages import ResultStatus
from shared.wire.rounds import Purpose


class LatestResult(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The newest result of a location."""

    check_id: Annotated[UUID, Meta(description="As in results and events.")]
    purpose: Annotated[Purpose, Meta(description="scheduled, recheck, or triggered by hand.")]
    status: Annotated[ResultStatus, Meta(description="unknown: the fault was our own.")]
    due_at: Annotated[Timestamp, Meta(description="The moment of its round.")]
    started_at: Annotated[Timestamp, Meta(description="When it began.")]
    duration_ms: Annotated[float, Meta(description="Milliseconds.")]
    failure: Annotated[ExplainedFailure | None, Meta(description="Null when it passed.")]
    warnings: Annotated[list[CheckWarning], Meta(description="What is not right, though it passed.")]


class LocationStanding(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One location of the monitor."""

    location: Annotated[str, Meta(description="Its code.")]
    name: Annotated[str, Meta(description="Its name.")]
    country: Annotated[str, Meta(description="ISO 3166-1 alpha-2.")]
    status: Annotated[
        ResultStatus | None,
        Meta(description="What it finds: that of its newest result, and unknown while it is blind; null: nothing yet."),
    ]
    since: Annotated[
        Timestamp | None,
        Meta(description="The first check of those in a row that found this, as far as they are kept."),
    ]
    reason: Annotated[str, Meta(description="Why it fails or is blind, in words for people; empty when it passes.")]
    blind: Annotated[
        bool, Meta(description="Whether nothing is known from here, by our own fault; it has no vote then.")
    ]
    blind_reason: Annotated[
        str | None,
        Meta(
            description="no_agent, unfit, kind_unknown, late, broker_refused, no_result: a check has no result. agent,"
            " resolver …: whose fault the newest result names. Null when it is not blind."
        ),
    ]
    result: Annotated[LatestResult | None, Meta(description="The newest result; null: none yet.")]


def location_states(found: PresentState) -> list[LocationStanding]:
    latest = {one.check.location_id: one for one in found.situation.latest}
    return [_state(found.monitor.kind, run, latest.get(run.location_id)) for run in found.runs]


def _state(kind: str, run: LocationRun, latest: LatestAt | None) -> LocationStanding:
    status, since, reason, blind_reason = run.status, run.since, "", None
    failure = latest.check.failure if latest else None
    if run.missing_since is not None:
        status, since, blind_reason = ResultStatus.UNKNOWN, run.missing_since, run.missing_reason
        reason = f"has no result: {str(blind_reason).replace('_', ' ')}"
    elif failure is not None:
        reason = words_of(kind).verdict.failed(failure)
        if status is ResultStatus.UNKNOWN:
            blind_reason = failure.source.value
    return LocationStanding(
        location=run.location,
        name=run.name,
        country=run.country,
        status=status,
        since=timestamp_or_none(since),
        reason=reason,
        blind=status is ResultStatus.UNKNOWN,
        blind_reason=blind_reason,
        result=_result(latest) if latest else None,
    )


def _result(latest: LatestAt) -> LatestResult:
    check = latest.check
    return LatestResult(
        check_id=check.check_id,
        purpose=check.purpose,
        status=check.status,
        due_at=timestamp(check.due_at),
        started_at=timestamp(check.started_at),
        duration_ms=round(check.duration_ms, 3),
        failure=explained(check.failure),
        warnings=check.warnings,
    )


LOCATION: dict[str, Any] = {
    "location": "de-nbg",
    "name": "Nuremberg",
    "country": "DE",
    "status": "failure",
    "since": "2026-01-01T12:00:00.000Z",
    "reason": "cannot connect: refused",
    "blind": False,
    "blindReason": None,
    "result": {
        "checkId": "6f7d2a3e-1c55-5b0e-9d7a-0a1b2c3d4e5f",
        "purpose": "scheduled",
        "status": "failure",
        "dueAt": "2026-01-01T12:05:00.000Z",
        "startedAt": "2026-01-01T12:05:00.012Z",
        "durationMs": 15.208,
        "failure": {
            "kind": "refused",
            "source": "target",
            "phase": "connect",
            "detail": "connection refused",
            "help": "/help/refused",
        },
        "warnings": [],
    },
}
