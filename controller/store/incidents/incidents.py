"""Incidents and their timelines, as the evaluator and people write them. Each change is a row; a monitor has at most
one open incident.

All of it happens inside a transaction of the caller, which must hold the lock of the monitor's state
(store.evaluation.states).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from controller.model.accounts import ServicePerson
from controller.store.platform.pool import Connection, Database
from shared.wire.events import Evidence
from shared.wire.failures import Failure

RESOLVED = "resolved"
_OPENED = "opened"
_FLAPPING = "flapping"

_OPEN = """
INSERT INTO incident (organization_id, customer_id, monitor_id, severity, reason, failure, evidence, outage_started_at,
  started_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now())
RETURNING id, public_id, organization_id, customer_id, monitor_id, severity, reason, outage_started_at, started_at,
  resolved_at, flapping, acknowledged_at, acknowledged_until, acknowledged_by
"""
_APPEND = """
UPDATE incident SET severity = $2, flapping = flapping OR $3
WHERE id = $1
RETURNING id, public_id, organization_id, customer_id, monitor_id, severity, reason, outage_started_at, started_at,
  resolved_at, flapping, acknowledged_at, acknowledged_until, acknowledged_by
"""
_RESOLVE = """
UPDATE incident SET resolved_at = now() WHERE id = $1 AND resolved_at IS NULL
RETURNING id, public_id, organization_id, customer_id, monitor_id, severity, reason, outage_started_at, started_at,
  resolved_at, flapping, acknowledged_at, acknowledged_until, acknowledged_by
"""
_OPEN_ONES = """
SELECT id, public_id, organization_id, customer_id, monitor_id, severity, reason, outage_started_at, started_at,
  resolved_at, flapping, acknowledged_at, acknowledged_until, acknowledged_by
FROM incident WHERE monitor_id = ANY ($1::bigint[]) AND resolved_at IS NULL
"""


class StoredIncident(msgspec.Struct, frozen=True, kw_only=True):
    """A confirmed outage, open while `resolved_at` is None. `severity` is partial or down, the current or last one."""

    id: int
    public_id: UUID
    organization_id: int
    customer_id: int
    monitor_id: int
    severity: str
    reason: str
    outage_started_at: datetime
    started_at: datetime
    resolved_at: datetime | None
    flapping: bool
    acknowledged_at: datetime | None
    acknowledged_until: datetime | None
    acknowledged_by: str | None


class StoredChange(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the timeline. `account_id` is the person who made the change; a token is recorded by its name."""

    id: int
    incident_id: int
    kind: str
    severity: str
    reason: str
    evidence: Evidence | None
    account_id: int | None
    at: datetime


class NewIncident(msgspec.Struct, frozen=True, kw_only=True):
    """An outage confirmed now. `failure` is the failure that most of the failing locations met."""

    organization_id: int
    customer_id: int
    monitor_id: int
    severity: str
    reason: str
    failure: Failure | None
    evidence: Evidence
    outage_started_at: datetime


async def open_incident(connection: Connection, new: NewIncident) -> tuple[StoredIncident, StoredChange]:
    """Open an incident and its timeline. The monitor must have no open one."""
    row = await connection.fetchrow(_OPEN, *msgspec.structs.astuple(new))
    assert row is not None  # noqa: S101 - RETURNING of a plain INSERT
    incident = StoredIncident(**row)
    change = await _append(connection, incident.id, _OPENED, new.severity, new.reason, new.evidence, None)
    return incident, change


async def append_change(
    connection: Connection,
    incident_id: int,
    *,
    kind: str,
    severity: str,
    reason: str,
    evidence: Evidence | None = None,
    account_id: int | None = None,
    token_id: int | None = None,
    done_by: str | None = None,
    service: ServicePerson | None = None,
) -> tuple[StoredIncident, StoredChange]:
    """Add a change that leaves the incident open; the incident takes over its severity. Acknowledgements are recorded
    by store.incidents.acknowledging. `done_by` names who is neither a person of ours nor a token.
    """
    row = await connection.fetchrow(
        _APPEND,
        incident_id,
        severity,
        kind == _FLAPPING,
    )
    assert row is not None  # noqa: S101 - incidents are never deleted
    change = await _append(
        connection, incident_id, kind, severity, reason, evidence, account_id, token_id, service, done_by=done_by
    )
    return StoredIncident(**row), change


async def resolve(
    connection: Connection,
    incident_id: int,
    *,
    reason: str,
    evidence: Evidence | None = None,
    account_id: int | None = None,
    token_id: int | None = None,
    service: ServicePerson | None = None,
) -> tuple[StoredIncident, StoredChange] | None:
    """End an incident; None when it had ended already."""
    row = await connection.fetchrow(
        _RESOLVE,
        incident_id,
    )
    if row is None:
        return None
    incident = StoredIncident(**row)
    change = await _append(
        connection, incident_id, RESOLVED, incident.severity, reason, evidence, account_id, token_id, service
    )
    return incident, change


async def open_incidents(connection: Connection, monitor_ids: Iterable[int]) -> dict[int, StoredIncident]:
    """The open incident of each of these monitors that has one, by monitor id."""
    rows = await connection.fetch(
        _OPEN_ONES,
        list(monitor_ids),
    )
    return {row["monitor_id"]: StoredIncident(**row) for row in rows}


_ORPHANED = """
SELECT incident.monitor_id, CASE
  WHEN monitor.deleted_at IS NOT NULL THEN 'the monitor was deleted'
  WHEN monitor.status = 'disabled' THEN 'the monitor was disabled'
  WHEN monitor.target_changed_at > incident.outage_started_at THEN 'the monitor checks something else now'
END AS reason
FROM incident JOIN monitor ON monitor.id = incident.monitor_id
WHERE incident.resolved_at IS NULL AND ($1::bigint IS NULL OR monitor.id = $1)
"""


async def orphaned(db: Database) -> list[int]:
    """Monitors with an open incident that no check will end any more. Raises StoreUnavailableError."""
    async with db.connection() as connection:
        rows = await connection.fetch(_ORPHANED, None)
    return [row["monitor_id"] for row in rows if row["reason"]]


async def why_orphaned(connection: Connection, monitor_id: int) -> str | None:
    """Why no check will end the monitor's open incident; None when one will, or none is open."""
    row = await connection.fetchrow(_ORPHANED, monitor_id)
    return row["reason"] if row else None


async def _append(
    connection: Connection,
    incident_id: int,
    kind: str,
    severity: str,
    reason: str,
    evidence: Evidence | None,
    account_id: int | None,
    token_id: int | None = None,
    service: ServicePerson | None = None,
    *,
    done_by: str | None = None,
) -> StoredChange:
    row = await connection.fetchrow(
        "INSERT INTO incident_change (incident_id, kind, severity, reason, evidence, account_id, done_by, channel_id)"
        " VALUES ($1, $2, $3, $4, $5, $6, COALESCE((SELECT email FROM account WHERE id = $6),"
        " (SELECT 'token ' || name FROM api_token WHERE id = $7), $8),"
        " (SELECT id FROM notification_channel WHERE id = $9))"
        " RETURNING id, incident_id, kind, severity, reason, evidence, account_id, at",
        incident_id,
        kind,
        severity,
        reason,
        evidence,
        account_id,
        token_id,
        done_by or (service.name if service else None),
        service.channel_id if service else None,
    )
    assert row is not None  # noqa: S101 - RETURNING of a plain INSERT
    return _change(row)


def _change(row: Any) -> StoredChange:
    values = dict(row)
    values["evidence"] = msgspec.convert(values["evidence"], Evidence | None)
    return StoredChange(**values)
