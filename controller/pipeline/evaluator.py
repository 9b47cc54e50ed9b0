"""Evaluate the results of each round and recheck as soon as all votes are there or their time is over.

Everything that an evaluation changes is written in one transaction, while the monitor's state is locked: the state, the
incident and its timeline, the notifications, the events, a recheck. So nothing is lost and nothing happens twice when a
controller dies, and several controllers can evaluate side by side.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog

from controller.decisions.evaluation.doubts import NO_DOUBTS
from controller.decisions.evaluation.evaluate import EvaluationOutcome, WaitingEvaluation, evaluate
from controller.decisions.evaluation.state import ChangeKind, MonitorState
from controller.decisions.maintenance.at_locations import LocationTime, maintained_for
from controller.decisions.schedule.eligibility import configured
from controller.decisions.schedule.rounds import RECHECK_SECONDS
from controller.kinds import words_of
from controller.pipeline.incidents import record_change, record_verdict_changes
from controller.store.comparison import suspicions
from controller.store.evaluation import evaluated_monitors, evaluations, probe_problems, rechecks, states, unconfirmed
from controller.store.evaluation.evaluated_monitors import EvaluatedMonitor
from controller.store.evaluation.evaluations import CheckOutcomes, DueEvaluation
from controller.store.evaluation.probe_problems import ProbeRefusal
from controller.store.evaluation.states import EvaluatedState
from controller.store.incidents import groups, incidents
from controller.store.locations import canaries
from controller.store.maintenance.at_locations import location_times
from controller.store.platform.pool import Connection, Database, StoreUnavailableError
from shared.epoch import to_ms

log = structlog.get_logger()

EVALUATE_SECONDS = 0.2
AT_ONCE = 50
_PAUSE_AFTER_FAILURE_MS = 60_000


async def evaluate_due(db: Database, at_once: int = AT_ONCE) -> None:
    """Take all evaluations that wait, and then the canaries that are stored. A monitor whose evaluation fails is logged
    and left alone for a minute.

    Raises StoreUnavailableError.
    """
    await states.insert_missing(db)
    while True:
        try:
            if not await evaluate_some(db, at_once):
                await canaries.note_evaluated(db)
                return
        except StoreUnavailableError:
            raise
        except Exception:
            log.exception("evaluations_failed")
            await _one_by_one(db, at_once)


async def evaluate_some(db: Database, at_once: int = AT_ONCE, *, only: int | None = None) -> bool:
    """Take the evaluations of up to `at_once` monitors, or of the monitor `only`. Returns whether there were any.

    Raises StoreUnavailableError.
    """
    async with db.transaction() as connection:
        claimed = await states.claim(connection, at_once, only=only)
        if claimed:
            await _evaluate(connection, claimed)
    return bool(claimed)


async def _one_by_one(db: Database, at_once: int) -> None:
    """Find the monitors whose evaluation fails, so that they do not hold up the others."""
    for monitor_id in await evaluations.waiting(db, at_once):
        try:
            await evaluate_some(db, only=monitor_id)
        except StoreUnavailableError:
            raise
        except Exception:
            log.exception("monitor_not_evaluated", monitor_id=monitor_id)
            async with db.transaction() as connection:
                now = await evaluations.now(connection)
                await evaluations.postpone(connection, {monitor_id: to_ms(now) + _PAUSE_AFTER_FAILURE_MS})


async def _evaluate(connection: Connection, claimed: Mapping[int, MonitorState]) -> None:
    now = await evaluations.now(connection)
    monitors = await evaluated_monitors.evaluated_monitors(connection, list(claimed))
    locations = await evaluated_monitors.enabled_locations(connection)
    noted = await evaluations.noted(connection, list(claimed))
    outcomes = await evaluations.outcomes_of(connection, noted)
    doubts = await suspicions.doubts_of(connection, list(claimed))
    times = await _location_times(connection, monitors, noted)
    of_monitor: dict[int, list[DueEvaluation]] = defaultdict(list)
    for evaluation in noted:
        of_monitor[evaluation.monitor_id].append(evaluation)
    made: dict[int, EvaluationOutcome] = {}
    for number, own in of_monitor.items():
        known = monitors[number]
        if known.watched:
            made[number] = evaluate(
                known.monitor,
                known.policy,
                configured(locations, known.monitor.allowed_check_country_codes),
                claimed[number],
                [_waiting(evaluation, outcomes[evaluation]) for evaluation in own],
                to_ms(now),
                retries=known.retries,
                words=words_of(known.monitor.kind).verdict,
                doubts=doubts.get(number, NO_DOUBTS),
                maintained=maintained_for(times, known.organization_id, known.customer_id),
            )
    await _write_down(connection, monitors, of_monitor, made, now)


async def _location_times(
    connection: Connection, monitors: Mapping[int, EvaluatedMonitor], noted: Sequence[DueEvaluation]
) -> list[LocationTime]:
    """When locations are under maintenance, as far as these evaluations reach."""
    if not noted:
        return []
    moments = [evaluation.due_at for evaluation in noted]
    organizations = {known.organization_id for known in monitors.values()}
    return await location_times(connection, organizations, min(moments), max(moments))


def _waiting(evaluation: DueEvaluation, known: CheckOutcomes) -> WaitingEvaluation:
    return WaitingEvaluation(
        to_ms(evaluation.due_at), evaluation.purpose, to_ms(evaluation.ripe_at), known.outcomes, known.retries
    )


async def _write_down(
    connection: Connection,
    monitors: Mapping[int, EvaluatedMonitor],
    noted: Mapping[int, Sequence[DueEvaluation]],
    made: Mapping[int, EvaluationOutcome],
    now: datetime,
) -> None:
    """Evaluations of monitors that are disabled or deleted are dropped."""
    done = [
        evaluation
        for number, own in noted.items()
        for evaluation in own[: made[number].taken if number in made else None]
    ]
    await evaluations.remove(connection, done)
    waits = {number: one.wait_until_ms for number, one in made.items() if one.wait_until_ms is not None}
    await evaluations.postpone(connection, waits)
    await states.save(
        connection,
        {number: EvaluatedState(one.state, one.blind_ids) for number, one in made.items() if one.blind_ids is not None},
    )
    since = {number: one.became_unstable_ms for number, one in made.items() if one.became_unstable_ms is not None}
    await evaluations.note_since(connection, since)
    again = {number: one.recheck_of_ms for number, one in made.items() if one.recheck_of_ms is not None}
    await rechecks.insert_rechecks(connection, again, to_ms(now) + RECHECK_SECONDS * 1000)
    await rechecks.withdraw_rechecks(connection, [(number, one.withdrawn_ms) for number, one in made.items()])
    await rechecks.insert_regional_rechecks(connection, [(number, one.rechecks) for number, one in made.items()])
    await probe_problems.note(
        connection,
        [ProbeRefusal(number, *probe_blocked) for number, one in made.items() for probe_blocked in one.probe_blocked],
    )
    await _write_down_unconfirmed(connection, made)
    for number, one in made.items():
        await record_verdict_changes(connection, monitors[number], one)
    changed = [number for number, one in made.items() if one.changes]
    if changed:
        await groups.lock(connection, {monitors[number].organization_id for number in changed})
    opened = await incidents.open_incidents(connection, changed) if changed else {}
    for number in changed:
        incident = opened.get(number)
        for recorded in made[number].changes:
            incident = await record_change(connection, monitors[number], incident, recorded)


async def _write_down_unconfirmed(connection: Connection, made: Mapping[int, EvaluationOutcome]) -> None:
    """Failures without an incident, until an incident follows them. Costs no query while nothing fails."""
    await unconfirmed.note(
        connection, [(number, failure) for number, one in made.items() for failure in one.unconfirmed]
    )
    await unconfirmed.note_passed(
        connection, {number: one.passed_again for number, one in made.items() if one.passed_again is not None}
    )
    opened = {
        number: recorded.change.outage_started_ms
        for number, one in made.items()
        for recorded in one.changes
        if recorded.change.kind is ChangeKind.OPENED
    }
    await unconfirmed.note_incidents(connection, opened)
