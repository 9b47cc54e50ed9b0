"""What people do about an incident: acknowledge it, comment on it, resolve it by hand.

Each is a change in its timeline, told as the judge's own changes are, in one transaction with the standing locked.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

import msgspec
import structlog

from controller.decisions.access import Permission
from controller.decisions.evaluation.state import Standing, closed_by_hand
from controller.errors import InvalidError, OverError
from controller.model import Principal
from controller.operations.incidents.incidents import IncidentDetails, details_of, incident_for
from controller.pipeline.incident_notifications import enqueue
from controller.store.evaluation import states
from controller.store.evaluation.states import Judged
from controller.store.incidents import events, incidents
from controller.store.incidents.events import Whose
from controller.store.incidents.incidents import StoredChange, StoredIncident
from controller.store.incidents.reading import IncidentRecord
from controller.store.platform.pool import Connection, Database
from shared.wire.rounds import to_ms

log = structlog.get_logger()

LONGEST = 2000


async def acknowledge(
    database: Database, principal: Principal, public_id: UUID, comment: str, now: datetime
) -> IncidentDetails:
    """Note that somebody looks after it; once, whoever says it again.

    Raises InvalidError, NotFoundError, ForbiddenError, OverError.
    """
    _check(comment, field="comment", least=0)
    async with _handling(database, principal, public_id) as (connection, incident, _):
        if incident.resolved_at is not None:
            raise OverError("The incident is resolved")
        if incident.acknowledged_at is None:
            await _append(connection, principal, incident, "acknowledged", comment)
    return await _now(database, principal, public_id, now)


async def comment_on(
    database: Database, principal: Principal, public_id: UUID, comment: str, now: datetime
) -> IncidentDetails:
    """Also on one that is over. Raises InvalidError, NotFoundError, ForbiddenError."""
    _check(comment, field="comment")
    async with _handling(database, principal, public_id) as (connection, incident, _):
        await _append(connection, principal, incident, "commented", comment)
    return await _now(database, principal, public_id, now)


async def resolve(
    database: Database, principal: Principal, public_id: UUID, reason: str, now: datetime
) -> IncidentDetails:
    """End it. What still fails must be confirmed anew, and then opens another one.

    Raises InvalidError, NotFoundError, ForbiddenError, OverError.
    """
    _check(reason, field="reason")
    async with _handling(database, principal, public_id) as (connection, incident, standing):
        done = await incidents.resolve(
            connection, incident.id, reason=reason, account_id=principal.account_id, token_id=principal.token_id
        )
        if done is None:
            raise OverError("The incident is resolved")
        if standing is not None:
            await _close(connection, incident, standing, reason, now)
        await _tell(connection, *done)
    return await _now(database, principal, public_id, now)


@asynccontextmanager
async def _handling(
    database: Database, principal: Principal, public_id: UUID
) -> AsyncIterator[tuple[Connection, IncidentRecord, Standing | None]]:
    """The incident as it is while the judge cannot change it."""
    async with database.transaction() as connection:
        found = await incident_for(connection, principal, Permission.HANDLE_INCIDENTS, public_id)
        standing = await states.lock(connection, found.monitor_id)
        yield connection, await incident_for(connection, principal, Permission.HANDLE_INCIDENTS, public_id), standing


async def _append(
    connection: Connection, principal: Principal, incident: IncidentRecord, kind: str, reason: str
) -> None:
    done = await incidents.append_change(
        connection,
        incident.id,
        kind=kind,
        severity=incident.severity,
        reason=reason,
        account_id=principal.account_id,
        token_id=principal.token_id,
    )
    await _tell(connection, *done)


async def _close(
    connection: Connection, incident: IncidentRecord, standing: Standing, reason: str, now: datetime
) -> None:
    closed = closed_by_hand(standing)
    if closed.verdict is not standing.verdict:
        said = f"resolved by hand: {reason}"
        closed = msgspec.structs.replace(closed, reason=said, since_ms=to_ms(now))
        await events.tell_verdict(
            connection,
            Whose(
                incident.organization_public_id,
                incident.customer_public_id,
                incident.monitor_public_id,
                incident.monitor_kind,
            ),
            verdict=closed.verdict.value,
            previous=standing.verdict.value,
            reason=said,
            at=now,
        )
    await states.save(connection, {incident.monitor_id: Judged(closed)})


async def _tell(connection: Connection, incident: StoredIncident, change: StoredChange) -> None:
    await events.tell_incident(connection, incident, change)
    await enqueue(connection, incident, change)
    log.info("incident_handled", incident_id=str(incident.public_id), change=change.kind)


async def _now(database: Database, principal: Principal, public_id: UUID, now: datetime) -> IncidentDetails:
    async with database.connection() as connection:
        incident = await incident_for(connection, principal, Permission.READ, public_id)
        return await details_of(connection, incident, now)


def _check(text: str, *, field: str, least: int = 1) -> None:
    """Lines that any reader and PostgreSQL can keep. Raises InvalidError."""
    printable = all(line.isprintable() for line in text.replace("\t", " ").splitlines())
    if not printable or not least <= len(text.strip()) or len(text) > LONGEST:
        raise InvalidError(field, f"must be {least} to {LONGEST} characters, none of them a control character")
