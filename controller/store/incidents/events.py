"""Verdict and incident events, written in the transaction that decided them; controller.store.events publishes them."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid5

from controller.store.events import outbox
from controller.store.events.outbox import NewEvent
from controller.store.events.owners import EventOwner, owners_of
from controller.store.incidents import verdict_changes
from controller.store.incidents.incidents import StoredChange, StoredIncident
from controller.store.platform.pool import Connection
from shared.clock import utc_now
from shared.epoch import to_ms
from shared.wire import json_times, subjects
from shared.wire.events import Evidence, IncidentEvent, VerdictEvent
from shared.wire.messages import EventType


async def insert_verdict_event(
    connection: Connection,
    owner: EventOwner,
    *,
    verdict: str,
    previous: str,
    reason: str,
    at: datetime,
    evidence: Evidence | None = None,
) -> None:
    """Record that a verdict changed, by the evaluation due `at` or, without one, at that moment; insert its event."""
    await verdict_changes.insert(connection, owner.monitor, at=at, verdict=verdict, previous=previous, reason=reason)
    event = VerdictEvent(
        event_id=uuid5(owner.monitor, f"{to_ms(at)}:{verdict}:verdict"),
        type=EventType.VERDICT,
        organization_id=owner.organization,
        customer_id=owner.customer,
        monitor_id=owner.monitor,
        occurred_at=utc_now(),
        verdict=verdict,
        previous=previous,
        reason=reason,
        evidence=evidence,
        kind=owner.kind,
    )
    await _insert(connection, owner, event)


async def insert_incident_event(
    connection: Connection, incident: StoredIncident, change: StoredChange, owner: EventOwner | None = None
) -> None:
    """Insert the event of this change of an incident. `owner` is looked up when the caller does not know it."""
    if owner is None:
        owner = (await owners_of(connection, [incident.monitor_id]))[incident.monitor_id]
    event = IncidentEvent(
        event_id=uuid5(incident.public_id, f"{change.id}:{change.kind}"),
        type=EventType.INCIDENT,
        organization_id=owner.organization,
        customer_id=owner.customer,
        monitor_id=owner.monitor,
        occurred_at=change.at,
        incident_id=incident.public_id,
        change=change.kind,
        severity=change.severity,
        reason=change.reason,
        outage_started_at=incident.outage_started_at,
        started_at=incident.started_at,
        resolved_at=incident.resolved_at,
        flapping=incident.flapping,
        evidence=change.evidence,
        kind=owner.kind,
    )
    await _insert(connection, owner, event)


async def _insert(connection: Connection, owner: EventOwner, event: VerdictEvent | IncidentEvent) -> None:
    subject = subjects.event(owner.organization, owner.customer, owner.monitor, event.type.value)
    await outbox.insert(connection, [NewEvent(event.event_id, subject, json_times.encode(event))])
