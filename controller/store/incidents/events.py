"""Verdict and incident events: written in the transaction that decided them, published from here, removed when the
broker has them. Whatever dies in between, each reaches EVENTS once: a repeat carries the same message id.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid5

import msgspec

from controller.store.incidents.incidents import StoredChange, StoredIncident
from controller.store.platform.pool import Connection, Database
from shared.clock import utc_now
from shared.wire import subjects
from shared.wire.events import Evidence, IncidentEvent, VerdictEvent
from shared.wire.messages import EventType
from shared.wire.rounds import to_ms

_TELLER_LOCK = 0x6D70_0006
_FROZEN_SECONDS = 60


class Outgoing(NamedTuple):
    """An event that waits to be published."""

    id: int
    message_id: UUID
    subject: str
    body: bytes


class Whose(NamedTuple):
    """The public ids an event's subject is made of, and the kind of the monitor."""

    organization: UUID
    customer: UUID
    monitor: UUID
    kind: str


async def tell_verdict(
    connection: Connection,
    whose: Whose,
    *,
    verdict: str,
    previous: str,
    reason: str,
    at: datetime,
    evidence: Evidence | None = None,
) -> None:
    """Have it told that the verdict of a monitor changed by the look due `at`, or at that moment without one."""
    event = VerdictEvent(
        event_id=uuid5(whose.monitor, f"{to_ms(at)}:{verdict}:verdict"),
        type=EventType.VERDICT,
        organization_id=whose.organization,
        customer_id=whose.customer,
        monitor_id=whose.monitor,
        occurred_at=utc_now(),
        verdict=verdict,
        previous=previous,
        reason=reason,
        evidence=evidence,
        kind=whose.kind,
    )
    await _insert(connection, whose, event)


async def tell_incident(
    connection: Connection, incident: StoredIncident, change: StoredChange, whose: Whose | None = None
) -> None:
    """Have it told that this happened to an incident. `whose` is looked up when the caller does not know it."""
    if whose is None:
        whose = await _whose(connection, incident.monitor_id)
    event = IncidentEvent(
        event_id=uuid5(incident.public_id, f"{change.id}:{change.kind}"),
        type=EventType.INCIDENT,
        organization_id=whose.organization,
        customer_id=whose.customer,
        monitor_id=whose.monitor,
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
        kind=whose.kind,
    )
    await _insert(connection, whose, event)


@asynccontextmanager
async def untold(db: Database, at_most: int) -> AsyncIterator[tuple[Connection, list[Outgoing]]]:
    """The oldest events that wait, and the connection to remove them with; none while another controller is at it, so
    that those of a monitor are told in order. Raises StoreUnavailableError.

    A controller that freezes inside loses its turn.
    """
    async with db.transaction() as connection:
        waiting = await connection.fetchval("SELECT EXISTS (SELECT FROM event_outbox)")
        if not waiting or not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", _TELLER_LOCK):
            yield connection, []
            return
        await connection.execute(f"SET LOCAL idle_in_transaction_session_timeout = '{_FROZEN_SECONDS}s'")
        rows = await connection.fetch(
            "SELECT id, message_id, subject, body FROM event_outbox ORDER BY id LIMIT $1", at_most
        )
        yield connection, [Outgoing(*row) for row in rows]


async def remove(connection: Connection, told: Sequence[Outgoing]) -> None:
    """The broker has them."""
    await connection.execute("DELETE FROM event_outbox WHERE id = ANY ($1::bigint[])", [event.id for event in told])


async def _insert(connection: Connection, whose: Whose, event: VerdictEvent | IncidentEvent) -> None:
    await connection.execute(
        "INSERT INTO event_outbox (message_id, subject, body) VALUES ($1, $2, $3)",
        event.event_id,
        subjects.event(whose.organization, whose.customer, whose.monitor, event.type.value),
        msgspec.json.encode(event),
    )


async def _whose(connection: Connection, monitor_id: int) -> Whose:
    row = await connection.fetchrow(
        "SELECT organization.public_id, customer.public_id, monitor.public_id, monitor.kind FROM monitor"
        " JOIN customer ON customer.id = monitor.customer_id"
        " JOIN organization ON organization.id = customer.organization_id WHERE monitor.id = $1",
        monitor_id,
    )
    assert row is not None  # noqa: S101 - an incident's monitor is kept
    return Whose(*row)
