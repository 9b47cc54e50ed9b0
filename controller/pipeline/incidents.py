"""Turn what an evaluation found into changes of incidents, and hand each change on: to subscribers as an event, to
people as notifications.

Call every function that takes a connection in the transaction that made the change: all of it is stored, or none.
"""

from __future__ import annotations

import structlog

from controller.decisions.evaluation.evaluate import EvaluationOutcome, RecordedChange
from controller.decisions.evaluation.state import ChangeKind, MonitorState, VerdictKind
from controller.pipeline.notifications import incident_notifications
from controller.store.evaluation import evaluated_monitors, evaluations, states
from controller.store.evaluation.evaluated_monitors import EvaluatedMonitor
from controller.store.evaluation.states import EvaluatedState
from controller.store.events.owners import EventOwner
from controller.store.incidents import events, groups, incidents
from controller.store.incidents.incidents import NewIncident, StoredChange, StoredIncident
from controller.store.platform.pool import Connection, Database, StoreUnavailableError
from shared.epoch import to_datetime, to_ms

log = structlog.get_logger()

ORPHANS_SECONDS = 1.0


async def record_verdict_changes(connection: Connection, known: EvaluatedMonitor, outcome: EvaluationOutcome) -> None:
    """Queue an event for each change of the verdict."""
    for verdict_change in outcome.verdict_changes:
        log.debug(
            "verdict_changed",
            monitor_id=str(known.event_owner.monitor),
            verdict=verdict_change.verdict.value,
            previous=verdict_change.previous.value,
            reason=verdict_change.reason,
        )
        await events.insert_verdict_event(
            connection,
            known.event_owner,
            verdict=verdict_change.verdict.value,
            previous=verdict_change.previous.value,
            reason=verdict_change.reason,
            at=verdict_change.evidence.due_at,
            evidence=verdict_change.evidence,
        )


async def record_change(
    connection: Connection, known: EvaluatedMonitor, incident: StoredIncident | None, recorded: RecordedChange
) -> StoredIncident | None:
    """Write a change into the timeline of the monitor's open incident, or open one. Returns the incident, or None when
    the change ended it.
    """
    kind, severity, reason, outage_started_ms = recorded.change
    if kind is ChangeKind.RESOLVED:
        if incident is not None:
            await _end(connection, known, incident, reason, recorded)
        return None
    if incident is None:
        incident, change = await incidents.open_incident(
            connection,
            NewIncident(
                organization_id=known.organization_id,
                customer_id=known.customer_id,
                monitor_id=known.monitor.id,
                severity=severity.value,
                reason=reason,
                failure=recorded.failure,
                evidence=recorded.evidence,
                outage_started_at=to_datetime(outage_started_ms),
            ),
        )
    else:
        incident, change = await incidents.append_change(
            connection,
            incident.id,
            kind=kind.value,
            severity=severity.value,
            reason=reason,
            evidence=recorded.evidence,
        )
    await _announce_own(connection, known, incident, change)
    return incident


async def announce(
    connection: Connection, incident: StoredIncident, change: StoredChange, event_owner: EventOwner | None = None
) -> None:
    """Queue the event and the notifications of a change. `event_owner` is read from the database when the caller
    does not have it.
    """
    await events.insert_incident_event(connection, incident, change, event_owner)
    await incident_notifications.enqueue(connection, incident, change)


async def end_orphaned(db: Database) -> None:
    """End the incidents of monitors that are disabled or deleted, or that check another server now: their recovery
    would never show. An incident that cannot be ended is logged. Raises StoreUnavailableError.
    """
    for monitor_id in await incidents.orphaned(db):
        try:
            await _end_orphaned(db, monitor_id)
        except StoreUnavailableError:
            raise
        except Exception:
            log.exception("orphaned_incident_failed", monitor_id=monitor_id)


async def _end_orphaned(db: Database, monitor_id: int) -> None:
    async with db.transaction() as connection:
        state = await states.lock(connection, monitor_id)
        reason = await incidents.why_orphaned(connection, monitor_id)
        incident = (await incidents.open_incidents(connection, [monitor_id])).get(monitor_id)
        if state is None or reason is None or incident is None:
            return
        known = (await evaluated_monitors.evaluated_monitors(connection, [monitor_id]))[monitor_id]
        now = await evaluations.now(connection)
        forgotten = MonitorState(reason=reason, since_ms=to_ms(now), taken_ms=state.taken_ms)
        await states.save(connection, {monitor_id: EvaluatedState(forgotten)})
        if state.verdict is not VerdictKind.UNKNOWN:
            await events.insert_verdict_event(
                connection,
                known.event_owner,
                verdict=VerdictKind.UNKNOWN.value,
                previous=state.verdict.value,
                reason=reason,
                at=now,
            )
        await _end(connection, known, incident, reason)


async def _end(
    connection: Connection,
    known: EvaluatedMonitor,
    incident: StoredIncident,
    reason: str,
    recorded: RecordedChange | None = None,
) -> None:
    await groups.lock(connection, [known.organization_id])
    resolved = await incidents.resolve(
        connection, incident.id, reason=reason, evidence=recorded.evidence if recorded else None
    )
    if resolved is not None:
        await _announce_own(connection, known, *resolved)


async def _announce_own(
    connection: Connection, known: EvaluatedMonitor, incident: StoredIncident, change: StoredChange
) -> None:
    log.info(
        "incident_changed",
        monitor_id=str(known.event_owner.monitor),
        incident_id=str(incident.public_id),
        change=change.kind,
        severity=change.severity,
        reason=change.reason,
    )
    await announce(connection, incident, change, known.event_owner)
