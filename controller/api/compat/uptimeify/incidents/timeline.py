"""The timeline of an incident as the vendor's clients read it: its checks, changes and notifications
(docs/compatibility.md, U25).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from controller.api.compat.uptimeify.checks.history import checked_at, diagnostics, error_message, timings
from controller.api.compat.uptimeify.incidents.history_items import AlertItem, alert_item
from controller.api.v1.incidents.evidence import EvidenceAnswer, evidence_answer
from controller.http.timestamps import Timestamp, timestamp
from controller.model import CheckRecord
from controller.operations.incidents.incidents import IncidentDetails
from controller.store.incidents.reading import ChangeRecord
from shared.wire.failures import Failure
from shared.wire.messages import TranscriptLine


class CheckLocation(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    code: str
    name: str
    country_code: str


class TimelineCheck(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`responseTimeMs` is the duration of the check, in whole milliseconds."""

    id: UUID
    checked_at: Timestamp
    status: str
    status_code: None = None
    error_message: str | None
    response_time_ms: int
    location: CheckLocation
    failure: Failure | None
    scheduled_at: Timestamp
    purpose: str


class UptimeifyTimelineChange(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`kind` is opened, escalated (partial became down), eased (down became partial), flapping (held open, because it
    comes and goes), lapsed (an acknowledgement ended) or resolved; or an action of the person `doneBy`: acknowledged,
    commented, resolved. Then `reason` is the person's text.
    """

    id: int
    kind: str
    verdict: str
    reason: str
    evidence: EvidenceAnswer | None
    done_by: str | None
    at: Timestamp


class Timeline(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The first 50 checks of each sort, and their number (failed ones counted up to 10000). Recovery checks are those
    that passed at a location after its last failure. Checks are kept for 30 days, the rest for good.
    """

    outage_started_at: Timestamp
    outage_started_check: TimelineCheck | None
    confirmation_at: Timestamp
    failed_checks: list[TimelineCheck]
    failed_checks_total: int
    alert_events: list[AlertItem]
    recovery_checks: list[TimelineCheck]
    recovery_checks_total: int
    changes: list[UptimeifyTimelineChange]


class EvidenceCheck(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The failed check that confirmed the outage. `timings` are milliseconds by phase; `transcript` is its dialogue,
    with secrets replaced. There are no screenshots of a mail server.
    """

    id: UUID
    checked_at: Timestamp
    diagnostics: dict[str, Any] | None
    has_screenshot: bool = False
    screenshot_url: None = None
    failure: Failure | None
    timings: dict[str, float]
    location: CheckLocation
    transcript: list[TranscriptLine]


def timeline(details: IncidentDetails) -> Timeline:
    return Timeline(
        outage_started_at=timestamp(details.incident.outage_started_at),
        outage_started_check=_check(details.failed[0]) if details.failed else None,
        confirmation_at=timestamp(details.incident.started_at),
        failed_checks=[_check(check) for check in details.failed],
        failed_checks_total=details.failed_total,
        alert_events=[alert_item(alert) for alert in details.alerts],
        recovery_checks=[_check(check) for check in details.recovered],
        recovery_checks_total=details.recovered_total,
        changes=[_change(change) for change in details.changes],
    )


def evidence_check(check: CheckRecord) -> EvidenceCheck:
    return EvidenceCheck(
        id=check.check_id,
        checked_at=checked_at(check),
        diagnostics=diagnostics(check),
        failure=check.failure,
        timings=timings(check),
        location=_location(check),
        transcript=check.transcript,
    )


def _check(check: CheckRecord) -> TimelineCheck:
    return TimelineCheck(
        id=check.check_id,
        checked_at=checked_at(check),
        status=check.status.value,
        error_message=error_message(check),
        response_time_ms=round(check.duration_ms),
        location=_location(check),
        failure=check.failure,
        scheduled_at=timestamp(check.due_at),
        purpose=check.purpose.value,
    )


def _location(check: CheckRecord) -> CheckLocation:
    return CheckLocation(
        id=check.location_id, code=check.location_code, name=check.location_name, country_code=check.country_code
    )


def _change(change: ChangeRecord) -> UptimeifyTimelineChange:
    return UptimeifyTimelineChange(
        id=change.id,
        kind=change.kind,
        verdict=change.severity,
        reason=change.reason,
        evidence=evidence_answer(change.evidence) if change.evidence else None,
        done_by=change.done_by,
        at=timestamp(change.at),
    )
