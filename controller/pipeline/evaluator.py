"""Take every look whose votes are there or will not come any more, and write down what it leads to.

Everything a look leads to is one transaction, with the monitor's standing locked: the standing, the incident and its
timeline, who is to be told, the events, a recheck. So whoever dies, nothing is lost and nothing happens twice; and any
number of controllers judge side by side.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog

from controller.decisions.evaluation.evaluation import Judgement, Told, WaitingLook, judge
from controller.decisions.evaluation.state import RECHECK_SECONDS, ChangeKind, Standing, VerdictKind
from controller.decisions.schedule.eligibility import configured
from controller.pipeline import incident_notifications
from controller.store.evaluation import evaluated_monitors, evaluations, probe_problems, rechecks, states
from controller.store.evaluation.evaluated_monitors import JudgedMonitor
from controller.store.evaluation.evaluations import NotedLook, Testified
from controller.store.evaluation.probe_problems import Dislike
from controller.store.evaluation.states import Judged
from controller.store.incidents import events, incidents
from controller.store.incidents.incidents import NewIncident, StoredChange, StoredIncident
from controller.store.platform.pool import Connection, Database, StoreUnavailableError
from shared.wire.rounds import to_datetime, to_ms

log = structlog.get_logger()

JUDGE_SECONDS = 0.2
FORSAKEN_SECONDS = 1.0
AT_ONCE = 50
_TROUBLED_MS = 60_000


async def judge_looks(db: Database, at_once: int = AT_ONCE) -> None:
    """All looks that wait. A monitor that cannot be judged is logged and left alone for a minute.

    Raises StoreUnavailableError.
    """
    await states.begin_missing(db)
    while True:
        try:
            if not await judge_some(db, at_once):
                return
        except StoreUnavailableError:
            raise
        except Exception:
            log.exception("looks_not_judged")
            await _one_by_one(db, at_once)


async def judge_some(db: Database, at_once: int = AT_ONCE, *, only: int | None = None) -> bool:
    """The looks of so many monitors, or of one; whether there were any. Raises StoreUnavailableError."""
    async with db.transaction() as connection:
        claimed = await states.claim(connection, at_once, only=only)
        if claimed:
            await _judge(connection, claimed)
    return bool(claimed)


async def _one_by_one(db: Database, at_once: int) -> None:
    """Find the monitors that cannot be judged, so that they do not hold up the others."""
    for monitor_id in await evaluations.waiting(db, at_once):
        try:
            await judge_some(db, only=monitor_id)
        except StoreUnavailableError:
            raise
        except Exception:
            log.exception("monitor_not_judged", monitor_id=monitor_id)
            async with db.transaction() as connection:
                now = await evaluations.now(connection)
                await evaluations.postpone(connection, {monitor_id: to_ms(now) + _TROUBLED_MS})


async def _judge(connection: Connection, claimed: Mapping[int, Standing]) -> None:
    now = await evaluations.now(connection)
    monitors = await evaluated_monitors.judged_monitors(connection, list(claimed))
    locations = await evaluated_monitors.enabled_locations(connection)
    noted = await evaluations.noted(connection, list(claimed))
    heard = await evaluations.testimonies(connection, noted)
    of_monitor: dict[int, list[NotedLook]] = defaultdict(list)
    for look in noted:
        of_monitor[look.monitor_id].append(look)
    made: dict[int, Judgement] = {}
    for number, own in of_monitor.items():
        known = monitors[number]
        if known.watched:
            made[number] = judge(
                known.monitor,
                known.policy,
                configured(locations, known.monitor.allowed_check_country_codes),
                claimed[number],
                [_waiting(look, heard[look]) for look in own],
                to_ms(now),
                retries=known.retries,
            )
    await _write_down(connection, monitors, of_monitor, made, now)


def _waiting(look: NotedLook, testified: Testified) -> WaitingLook:
    return WaitingLook(to_ms(look.due_at), look.purpose, to_ms(look.ripe_at), testified.heard, testified.retries)


async def _write_down(
    connection: Connection,
    monitors: Mapping[int, JudgedMonitor],
    noted: Mapping[int, Sequence[NotedLook]],
    made: Mapping[int, Judgement],
    now: datetime,
) -> None:
    """Looks of monitors without a judgement are dropped: nobody watches those."""
    done = [look for number, own in noted.items() for look in own[: made[number].taken if number in made else None]]
    await evaluations.remove(connection, done)
    waits = {number: one.wait_until_ms for number, one in made.items() if one.wait_until_ms is not None}
    await evaluations.postpone(connection, waits)
    await states.save(
        connection,
        {number: Judged(one.standing, one.blind_ids) for number, one in made.items() if one.blind_ids is not None},
    )
    since = {number: one.left_rest_ms for number, one in made.items() if one.left_rest_ms is not None}
    await evaluations.note_since(connection, since)
    again = {number: one.recheck_of_ms for number, one in made.items() if one.recheck_of_ms is not None}
    await rechecks.insert_rechecks(connection, again, to_ms(now) + int(RECHECK_SECONDS * 1000))
    await probe_problems.note(
        connection, [Dislike(number, *disliked) for number, one in made.items() for disliked in one.disliked]
    )
    for number, one in made.items():
        await _tell_turns(connection, monitors[number], one)
    changed = [number for number, one in made.items() if one.told]
    opened = await incidents.open_incidents(connection, changed) if changed else {}
    for number in changed:
        incident = opened.get(number)
        for told in made[number].told:
            incident = await _record(connection, monitors[number], incident, told)


async def _tell_turns(connection: Connection, known: JudgedMonitor, made: Judgement) -> None:
    for turn in made.turns:
        log.debug(
            "verdict_changed",
            monitor_id=str(known.whose.monitor),
            verdict=turn.verdict.value,
            previous=turn.previous.value,
            reason=turn.reason,
        )
        await events.tell_verdict(
            connection,
            known.whose,
            verdict=turn.verdict.value,
            previous=turn.previous.value,
            reason=turn.reason,
            at=turn.evidence.due_at,
            evidence=turn.evidence,
        )


async def _record(
    connection: Connection, known: JudgedMonitor, incident: StoredIncident | None, told: Told
) -> StoredIncident | None:
    """Write a change into the timeline and have it told; the incident, None when it is not open any more."""
    kind, severity, reason, outage_started_ms = told.change
    if kind is ChangeKind.RESOLVED:
        if incident is not None:
            await _end(connection, known, incident, reason, told)
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
                failure=told.failure,
                evidence=told.evidence,
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
            evidence=told.evidence,
        )
    await _announce(connection, known, incident, change)
    return incident


async def _end(
    connection: Connection, known: JudgedMonitor, incident: StoredIncident, reason: str, told: Told | None = None
) -> None:
    resolved = await incidents.resolve(connection, incident.id, reason=reason, evidence=told.evidence if told else None)
    if resolved is not None:
        await _announce(connection, known, *resolved)


async def _announce(
    connection: Connection, known: JudgedMonitor, incident: StoredIncident, change: StoredChange
) -> None:
    log.info(
        "incident_changed",
        monitor_id=str(known.whose.monitor),
        incident_id=str(incident.public_id),
        change=change.kind,
        severity=change.severity,
        reason=change.reason,
    )
    await events.tell_incident(connection, incident, change, known.whose)
    await incident_notifications.enqueue(connection, incident, change)


async def end_forsaken(db: Database) -> None:
    """End the incidents of monitors that nobody watches any more, or that check something else now: their recovery
    would never be seen. One that cannot be ended is logged. Raises StoreUnavailableError.
    """
    for monitor_id in await incidents.forsaken(db):
        try:
            await _end_forsaken(db, monitor_id)
        except StoreUnavailableError:
            raise
        except Exception:
            log.exception("incident_not_ended", monitor_id=monitor_id)


async def _end_forsaken(db: Database, monitor_id: int) -> None:
    async with db.transaction() as connection:
        standing = await states.lock(connection, monitor_id)
        reason = await incidents.why_forsaken(connection, monitor_id)
        incident = (await incidents.open_incidents(connection, [monitor_id])).get(monitor_id)
        if standing is None or reason is None or incident is None:
            return
        known = (await evaluated_monitors.judged_monitors(connection, [monitor_id]))[monitor_id]
        now = await evaluations.now(connection)
        forgotten = Standing(reason=reason, since_ms=to_ms(now), taken_ms=standing.taken_ms)
        await states.save(connection, {monitor_id: Judged(forgotten)})
        if standing.verdict is not VerdictKind.UNKNOWN:
            await events.tell_verdict(
                connection,
                known.whose,
                verdict=VerdictKind.UNKNOWN.value,
                previous=standing.verdict.value,
                reason=reason,
                at=now,
            )
        await _end(connection, known, incident, reason)
