"""Notifies people of outages that began during a maintenance and outlast it, once checks after its end show that."""

from __future__ import annotations

import structlog

from controller.decisions.maintenance.afterwards import AfterwardsStep, afterwards, next_check_ms
from controller.decisions.schedule.rounds import first_due_ms
from controller.notify.notice import NoticeMaintenance
from controller.pipeline.notifications.incident_notifications import enqueue_late
from controller.store.evaluation import evaluated_monitors, evaluations, rechecks, states
from controller.store.maintenance.covered import times_around
from controller.store.notifications.kept_quiet import UnnotifiedIncident, unnotified_incidents
from controller.store.platform.pool import Connection, Database, StoreUnavailableError
from shared.epoch import to_ms
from shared.wire.rounds import last_due_ms

log = structlog.get_logger()

AFTER_MAINTENANCE_SECONDS = 5.0
_AT_ONCE = 50


async def notify_after_maintenance(db: Database) -> int:
    """Notify of outages that a maintenance kept quiet and that outlast it, and have all locations check again where
    that is not known. What is to be done follows from what is stored, so it is done also when no controller ran at the
    end of the maintenance. Returns the number of deliveries. An outage whose deliveries cannot be made is logged.

    Raises StoreUnavailableError.
    """
    made = after = 0
    while True:
        async with db.connection() as connection:
            found = await unnotified_incidents(connection, _AT_ONCE, after=after)
        for one in found:
            after = one.incident_id
            try:
                made += await _notify_late(db, one)
            except StoreUnavailableError:
                raise
            except Exception:
                log.exception("late_notification_failed", incident_id=one.incident_id)
        if len(found) < _AT_ONCE:
            return made


async def _notify_late(db: Database, found: UnnotifiedIncident) -> int:
    """The monitor's state is locked meanwhile, so that no evaluation ends the incident before it was announced."""
    async with db.transaction() as connection:
        state = await states.lock(connection, found.monitor_id)
        still = await unnotified_incidents(connection, 1, only=found.incident_id)
        if state is None or not still:
            return 0
        one = still[0]
        now = await evaluations.now(connection)
        times = await times_around(connection, one.monitor_id, min(one.confirmed), now)
        step, since, until = afterwards(times, one.confirmed, state, now)
        if step is AfterwardsStep.NOTHING or since is None or until is None:
            return 0
        if step is AfterwardsStep.CHECK:
            await check_again(connection, one.monitor_id, next_check_ms(until, now))
            return 0
        maintenance = NoticeMaintenance(since=since, until=until, confirmed=step is AfterwardsStep.NOTIFY)
        return await enqueue_late(
            connection, one.incident_id, one.change_id, state.reason, maintenance, known=one.known
        )


async def check_again(connection: Connection, monitor_id: int, due_ms: int) -> None:
    """Have all locations check the monitor again at that moment."""
    monitor = (await evaluated_monitors.evaluated_monitors(connection, [monitor_id]))[monitor_id].monitor
    interval_ms = monitor.interval_seconds * 1000
    round_ms = last_due_ms(monitor.public_id, interval_ms, first_due_ms(monitor), due_ms)
    await rechecks.insert_whole_recheck(connection, monitor_id, round_ms or to_ms(monitor.target_changed_at), due_ms)
