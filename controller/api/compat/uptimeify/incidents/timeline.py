"""What led to an incident and what became of it: checks, changes and what was told, as the vendor's clients read it
(reference, 4.5).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from controller.api.compat.uptimeify.incidents.items import AlertItem, alert_item
from controller.api.compat.uptimeify.monitors.history import checked_at, diagnostics, error_message, timings
from controller.api.http.timestamps import Moment, moment
from controller.model import CheckRecord
from controller.operations.incidents.incidents import IncidentDetails
from controller.store.incidents.reading import ChangeRecord
from shared.wire.events import Evidence
from shared.wire.failures import Failure
from shared.wire.messages import TranscriptLine


class CheckLocation(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    code: str
    name: str
    country_code: str


class TimelineCheck(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`responseTimeMs` is how long the check took, whole milliseconds."""

    id: UUID
    checked_at: Moment
    status: str
    status_code: None = None
    error_message: str | None
    response_time_ms: int
    location: CheckLocation
    failure: Failure | None
    scheduled_at: Moment
    purpose: str


class Change(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`kind` is opened, escalated (partial became down), eased (down became partial), flapping (held open, because it
    comes and goes) or resolved; or what `doneBy` did: acknowledged, commented, resolved. `reason` is theirs then.
    """

    id: int
    kind: str
    verdict: str
    reason: str
    evidence: Evidence | None
    done_by: str | None
    at: Moment


class Timeline(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The first 50 checks of each sort, and how many there are in all (failed ones counted up to 10000). Recovery
    checks are those that passed at a location after its last failure. Checks are kept for 30 days, the rest for good.
    """

    outage_started_at: Moment
    outage_started_check: TimelineCheck | None
    confirmation_at: Moment
    failed_checks: list[TimelineCheck]
    failed_checks_total: int
    alert_events: list[AlertItem]
    recovery_checks: list[TimelineCheck]
    recovery_checks_total: int
    changes: list[Change]


class EvidenceCheck(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The failed check that confirmed the outage. `timings` are milliseconds by phase; `transcript` is its dialogue,
    secrets replaced. There are no pictures of a mail server.
    """

    id: UUID
    checked_at: Moment
    diagnostics: dict[str, Any] | None
    has_screenshot: bool = False
    screenshot_url: None = None
    failure: Failure | None
    timings: dict[str, float]
    location: CheckLocation
    transcript: list[TranscriptLine]


def timeline(details: IncidentDetails) -> Timeline:
    return Timeline(
        outage_started_at=moment(details.incident.outage_started_at),
        outage_started_check=_check(details.failed[0]) if details.failed else None,
        confirmation_at=moment(details.incident.started_at),
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
        scheduled_at=moment(check.due_at),
        purpose=check.purpose.value,
    )


def _location(check: CheckRecord) -> CheckLocation:
    return CheckLocation(
        id=check.location_id, code=check.location_code, name=check.location_name, country_code=check.country_code
    )


def _change(change: ChangeRecord) -> Change:
    return Change(
        id=change.id,
        kind=change.kind,
        verdict=change.severity,
        reason=change.reason,
        evidence=change.evidence,
        done_by=change.done_by,
        at=moment(change.at),
    )
