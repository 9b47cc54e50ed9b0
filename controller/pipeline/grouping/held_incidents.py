"""Notify people of incidents that were held back for a monitor that theirs depend on, when those outlast its outage."""

from __future__ import annotations

import structlog

from controller.decisions.maintenance.afterwards import PATIENCE, lasts, next_check_ms
from controller.decisions.maintenance.covering import covering
from controller.pipeline.maintenance.notifying import check_again
from controller.pipeline.notifications.incident_notifications import enqueue_released
from controller.store.evaluation import states
from controller.store.incidents import groups
from controller.store.incidents.groups import HeldIncident
from controller.store.maintenance.covered import times_around
from controller.store.platform.pool import Database, StoreUnavailableError
from shared.epoch import to_datetime

log = structlog.get_logger()

RELEASE_SECONDS = 2.0
_AT_ONCE = 50


async def release_held(db: Database) -> None:
    """Notify people of incidents that outlast the outage of the monitor that theirs depend on, once a check after its
    end shows it, or none could for PATIENCE; in a maintenance of theirs only after its end, as if that were the
    outage's. One that cannot be released is logged. Raises StoreUnavailableError.
    """
    after = 0
    while True:
        async with db.connection() as connection:
            found = await groups.held_too_long(connection, _AT_ONCE, after=after)
        for one in found:
            after = one.incident_id
            try:
                await _release(db, one)
            except StoreUnavailableError:
                raise
            except Exception:
                log.exception("held_incident_failed", incident_id=one.incident_id)
        if len(found) < _AT_ONCE:
            return


async def _release(db: Database, found: HeldIncident) -> None:
    """The monitor's state is locked meanwhile, so that no evaluation ends the incident before it was announced."""
    async with db.transaction() as connection:
        state = await states.lock(connection, found.monitor_id)
        still = await groups.held_too_long(connection, 1, only=found.incident_id)
        if state is None or not still:
            return
        one = still[0]
        times = await times_around(connection, one.monitor_id, one.over_at, one.now)
        if covering(times, one.now) is not None:
            return
        over = [time.to_at for time in times if time.to_at is not None and time.to_at <= one.now]
        over_at = max([one.over_at, *over])
        shown = to_datetime(state.taken_ms) >= over_at
        if (shown and lasts(state)) or one.now - over_at >= PATIENCE:
            await groups.lock(connection, [one.organization_id])
            await enqueue_released(connection, one.incident_id, one.change_id, state.reason)
        elif not shown:
            await check_again(connection, one.monitor_id, next_check_ms(over_at, one.now))
