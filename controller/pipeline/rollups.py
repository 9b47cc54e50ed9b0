"""Roll up each hour some minutes after its end, each day after its last hour, and both again after late results.

Every controller tries; one that finds the lock taken, or the hour finished, leaves it to the other. Doing it twice
changes nothing until the hour is finished; then its rows go into blocks.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import structlog

from controller.decisions.history.retention import RetentionChoice, kept, limited, results_since
from controller.decisions.history.views import DAY_SECONDS, floor
from controller.store.platform.pool import Connection, Database
from controller.store.retention import choices, packages, removal
from controller.store.retention.packages import CustomerFloor
from controller.store.rollups import progress, rollups
from controller.store.rollups.rollups import HOUR, Part
from shared.clock import utc_now
from shared.epoch import to_text

log = structlog.get_logger()

ROLL_UP_SECONDS = 10.0
SETTLED = timedelta(minutes=8)
"""After this time nearly every check of an hour has ended: it starts at most a minute late and takes at most five."""

_MONITORS_AT_ONCE = 100
_LATE_AT_ONCE = 500
_DAY = timedelta(days=1)
_MARGIN = timedelta(hours=1)
"""Late results are not rolled up any more when theirs are to be removed so soon, perhaps while that is done."""


async def roll_up(db: Database, now: datetime | None = None) -> None:
    """Roll up every hour and day that is due. Raises StoreUnavailableError."""
    settled = (now or utc_now()) - SETTLED
    while (hour := await progress.close_hour(db, settled)) is not None:
        if not await _roll_hour(db, hour):
            return
        log.debug("hour_rolled_up", hour=to_text(hour))
    while await _roll_late(db, now or utc_now()):
        pass


async def _roll_hour(db: Database, hour: datetime) -> bool:
    """Returns False when another controller does it, or has done it."""
    if not await _for_all(db, hour, hour, rollups.roll_hours):
        return False
    ended = hour + HOUR
    if floor(ended, DAY_SECONDS) == ended and not await _for_all(db, hour, ended - _DAY, rollups.roll_days):
        return False
    async with progress.rollup_transaction(db) as connection:
        if connection is None:
            return False
        await progress.finish_hour(connection, hour)
    return True


async def _for_all(db: Database, hour: datetime, at: datetime, roll: rollups.Roll) -> bool:
    monitors = await progress.monitors_after(db, 0, _MONITORS_AT_ONCE)
    while monitors:
        async with progress.rollup_transaction(db) as connection:
            if connection is None or await progress.is_finished(connection, hour):
                return False
            await roll(connection, [Part(monitor, at) for monitor in monitors])
        await asyncio.sleep(0)
        monitors = await progress.monitors_after(db, monitors[-1], _MONITORS_AT_ONCE)
    return True


async def _roll_late(db: Database, now: datetime) -> bool:
    """Returns whether more may be due."""
    async with progress.rollup_transaction(db) as connection:
        if connection is None:
            return False
        floors = await _floors(connection, now)
        taken, rolled_until = await progress.take_due(connection, _LATE_AT_ONCE, floors)
        for start in range(0, len(taken), _MONITORS_AT_ONCE):
            await rollups.roll_late_hours(connection, taken[start : start + _MONITORS_AT_ONCE])
        ended = floor(rolled_until, DAY_SECONDS)
        days = sorted({Part(part.monitor_id, floor(part.at, DAY_SECONDS)) for part in taken if part.at < ended})
        await rollups.roll_days(connection, days)
    if taken:
        log.info("late_results_rolled_up", hours=len(taken), days=len(days))
    return bool(taken)


async def _floors(connection: Connection, now: datetime) -> progress.Floors:
    """What was removed once stays so, though a longer time was chosen since."""
    at = now + _MARGIN
    installation = await choices.of_installation(connection)
    own = await choices.of_organizations(connection)
    removed = await removal.results_removed_until(connection)

    def floor_of(organization: int | None, choice: RetentionChoice) -> datetime:
        since = results_since(kept(installation, choice, at), at)
        return max([since, *(removed[one] for one in {organization, None} & removed.keys())])

    chosen = {one.organization_id: one.choice for one in own}

    def floor_of_customer(one: CustomerFloor) -> datetime:
        held = kept(installation, chosen.get(one.organization_id, RetentionChoice()), at)
        since = results_since(limited(held, one.months), at)
        return max(since, one.removed_until or since)

    return progress.Floors(
        floor_of(None, RetentionChoice()),
        {number: floor_of(number, choice) for number, choice in chosen.items()},
        {one.customer_id: floor_of_customer(one) for one in await packages.floors_of_customers(connection)},
    )
