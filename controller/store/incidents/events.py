"""Verdict and incident events: written in the transaction that decided them, published from here, removed when the
broker has them. Each reaches EVENTS once even when a controller dies in between: a repeat has the same message id.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid5

from controller.store.incidents import verdict_changes
from controller.store.incidents.incidents import StoredChange, StoredIncident
from controller.store.platform import locks
from controller.store.platform.pool import Connection, Database
from shared.clock import utc_now
from shared.epoch import to_ms
from shared.wire import json_times, subjects
from shared.wire.events import Evidence, IncidentEvent, VerdictEvent
from shared.wire.messages import EventType

_FROZEN_SECONDS = 60


class Outgoing(NamedTuple):
    """An event that waits to be published."""

    id: int
    message_id: UUID
    subject: str
    body: bytes


class EventOwner(NamedTuple):
    """The public ids that make up an event's subject, and the kind of the monitor."""

    organization: UUID
    customer: UUID
    monitor: UUID
    kind: str


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
        owner = await _owner(connection, incident.monitor_id)
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


@asynccontextmanager
async def unpublished_events(db: Database, at_most: int) -> AsyncIterator[tuple[Connection, list[Outgoing]]]:
    """The oldest unpublished events, and the connection to remove them with. None while another controller publishes,
    so that the events of a monitor are published in order. Raises StoreUnavailableError.

    A controller that freezes inside the block loses its transaction.
    """
    async with db.transaction() as connection:
        waiting = await connection.fetchval("SELECT EXISTS (SELECT FROM event_outbox)")
        if not waiting or not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", locks.EVENT_RELAY):
            yield connection, []
            return
        await connection.execute(
            "SELECT set_config('idle_in_transaction_session_timeout', $1, true)", f"{_FROZEN_SECONDS}s"
        )
        rows = await connection.fetch(
            "SELECT id, message_id, subject, body FROM event_outbox ORDER BY id LIMIT $1", at_most
        )
        yield connection, [Outgoing(*row) for row in rows]


async def remove(connection: Connection, published: Sequence[Outgoing]) -> None:
    """Remove events that the broker has."""
    await connection.execute(
        "DELETE FROM event_outbox WHERE id = ANY ($1::bigint[])", [event.id for event in published]
    )


async def _insert(connection: Connection, owner: EventOwner, event: VerdictEvent | IncidentEvent) -> None:
    await connection.execute(
        "INSERT INTO event_outbox (message_id, subject, body) VALUES ($1, $2, $3)",
        event.event_id,
        subjects.event(owner.organization, owner.customer, owner.monitor, event.type.value),
        json_times.encode(event),
    )


async def _owner(connection: Connection, monitor_id: int) -> EventOwner:
    row = await connection.fetchrow(
        "SELECT organization.public_id, customer.public_id, monitor.public_id, monitor.kind FROM monitor"
        " JOIN customer ON customer.id = monitor.customer_id"
        " JOIN organization ON organization.id = customer.organization_id WHERE monitor.id = $1",
        monitor_id,
    )
    assert row is not None  # noqa: S101 - an incident's monitor is kept
    return EventOwner(*row)
