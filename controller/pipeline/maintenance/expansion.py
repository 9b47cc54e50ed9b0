"""Writes ahead when windows are, and anew when the rules of time zones changed."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import structlog

from controller.metrics.counts import Counts
from controller.store.maintenance import occurring
from controller.store.maintenance.zone_data import zone_data_version
from controller.store.platform.pool import Database
from shared.clock import utc_now

log = structlog.get_logger()

EXPAND_SECONDS = 60.0

_AT_ONCE = 50


class Expander:
    """Writes the occurrences of the next 40 days, and all of them anew when the time zone database changed."""

    def __init__(self, db: Database, counts: Counts | None = None) -> None:
        self._db = db
        self._counts = counts or Counts()
        self._zone_data = zone_data_version()

    async def expand_due(self) -> None:
        """Raises StoreUnavailableError."""
        version = zone_data_version()
        if version != self._zone_data:
            log.info("zone_data_changed", version=version)
            ZoneInfo.clear_cache()
            self._zone_data = version
        while True:
            async with self._db.transaction() as connection:
                found = await occurring.expand_due(connection, utc_now(), version, _AT_ONCE)
            self._counts.maintenance_expansions.add((), len(found))
            if len(found) < _AT_ONCE:
                break
        async with self._db.connection() as connection:
            await occurring.forget_past(connection, utc_now())
