"""Who was notified of an incident, and why nobody was."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from controller.decisions.access import Permission
from controller.model import DeliveryRecord, Principal, UnconfirmedRun
from controller.model.retention import UNCONFIRMED_DAYS
from controller.operations.incidents.incidents import incident_for
from controller.pipeline.notifications.incident_notifications import WhyNobody, why_nobody
from controller.store.evaluation import unconfirmed
from controller.store.incidents import reading
from controller.store.notifications import delivery_history
from controller.store.platform.pool import Connection, Database

MOST_SILENT = 50


class Notified(msgspec.Struct, frozen=True, kw_only=True):
    """The deliveries of an incident; `nobody` says why there is none, and is None when there is one."""

    deliveries: list[DeliveryRecord]
    nobody: WhyNobody | None


class UnpagedIncident(msgspec.Struct, frozen=True, kw_only=True):
    """An incident of which no notification was sent: there was none (`nobody` says why), or each one failed for good,
    was skipped, or waits; then the errors are in `failed`, `skipped` and `waiting`.
    """

    public_id: UUID
    monitor_public_id: UUID
    monitor_name: str
    severity: str
    reason: str
    flapping: bool
    started_at: datetime
    resolved_at: datetime | None
    nobody: WhyNobody | None
    failed: list[str]
    skipped: list[str]
    waiting: list[str]


class Unpaged(msgspec.Struct, frozen=True, kw_only=True):
    """Why nobody was paged in the last UNCONFIRMED_DAYS: incidents of which nobody was notified (MOST_SILENT at most),
    and failures that opened no incident, `total` of them.
    """

    incidents: list[UnpagedIncident]
    runs: list[UnconfirmedRun]
    total: int


async def notified_of(database: Database, principal: Principal, public_id: UUID) -> Notified:
    """Who was notified of an incident. Raises NotFoundError, ForbiddenError."""
    async with database.connection() as connection:
        incident = await incident_for(connection, principal, Permission.READ, public_id)
        return await notified_in(connection, incident.id)


async def notified_in(connection: Connection, incident_id: int) -> Notified:
    """Who was notified of an incident that the caller may read."""
    found = await delivery_history.deliveries_of(connection, incident_id)
    why = None
    if not found:
        opened = next((one for one in await reading.changes_of(connection, incident_id) if one.kind == "opened"), None)
        why = await why_nobody(connection, incident_id, opened.id) if opened else None
    return Notified(deliveries=found, nobody=why)


async def unpaged(
    database: Database, principal: Principal, monitor: UUID | None, now: datetime, *, limit: int, offset: int
) -> Unpaged:
    """What failed in the last UNCONFIRMED_DAYS without anybody being notified, of the monitors that the principal may
    see, or of this one.
    """
    since = now - timedelta(days=UNCONFIRMED_DAYS)
    async with database.connection() as connection:
        runs = await unconfirmed.runs(
            connection, principal.works_in, principal.customer_ids, monitor, limit=limit, offset=offset
        )
        incidents = await _silent(connection, principal, monitor, since) if not offset else []
    return Unpaged(incidents=incidents, runs=runs.runs, total=runs.total)


async def _silent(
    connection: Connection, principal: Principal, monitor: UUID | None, since: datetime
) -> list[UnpagedIncident]:
    customers = None if principal.customer_ids is None else sorted(principal.customer_ids)
    found = []
    for one in await delivery_history.silent_incidents(
        connection, since, principal.works_in, customers, monitor, limit=MOST_SILENT
    ):
        why = None
        if not (one.failed or one.skipped or one.waiting):
            why = await why_nobody(connection, one.id, one.change_id)
        found.append(
            UnpagedIncident(
                public_id=one.public_id,
                monitor_public_id=one.monitor_public_id,
                monitor_name=one.monitor_name,
                severity=one.severity,
                reason=one.reason,
                flapping=one.flapping,
                started_at=one.started_at,
                resolved_at=one.resolved_at,
                nobody=why,
                failed=one.failed,
                skipped=one.skipped,
                waiting=one.waiting,
            )
        )
    return found
