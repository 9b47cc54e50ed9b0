"""Roll up each hour some minutes after its end, each day after its last hour, and both again after late results.

Every controller tries; one that finds the lock taken leaves it to the other. Doing it twice changes nothing.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import structlog

from controller.decisions.history.views import DAY_SECONDS, floor
from controller.store.platform.pool import Database
from controller.store.rollups import progress, rollups
from controller.store.rollups.rollups import HOUR, Part
from shared.clock import utc_now

log = structlog.get_logger()

ROLL_UP_SECONDS = 10.0
SETTLED = timedelta(minutes=8)
"""After this time nearly every check of an hour has ended: it starts at most a minute late and takes at most five."""

_MONITORS_AT_ONCE = 100
_LATE_AT_ONCE = 500
_DAY = timedelta(days=1)


async def roll_up(db: Database, now: datetime | None = None) -> None:
    """Roll up every hour and day that is due. Raises StoreUnavailableError."""
    now = now or utc_now()
    while (hour := await progress.close_hour(db, now - SETTLED)) is not None:
        if not await _roll_hour(db, hour):
            return
        log.debug("hour_rolled_up", hour=hour.isoformat())
    while await _roll_late(db):
        pass


async def _roll_hour(db: Database, hour: datetime) -> bool:
    """Returns False when another controller holds the lock."""
    if not await _for_all(db, hour, rollups.roll_hours):
        return False
    ended = hour + HOUR
    if floor(ended, DAY_SECONDS) == ended and not await _for_all(db, ended - _DAY, rollups.roll_days):
        return False
    await progress.finish_hour(db, hour)
    return True


async def _for_all(db: Database, at: datetime, roll: rollups.Roll) -> bool:
    monitors = await progress.monitors_after(db, 0, _MONITORS_AT_ONCE)
    while monitors:
        async with progress.rollup_transaction(db) as connection:
            if connection is None:
                return False
            await roll(connection, [Part(monitor, at) for monitor in monitors])
        await asyncio.sleep(0)
        monitors = await progress.monitors_after(db, monitors[-1], _MONITORS_AT_ONCE)
    return True


async def _roll_late(db: Database) -> bool:
    """Returns whether more may be due."""
    async with progress.rollup_transaction(db) as connection:
        if connection is None:
            return False
        taken, rolled_until = await progress.take_due(connection, _LATE_AT_ONCE)
        for start in range(0, len(taken), _MONITORS_AT_ONCE):
            await rollups.roll_hours(connection, taken[start : start + _MONITORS_AT_ONCE])
        ended = floor(rolled_until, DAY_SECONDS)
        days = sorted({Part(part.monitor_id, floor(part.at, DAY_SECONDS)) for part in taken if part.at < ended})
        await rollups.roll_days(connection, days)
    if taken:
        log.info("late_results_rolled_up", hours=len(taken), days=len(days))
    return bool(taken)
