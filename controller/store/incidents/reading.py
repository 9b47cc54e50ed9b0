"""Incidents as people and APIs read them: what happened, who did what about it, and who was notified."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from controller.model import Alert, Incident
from controller.store.platform.pool import Connection, Database
from shared.wire.events import Evidence

MOST_CHANGES = 1000

_ONE = """
SELECT incident.id, incident.public_id, incident.organization_id, incident.customer_id, incident.monitor_id,
  incident.type, incident.severity, incident.reason, incident.evidence, incident.outage_started_at,
  incident.started_at, taken.acknowledged_at, taken.acknowledged_until, taken.acknowledged_by, incident.resolved_at,
  incident.flapping, incident.last_notified_at,
  monitor.public_id AS monitor_public_id, monitor.kind AS monitor_kind, monitor.name AS monitor_name,
  monitor.hostname, monitor.port, monitor.status AS monitor_status, customer.public_id AS customer_public_id,
  customer.name AS customer_name, customer.email AS customer_email, organization.public_id AS organization_public_id,
  (SELECT public_id FROM incident_group WHERE id = incident.group_id) AS group_public_id,
  (SELECT public_id FROM incident AS parent WHERE parent.id = incident.held_by AND incident.released_at IS NULL)
    AS held_by_public_id
FROM incident JOIN monitor ON monitor.id = incident.monitor_id JOIN customer ON customer.id = incident.customer_id
JOIN organization ON organization.id = incident.organization_id
LEFT JOIN LATERAL (
  SELECT incident.acknowledged_at, incident.acknowledged_until, incident.acknowledged_by
  WHERE is_acknowledged(incident.acknowledged_at, incident.acknowledged_until, COALESCE(incident.resolved_at, now()))
) AS taken ON true
WHERE incident.public_id = $1 AND ($2::bigint IS NULL OR incident.organization_id = $2)
"""
_SOME = """
SELECT incident.id, incident.public_id, incident.organization_id, incident.customer_id, incident.monitor_id,
  incident.type, incident.severity, incident.reason, incident.evidence, incident.outage_started_at,
  incident.started_at, taken.acknowledged_at, taken.acknowledged_until, taken.acknowledged_by, incident.resolved_at,
  incident.flapping, incident.last_notified_at,
  monitor.public_id AS monitor_public_id, monitor.kind AS monitor_kind, monitor.name AS monitor_name,
  monitor.hostname, monitor.port, monitor.status AS monitor_status, customer.public_id AS customer_public_id,
  customer.name AS customer_name, customer.email AS customer_email, organization.public_id AS organization_public_id
FROM incident JOIN monitor ON monitor.id = incident.monitor_id JOIN customer ON customer.id = incident.customer_id
JOIN organization ON organization.id = incident.organization_id
LEFT JOIN LATERAL (
  SELECT incident.acknowledged_at, incident.acknowledged_until, incident.acknowledged_by
  WHERE is_acknowledged(incident.acknowledged_at, incident.acknowledged_until, COALESCE(incident.resolved_at, now()))
) AS taken ON true
WHERE incident.id = ANY ($1::bigint[]) ORDER BY incident.outage_started_at, incident.id
"""
_PAGE = """
SELECT incident.id, incident.public_id, incident.organization_id, incident.customer_id, incident.monitor_id,
  incident.type, incident.severity, incident.reason, incident.evidence, incident.outage_started_at,
  incident.started_at, taken.acknowledged_at, taken.acknowledged_until, taken.acknowledged_by, incident.resolved_at,
  incident.flapping, incident.last_notified_at,
  monitor.public_id AS monitor_public_id, monitor.kind AS monitor_kind, monitor.name AS monitor_name,
  monitor.hostname, monitor.port, monitor.status AS monitor_status, customer.public_id AS customer_public_id,
  customer.name AS customer_name, customer.email AS customer_email, organization.public_id AS organization_public_id
FROM incident JOIN monitor ON monitor.id = incident.monitor_id JOIN customer ON customer.id = incident.customer_id
JOIN organization ON organization.id = incident.organization_id
LEFT JOIN LATERAL (
  SELECT incident.acknowledged_at, incident.acknowledged_until, incident.acknowledged_by
  WHERE is_acknowledged(incident.acknowledged_at, incident.acknowledged_until, COALESCE(incident.resolved_at, now()))
) AS taken ON true
WHERE incident.organization_id = $1 AND ($2::bigint[] IS NULL OR incident.customer_id = ANY ($2))
ORDER BY incident.started_at DESC, incident.id DESC LIMIT $3 OFFSET $4
"""


class IncidentRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An incident with its monitor and its customer as they are now; `evidence` is that of its opening. An
    acknowledgement that has lapsed counts as none; `acknowledged_until` is None until it is resolved. A list
    leaves out its group and the incident that holds it.
    """

    id: int
    public_id: UUID
    organization_id: int
    customer_id: int
    monitor_id: int
    type: str
    severity: str
    reason: str
    evidence: Evidence
    outage_started_at: datetime
    started_at: datetime
    acknowledged_at: datetime | None
    acknowledged_until: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    flapping: bool
    last_notified_at: datetime | None
    monitor_public_id: UUID
    monitor_kind: str
    monitor_name: str
    hostname: str
    port: int | None
    monitor_status: str
    customer_public_id: UUID
    customer_name: str
    customer_email: str | None
    organization_public_id: UUID
    group_public_id: UUID | None = None
    held_by_public_id: UUID | None = None


class ChangeRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a timeline. `done_by` names the person, the token or the receiver of the message by which it was
    acknowledged; None where the incident changed by itself. `acknowledged_until` is the end of an acknowledgement.
    """

    id: int
    kind: str
    severity: str
    reason: str
    evidence: Evidence | None
    done_by: str | None
    at: datetime
    acknowledged_until: datetime | None = None


async def by_public_id(connection: Connection, organization_id: int | None, public_id: UUID) -> IncidentRecord | None:
    """None also when it is of another organization than this one (None: every organization)."""
    row = await connection.fetchrow(_ONE, public_id, organization_id)
    return _incident(row) if row else None


async def some(connection: Connection, ids: Sequence[int]) -> list[IncidentRecord]:
    """The incidents with these numbers, in the order in which the outages began."""
    return [_incident(row) for row in await connection.fetch(_SOME, list(ids))]


async def page_of(
    database: Database,
    organization_id: int,
    *,
    limit: int,
    offset: int,
    customer_ids: frozenset[int] | None = None,
) -> list[IncidentRecord]:
    """The incidents of these customers (None: of all), the latest first."""
    async with database.connection() as connection:
        rows = await connection.fetch(_PAGE, organization_id, _numbers(customer_ids), limit, offset)
    return [_incident(row) for row in rows]


async def count(database: Database, organization_id: int, customer_ids: frozenset[int] | None = None) -> int:
    """The number of incidents of these customers (None: of all)."""
    async with database.connection() as connection:
        total: int = await connection.fetchval(
            "SELECT count(*) FROM incident"
            " WHERE organization_id = $1 AND ($2::bigint[] IS NULL OR customer_id = ANY ($2))",
            organization_id,
            _numbers(customer_ids),
        )
    return total


async def changes_of(connection: Connection, incident_id: int) -> list[ChangeRecord]:
    """The timeline, oldest first, MOST_CHANGES at most."""
    rows = await connection.fetch(
        "SELECT id, kind, severity, reason, evidence, done_by, at, acknowledged_until FROM incident_change"
        " WHERE incident_id = $1"
        " ORDER BY id LIMIT $2",
        incident_id,
        MOST_CHANGES,
    )
    return [ChangeRecord(**{**row, "evidence": msgspec.convert(row["evidence"], Evidence | None)}) for row in rows]


async def incidents_of(connection: Connection, monitor_id: int, limit: int) -> list[Incident]:
    """The incidents of one monitor, the latest first."""
    rows = await connection.fetch(
        "SELECT id, public_id, type, severity, reason, started_at, resolved_at AS ended_at FROM incident"
        " WHERE monitor_id = $1 ORDER BY started_at DESC, id DESC LIMIT $2",
        monitor_id,
        limit,
    )
    return [Incident(**row) for row in rows]


async def incident_at(
    connection: Connection, monitor_id: int, moment: datetime
) -> tuple[Incident, datetime] | tuple[None, None]:
    """The incident of a monitor whose outage lasted at this moment, and since when; the latest, should there be two."""
    row = await connection.fetchrow(
        "SELECT id, public_id, type, severity, reason, started_at, resolved_at AS ended_at, outage_started_at"
        " FROM incident WHERE monitor_id = $1 AND outage_started_at <= $2 AND COALESCE(resolved_at, 'infinity') >= $2"
        " ORDER BY started_at DESC LIMIT 1",
        monitor_id,
        moment,
    )
    if row is None:
        return None, None
    values = dict(row)
    since: datetime = values.pop("outage_started_at")
    return Incident(**values), since


_ALERTS_OF_MONITOR = """
SELECT delivery_attempt.id, delivery.incident_id, delivery.type AS channel_type,
  COALESCE(delivery.channel_name, delivery.receiver) AS channel_name, delivery_attempt.at AS sent_at,
  delivery_attempt.error AS error_message
FROM delivery_attempt JOIN delivery ON delivery.id = delivery_attempt.delivery_id
JOIN incident ON incident.id = delivery.incident_id
WHERE incident.monitor_id = $1 ORDER BY delivery_attempt.id DESC LIMIT $2
"""
_ALERTS_OF_INCIDENT = """
SELECT delivery_attempt.id, delivery.incident_id, delivery.type AS channel_type,
  COALESCE(delivery.channel_name, delivery.receiver) AS channel_name, delivery_attempt.at AS sent_at,
  delivery_attempt.error AS error_message
FROM delivery_attempt JOIN delivery ON delivery.id = delivery_attempt.delivery_id
WHERE delivery.incident_id = $1 ORDER BY delivery_attempt.id LIMIT $2
"""


async def alerts_of_monitor(connection: Connection, monitor_id: int, limit: int) -> list[Alert]:
    """Every attempt to send a notification of its incidents, and skipped ones with the reason, the latest first."""
    rows = await connection.fetch(_ALERTS_OF_MONITOR, monitor_id, limit)
    return [Alert(**row) for row in rows]


async def alerts_of_incident(connection: Connection, incident_id: int, limit: int) -> list[Alert]:
    """The same for one incident, the oldest first."""
    rows = await connection.fetch(_ALERTS_OF_INCIDENT, incident_id, limit)
    return [Alert(**row) for row in rows]


def _incident(row: Any) -> IncidentRecord:
    return IncidentRecord(**{**row, "evidence": msgspec.convert(row["evidence"], Evidence)})


def _numbers(customer_ids: frozenset[int] | None) -> Sequence[int] | None:
    return None if customer_ids is None else sorted(customer_ids)
