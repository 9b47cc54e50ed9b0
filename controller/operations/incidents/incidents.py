"""Incidents as people read them: in a list, one with its whole timeline, and a monitor's own with their
notifications.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from controller.decisions.access import Permission, limits_to
from controller.errors import NotFoundError
from controller.model import Alert, CheckRecord, Incident, Principal
from controller.operations.access import require
from controller.operations.monitors.monitors import Kinds, get_monitor
from controller.pipeline.server_names import servers_by_monitor
from controller.store.checks import history
from controller.store.incidents import reading as store
from controller.store.incidents.reading import ChangeRecord, IncidentRecord
from controller.store.platform.pool import Connection, Database

MOST_INCIDENTS = 100
MOST_ALERTS = 100
MOST_CHECKS = 50
MOST_COUNTED = 10_000
RECOVERY = timedelta(days=1)
"""The checks that show an incident's recovery are searched this long before its end; an incident may last months."""

UNKNOWN = "Incident not found"


class IncidentPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some incidents, and their total number; None when the caller did not request it. `servers` are where the checks
    of their monitors connect, by the monitors' public ids.
    """

    incidents: list[IncidentRecord]
    servers: Mapping[UUID, list[str]]
    total: int | None


class IncidentDetails(msgspec.Struct, frozen=True, kw_only=True):
    """An incident with its timeline. `servers` are where the monitor's checks connect. The checks are the first
    MOST_CHECKS of each sort, and `failed_total` is counted up to MOST_COUNTED. Results are kept for DETAIL_DAYS, so an
    older incident has none of them. `evidence_check` is the failed check that confirmed the incident.
    """

    incident: IncidentRecord
    servers: list[str]
    changes: list[ChangeRecord]
    alerts: list[Alert]
    failed: list[CheckRecord]
    failed_total: int
    recovered: list[CheckRecord]
    recovered_total: int
    evidence_check: CheckRecord | None


async def incident_history(database: Database, principal: Principal, kinds: Kinds, public_id: UUID) -> list[Incident]:
    """The monitor's latest incidents, newest first. Raises NotFoundError, ForbiddenError."""
    monitor = await get_monitor(database, principal, kinds, public_id)
    async with database.connection() as connection:
        return await incidents_of(connection, monitor.id)


async def alert_history(database: Database, principal: Principal, kinds: Kinds, public_id: UUID) -> list[Alert]:
    """The monitor's latest notifications, newest first. Raises NotFoundError, ForbiddenError."""
    monitor = await get_monitor(database, principal, kinds, public_id)
    async with database.connection() as connection:
        return await alerts_of(connection, monitor.id)


async def incidents_of(connection: Connection, monitor_id: int) -> list[Incident]:
    return await store.incidents_of(connection, monitor_id, MOST_INCIDENTS)


async def alerts_of(connection: Connection, monitor_id: int) -> list[Alert]:
    return await store.alerts_of_monitor(connection, monitor_id, MOST_ALERTS)


async def list_incidents(
    database: Database, principal: Principal, *, limit: int, offset: int, counted: bool
) -> IncidentPage:
    """The incidents of the customers that the principal may see, the latest first. Raises OrganizationRequiredError."""
    organization, customers = principal.organization_id, principal.customer_ids
    found = await store.page_of(database, organization, limit=limit, offset=offset, customer_ids=customers)
    total = await store.count(database, organization, customers) if counted else None
    async with database.connection() as connection:
        servers = await servers_by_monitor(connection, found)
    return IncidentPage(incidents=found, servers=servers, total=total)


async def get_incident(database: Database, principal: Principal, public_id: UUID, now: datetime) -> IncidentDetails:
    """Raises NotFoundError, ForbiddenError."""
    async with database.connection() as connection:
        incident = await incident_for(connection, principal, Permission.READ, public_id)
        return await details_of(connection, incident, now)


async def incident_for(
    connection: Connection, principal: Principal, permission: Permission, public_id: UUID
) -> IncidentRecord:
    """The incident, when the principal has `permission` for it. Raises NotFoundError, ForbiddenError."""
    incident = await store.by_public_id(connection, limits_to(principal), public_id)
    if incident is None:
        raise NotFoundError(UNKNOWN)
    require(principal, permission, incident.organization_id, incident.customer_id)
    return incident


async def details_of(connection: Connection, incident: IncidentRecord, now: datetime) -> IncidentDetails:
    monitor = (incident.monitor_id, incident.monitor_public_id)
    began, ended = incident.outage_started_at, incident.resolved_at
    failed = await history.failed_checks(connection, *monitor, began, ended or now, limit=MOST_CHECKS)
    evidence_check = await history.failed_checks(
        connection, *monitor, began, incident.evidence.due_at, limit=1, latest=True
    )
    recovered, recovered_total = list[CheckRecord](), 0
    if ended:
        since = max(began, ended - RECOVERY)
        recovered, recovered_total = await history.recovered_checks(
            connection, *monitor, since, ended, limit=MOST_CHECKS
        )
    return IncidentDetails(
        incident=incident,
        servers=(await servers_by_monitor(connection, [incident]))[incident.monitor_public_id],
        changes=await store.changes_of(connection, incident.id),
        alerts=await store.alerts_of_incident(connection, incident.id, MOST_ALERTS),
        failed=failed,
        failed_total=await history.count_failed_checks(
            connection, incident.monitor_id, began, ended or now, at_most=MOST_COUNTED
        ),
        recovered=recovered,
        recovered_total=recovered_total,
        evidence_check=evidence_check[0] if evidence_check else None,
    )
