"""What people do about an incident: acknowledge it, comment on it, resolve it by hand.

Each is a change in the incident's timeline, announced like the changes that evaluations make, in one transaction while
the monitor's state is locked.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import msgspec
import structlog

from controller.decisions.access import Permission
from controller.decisions.acknowledgement import Lasts
from controller.decisions.evaluation.state import MonitorState, closed_by_hand
from controller.errors import AlreadyEndedError
from controller.model import Principal
from controller.model.audit import AuditAction, AuditObject, ObjectKind
from controller.operations.audit.recording import record_about
from controller.operations.incidents.comments import check_text
from controller.operations.incidents.incidents import IncidentDetails, details_of, incident_for
from controller.operations.incidents.notified import Notified, notified_in
from controller.operations.incidents.taking import take, taker_of
from controller.pipeline.incidents import announce
from controller.store.evaluation import states
from controller.store.evaluation.states import EvaluatedState
from controller.store.events.owners import EventOwner
from controller.store.incidents import acknowledging, events, groups, incidents, reading
from controller.store.incidents.incidents import StoredChange, StoredIncident
from controller.store.incidents.reading import IncidentRecord
from controller.store.platform.pool import Connection, Database, OneTransaction
from shared.epoch import to_ms

log = structlog.get_logger()

Requirement: TypeAlias = Callable[[IncidentDetails, Notified], None]
"""Checks the incident as it is before the action, while nobody else can change it; PreconditionFailedError refuses."""


async def acknowledge(
    database: Database,
    principal: Principal,
    public_id: UUID,
    comment: str,
    now: datetime,
    *,
    lasts: Lasts = Lasts.RESOLVED,
    require_state: Requirement | None = None,
) -> IncidentDetails:
    """Record that somebody takes care of the incident, for so long. While somebody has it, a second acknowledgement
    changes nothing, except that who has it may keep it for longer.

    Raises InvalidError, NotFoundError, ForbiddenError, AlreadyEndedError.
    """
    check_text(comment, field="comment", least=0)
    async with _handling(database, principal, public_id, now, require_state) as (connection, incident, _):
        if incident.resolved_at is not None:
            raise AlreadyEndedError("The incident is resolved")
        await take(connection, [incident.id], await taker_of(connection, principal), lasts, comment, now)
    return await _now(database, principal, public_id, now)


async def acknowledge_all(database: Database, principal: Principal, public_ids: Sequence[UUID], now: datetime) -> bool:
    """Acknowledge these incidents in one transaction, so that who was notified of several learns of it once. Those that
    somebody has stay as they are. Returns whether any of them is open.

    Raises NotFoundError, ForbiddenError.
    """
    async with database.transaction() as connection:
        numbers = [
            (await incident_for(connection, principal, Permission.HANDLE_INCIDENTS, one)).id for one in public_ids
        ]
        await acknowledging.lock_monitors(connection, numbers)
        still_open = [one.id for one in await reading.some(connection, numbers) if one.resolved_at is None]
        await take(connection, still_open, await taker_of(connection, principal), Lasts.RESOLVED, "", now)
    return bool(still_open)


async def comment_on(
    database: Database,
    principal: Principal,
    public_id: UUID,
    comment: str,
    now: datetime,
    *,
    require_state: Requirement | None = None,
) -> IncidentDetails:
    """Add a comment, also to an incident that is resolved. Raises InvalidError, NotFoundError, ForbiddenError."""
    check_text(comment, field="comment")
    async with _handling(database, principal, public_id, now, require_state) as (connection, incident, _):
        await _comment(connection, principal, incident, comment)
        await _record(connection, principal, AuditAction.INCIDENT_COMMENTED, incident)
    return await _now(database, principal, public_id, now)


async def resolve(
    database: Database,
    principal: Principal,
    public_id: UUID,
    reason: str,
    now: datetime,
    *,
    require_state: Requirement | None = None,
) -> IncidentDetails:
    """Resolve the incident. A failure that goes on must be confirmed anew, and then opens another incident.

    Raises InvalidError, NotFoundError, ForbiddenError, AlreadyEndedError.
    """
    check_text(reason, field="reason")
    async with _handling(database, principal, public_id, now, require_state) as (connection, incident, state):
        await groups.lock(connection, [incident.organization_id])
        done = await incidents.resolve(
            connection,
            incident.id,
            reason=reason,
            account_id=principal.account_id,
            token_id=principal.token_id,
            service=principal.service,
        )
        if done is None:
            raise AlreadyEndedError("The incident is resolved")
        if state is not None:
            await _close(connection, incident, state, reason, now)
        await _record(connection, principal, AuditAction.INCIDENT_RESOLVED, incident)
        await _announce(connection, *done)
    return await _now(database, principal, public_id, now)


@asynccontextmanager
async def _handling(
    database: Database, principal: Principal, public_id: UUID, now: datetime, require_state: Requirement | None
) -> AsyncIterator[tuple[Connection, IncidentRecord, MonitorState | None]]:
    """Yield the incident while no evaluation can change it."""
    async with database.transaction() as connection:
        found = await incident_for(connection, principal, Permission.HANDLE_INCIDENTS, public_id)
        state = await states.lock(connection, found.monitor_id)
        incident = await incident_for(connection, principal, Permission.HANDLE_INCIDENTS, public_id)
        if require_state is not None:
            require_state(await details_of(connection, incident, now), await notified_in(connection, incident.id))
        yield connection, incident, state


async def _comment(connection: Connection, principal: Principal, incident: IncidentRecord, comment: str) -> None:
    done = await incidents.append_change(
        connection,
        incident.id,
        kind="commented",
        severity=incident.severity,
        reason=comment,
        account_id=principal.account_id,
        token_id=principal.token_id,
        service=principal.service,
    )
    await _announce(connection, *done)


async def _close(
    connection: Connection, incident: IncidentRecord, state: MonitorState, reason: str, now: datetime
) -> None:
    closed = closed_by_hand(state)
    if closed.verdict is not state.verdict:
        text = f"resolved by hand: {reason}"
        closed = msgspec.structs.replace(closed, reason=text, since_ms=to_ms(now))
        await events.insert_verdict_event(
            connection,
            EventOwner(
                incident.organization_public_id,
                incident.customer_public_id,
                incident.monitor_public_id,
                incident.monitor_kind,
            ),
            verdict=closed.verdict.value,
            previous=state.verdict.value,
            reason=text,
            at=now,
        )
    await states.save(connection, {incident.monitor_id: EvaluatedState(closed)})


async def _record(connection: Connection, principal: Principal, action: AuditAction, incident: IncidentRecord) -> None:
    """What was written stands in the incident's timeline, and not in the audit log too."""
    what = AuditObject(
        kind=ObjectKind.INCIDENT,
        id=str(incident.public_id),
        name=incident.monitor_name,
        organization_id=incident.organization_id,
    )
    await record_about(OneTransaction(connection), principal, action, what)


async def _announce(connection: Connection, incident: StoredIncident, change: StoredChange) -> None:
    await announce(connection, incident, change)
    log.info("incident_handled", incident_id=str(incident.public_id), change=change.kind)


async def _now(database: Database, principal: Principal, public_id: UUID, now: datetime) -> IncidentDetails:
    async with database.connection() as connection:
        incident = await incident_for(connection, principal, Permission.READ, public_id)
        return await details_of(connection, incident, now)
