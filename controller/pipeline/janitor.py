"""Housekeeping of every controller: settle checks that brought no result, keep partitions ahead, drop old ones."""

from __future__ import annotations

from datetime import timedelta

import structlog

from controller.store.dispatch import settle
from controller.store.partitions import drop_old_partitions, make_partitions
from controller.store.pool import Database
from controller.store.schedule import watermark
from shared.clock import utc_now

log = structlog.get_logger()

SETTLE_SECONDS = 1.0
PARTITION_SECONDS = 3600.0


async def settle_checks(db: Database) -> None:
    """Raises StoreUnavailableError."""
    more = True
    while more:
        more, gaps = await settle(db)
        if gaps:
            log.info("gaps_recorded", **gaps)


async def prepare_partitions(db: Database) -> None:
    """Partitions from the day scheduling stopped, or yesterday, to some days ahead. Raises StoreUnavailableError."""
    today = utc_now().date()
    stopped = (await watermark(db)).date()
    await make_partitions(db, min(stopped, today - timedelta(days=1)), today)


async def tend_partitions(db: Database) -> None:
    """Raises StoreUnavailableError."""
    await prepare_partitions(db)
    dropped = await drop_old_partitions(db, utc_now().date())
    if dropped:
        log.info("partitions_dropped", partitions=dropped)
