"""Verdict and incident events, written in the transaction that decided them; controller.store.events publishes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid5

from controller.decisions.acknowledgement import is_acknowledged
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
    await outbox.insert(connection, [_new(owner, event)])


async def insert_incident_event(
    connection: Connection, incident: StoredIncident, change: StoredChange, owner: EventOwner | None = None
) -> None:
    """Insert the event of this change of an incident. `owner` is looked up when the caller does not know it."""
    if owner is None:
        owner = (await owners_of(connection, [incident.monitor_id]))[incident.monitor_id]
    await outbox.insert(connection, [_incident_event(incident, change, owner)])


async def insert_incident_events(
    connection: Connection, changes: Sequence[tuple[StoredIncident, StoredChange]]
) -> None:
    """Insert the events of changes of many incidents."""
    owners = await owners_of(connection, {incident.monitor_id for incident, _ in changes})
    some = [_incident_event(incident, change, owners[incident.monitor_id]) for incident, change in changes]
    await outbox.insert(connection, some)


def _incident_event(incident: StoredIncident, change: StoredChange, owner: EventOwner) -> NewEvent:
    held = is_acknowledged(incident.acknowledged_at, incident.acknowledged_until, change.at)
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
        acknowledged_by=incident.acknowledged_by if held else None,
        acknowledged_until=incident.acknowledged_until if held else None,
        evidence=change.evidence,
        kind=owner.kind,
    )
    return _new(owner, event)


def _new(owner: EventOwner, event: VerdictEvent | IncidentEvent) -> NewEvent:
    subject = subjects.event(owner.organization, owner.customer, owner.monitor, event.type.value)
    return NewEvent(event.event_id, subject, json_times.encode(event))
