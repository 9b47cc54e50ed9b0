"""Incidents as Uptimeify's clients read them (docs/compatibility.md, U25), with the verdict and its evidence."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from controller.api.compat.uptimeify.incidents.timeline import EvidenceCheck, Timeline, evidence_check, timeline
from controller.api.compat.uptimeify.monitor_groups import vendors_numbers
from controller.api.v1.incidents.evidence import EvidenceAnswer, evidence_answer
from controller.http.timestamps import Timestamp, timestamp, timestamp_or_none
from controller.operations.incidents.incidents import IncidentDetails
from controller.store.incidents.reading import IncidentRecord


class MonitorBrief(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The monitor, in the field where the vendor's clients expect it; `url` as in smtp://mail.example.com:587, with the
    first of several servers.
    """

    id: int
    public_id: UUID
    name: str
    url: str
    status: str


class CustomerBrief(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    public_id: UUID
    email: str | None
    company: str


class ListedIncident(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`status` is open or resolved, `severity` the category. `verdict` is down, or partial where only some locations
    fail; `error_message` is its reason. A failed mail check has no status code and no response time.
    """

    id: int
    public_id: UUID
    website_id: None = None
    smtp_monitor_id: int | None
    imap_pop_monitor_id: int | None
    status: str
    severity: str
    verdict: str
    flapping: bool
    outage_started_at: Timestamp
    started_at: Timestamp = msgspec.field(name="started_at")
    resolved_at: Timestamp | None = msgspec.field(name="resolved_at")
    acknowledged_at: Timestamp | None
    last_notified_at: Timestamp | None = msgspec.field(name="last_notified_at")
    error_message: str = msgspec.field(name="error_message")
    status_code: None = msgspec.field(name="status_code", default=None)
    response_time_ms: None = msgspec.field(name="response_time_ms", default=None)
    website: MonitorBrief
    customer: CustomerBrief


class UptimeifyIncidentPage(msgspec.Struct, frozen=True, kw_only=True):
    incidents: list[ListedIncident]
    total: int
    limit: int
    offset: int


class IncidentAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`evidence` are the votes of all locations in the evaluation that confirmed the outage."""

    id: int
    public_id: UUID
    website_id: None = None
    smtp_monitor_id: int | None
    imap_pop_monitor_id: int | None
    type: str
    status: str
    verdict: str
    flapping: bool
    started_at: Timestamp
    resolved_at: Timestamp | None
    acknowledged_at: Timestamp | None
    last_notified_at: Timestamp | None
    status_code: None = None
    error_message: str
    response_time_ms: None = None
    evidence: EvidenceAnswer
    monitor: MonitorBrief
    customer: CustomerBrief


class IncidentDetail(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    incident: IncidentAnswer
    timeline: Timeline
    evidence_check: EvidenceCheck | None


def listed_incident(found: IncidentRecord, servers: Sequence[str]) -> ListedIncident:
    """`servers` are where the monitor's checks connect."""
    return ListedIncident(
        id=found.id,
        public_id=found.public_id,
        **vendors_numbers(found.monitor_kind, found.monitor_id),
        status=_status(found),
        severity=found.type,
        verdict=found.severity,
        flapping=found.flapping,
        outage_started_at=timestamp(found.outage_started_at),
        started_at=timestamp(found.started_at),
        resolved_at=timestamp_or_none(found.resolved_at),
        acknowledged_at=timestamp_or_none(found.acknowledged_at),
        last_notified_at=timestamp_or_none(found.last_notified_at),
        error_message=found.reason,
        website=_monitor(found, servers),
        customer=_customer(found),
    )


def incident_detail(details: IncidentDetails) -> IncidentDetail:
    found = details.incident
    return IncidentDetail(
        incident=IncidentAnswer(
            id=found.id,
            public_id=found.public_id,
            **vendors_numbers(found.monitor_kind, found.monitor_id),
            type=found.type,
            status=_status(found),
            verdict=found.severity,
            flapping=found.flapping,
            started_at=timestamp(found.started_at),
            resolved_at=timestamp_or_none(found.resolved_at),
            acknowledged_at=timestamp_or_none(found.acknowledged_at),
            last_notified_at=timestamp_or_none(found.last_notified_at),
            error_message=found.reason,
            evidence=evidence_answer(found.evidence),
            monitor=_monitor(found, details.servers),
            customer=_customer(found),
        ),
        timeline=timeline(details),
        evidence_check=evidence_check(details.evidence_check) if details.evidence_check else None,
    )


def _status(found: IncidentRecord) -> str:
    return "open" if found.resolved_at is None else "resolved"


def _monitor(found: IncidentRecord, servers: Sequence[str]) -> MonitorBrief:
    return MonitorBrief(
        id=found.monitor_id,
        public_id=found.monitor_public_id,
        name=found.monitor_name,
        url=f"{found.monitor_kind}://{servers[0] if servers else found.hostname}",
        status=found.monitor_status,
    )


def _customer(found: IncidentRecord) -> CustomerBrief:
    return CustomerBrief(
        id=found.customer_id,
        public_id=found.customer_public_id,
        email=found.customer_email,
        company=found.customer_name,
    )
