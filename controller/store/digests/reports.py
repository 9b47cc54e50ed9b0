"""Digests of channels that are due, and what they report. Every read is of the scope of one channel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from controller.decisions.history.uptime import EvaluatedTime
from controller.decisions.notification.report import ReportedIncident
from controller.decisions.notification.standing_warnings import LocationWarning
from controller.store.platform.pool import Connection, Database

MOST_MONITORS = 10_000
MOST_INCIDENTS = 10_000

_DUE = """
SELECT id FROM notification_channel
WHERE digest IS NOT NULL AND (digest_due_at IS NULL OR digest_due_at <= $1) AND id > $2 ORDER BY id LIMIT $3
"""

_CLAIM = """
SELECT channel.id, channel.name, channel.organization_id, channel.customer_id, channel.monitor_id, channel.config,
  channel.is_active, channel.digest, channel.digest_due_at, channel.digest_since, organization.time_zone,
  organization.name AS organization, customer.name AS customer
FROM notification_channel AS channel JOIN organization ON organization.id = channel.organization_id
  LEFT JOIN customer ON customer.id = channel.customer_id
WHERE channel.id = $1 AND channel.digest IS NOT NULL AND (channel.digest_due_at IS NULL OR channel.digest_due_at <= $2)
FOR UPDATE OF channel SKIP LOCKED
"""

_MONITORS = """
SELECT id, public_id, name FROM monitor
WHERE organization_id = $1 AND deleted_at IS NULL AND ($2::bigint IS NULL OR customer_id = $2)
  AND ($3::bigint IS NULL OR id = $3)
ORDER BY id LIMIT $4
"""

_INCIDENTS = """
SELECT incident.public_id, incident.monitor_id, monitor.name AS monitor, customer.name AS customer, incident.severity,
  COALESCE(NULLIF(incident.cause, ''), incident.reason) AS cause, incident.outage_started_at AS began,
  incident.resolved_at AS ended, incident.flapping
FROM incident JOIN monitor ON monitor.id = incident.monitor_id JOIN customer ON customer.id = incident.customer_id
WHERE incident.monitor_id = ANY ($1::bigint[]) AND incident.started_at < $3
  AND (incident.resolved_at IS NULL OR incident.resolved_at >= $2)
ORDER BY incident.resolved_at IS NOT NULL, incident.outage_started_at DESC LIMIT $4
"""

_CERTIFICATES = """
SELECT latest.monitor_id, result.facts ->> 'certificateNotAfter' AS ends FROM latest
CROSS JOIN LATERAL results_of(
  latest.monitor_id, latest.facts_at, latest.facts_at + interval '1 millisecond'
) AS result
WHERE latest.monitor_id = ANY ($1::bigint[]) AND result.location_id = latest.location_id
  AND result.facts ->> 'certificateNotAfter' IS NOT NULL
"""

_WARNINGS = """
SELECT latest.monitor_id, latest.location_id, warning ->> 'kind' AS kind, coalesce(warning ->> 'detail', '') AS detail
FROM latest JOIN monitor ON monitor.id = latest.monitor_id JOIN location ON location.id = latest.location_id
CROSS JOIN LATERAL results_of(
  latest.monitor_id, latest.due_at, latest.due_at + interval '1 millisecond'
) AS result
CROSS JOIN json_array_elements(result.warnings) AS warning
WHERE result.location_id = latest.location_id AND latest.monitor_id = ANY ($1::bigint[])
  AND monitor.status <> 'disabled' AND result.warnings IS NOT NULL
  AND location.enabled AND location.removed_at IS NULL
"""

_DELIVERY = """
INSERT INTO delivery (organization_id, notice, channel_id, channel_name, type, receiver)
SELECT $1, $2, $3, $4, 'email', receiver FROM unnest($5::text[]) AS given (receiver)
"""


class ReportingChannel(NamedTuple):
    """A channel whose digest is due. `due_at` is None before its first one is planned, `since` before it reports."""

    id: int
    name: str
    organization_id: int
    customer_id: int | None
    monitor_id: int | None
    config: dict[str, Any]
    is_active: bool
    digest: dict[str, Any]
    due_at: datetime | None
    since: datetime | None
    time_zone: str
    organization: str
    customer: str | None


class DigestedMonitor(NamedTuple):
    id: int
    public_id: UUID
    name: str


async def channels_due(database: Database, now: datetime, *, after: int, at_most: int) -> list[int]:
    """Channels by number beyond `after`. Raises StoreUnavailableError."""
    async with database.connection() as connection:
        return [row["id"] for row in await connection.fetch(_DUE, now, after, at_most)]


async def locked_due(connection: Connection, channel_id: int, now: datetime) -> ReportingChannel | None:
    """The channel, locked until the transaction ends; None when it is not due, or another controller has it."""
    row = await connection.fetchrow(_CLAIM, channel_id, now)
    return ReportingChannel(*row) if row else None


async def plan(connection: Connection, channel_id: int, due_at: datetime, since: datetime) -> None:
    """When the next digest is due, and from when on it reports."""
    await connection.execute(
        "UPDATE notification_channel SET digest_due_at = $2, digest_since = $3 WHERE id = $1", channel_id, due_at, since
    )


async def monitors_of(connection: Connection, channel: ReportingChannel) -> list[DigestedMonitor]:
    """Those of which the channel is notified."""
    rows = await connection.fetch(
        _MONITORS, channel.organization_id, channel.customer_id, channel.monitor_id, MOST_MONITORS
    )
    return [DigestedMonitor(*row) for row in rows]


async def incidents_of(
    connection: Connection, monitors: Sequence[int], since: datetime, until: datetime
) -> list[ReportedIncident]:
    """Those that were open at some time between, open ones and the latest ones first."""
    rows = await connection.fetch(_INCIDENTS, monitors, since, until, MOST_INCIDENTS)
    return [ReportedIncident(*row) for row in rows]


async def times_of(
    connection: Connection, monitors: Sequence[int], since: datetime, until: datetime
) -> list[EvaluatedTime]:
    rows = await connection.fetch("SELECT judged_ms, down_ms FROM estimated_times($1, $2, $3)", monitors, since, until)
    return [EvaluatedTime(*row) for row in rows]


async def certificate_ends(connection: Connection, monitors: Sequence[int]) -> list[tuple[int, str]]:
    """The monitors and the ends of the certificates that their locations saw last, as agents wrote them."""
    return [(row["monitor_id"], row["ends"]) for row in await connection.fetch(_CERTIFICATES, monitors)]


async def warnings_of(connection: Connection, monitors: Sequence[int]) -> list[LocationWarning]:
    """What the newest check of each monitor at each location warned of."""
    return [LocationWarning(*row) for row in await connection.fetch(_WARNINGS, monitors)]


async def deliver(connection: Connection, channel: ReportingChannel, notice: Any, receivers: Sequence[str]) -> None:
    await connection.execute(_DELIVERY, channel.organization_id, notice, channel.id, channel.name, list(receivers))
