"""Begins and ends maintenance at its moments, also what was due while no controller ran."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from controller.metrics.counts import Counts
from controller.store.maintenance import borders
from controller.store.platform.pool import Database
from shared.clock import utc_now

log = structlog.get_logger()

BORDERS_SECONDS = 1.0

_EVERYTHING = timedelta(seconds=15)
"""How often all is compared, for what changes without a border: a monitor gets a label, or another customer."""

_AT_ONCE = 1000


class Borders:
    """The loop of one controller; any number of controllers may run it beside each other."""

    def __init__(self, db: Database, counts: Counts | None = None) -> None:
        self._db = db
        self._counts = counts or Counts()
        self._compared: datetime | None = None

    async def pass_due(self) -> None:
        """Begin and end what is due, also what was due while no controller ran. Raises StoreUnavailableError."""
        now = utc_now()
        async with self._db.connection() as connection:
            since = await borders.applied_until(connection)
            late = self._compared is None or now - self._compared >= _EVERYTHING
            border = await borders.first_border(connection, since, now)
            if not late and border is None:
                return
            differing = await borders.differing(connection, since, now)
        left = 0
        for start in range(0, len(differing), _AT_ONCE):
            monitors = differing[start : start + _AT_ONCE]
            async with self._db.transaction() as connection:
                locked = await borders.lock(connection, monitors, wait=False)
                left += len(monitors) - len(locked)
                if locked:
                    applied = await borders.apply(connection, locked, since, now)
                    log.info("maintenance_changed", began=len(applied.began), ended=len(applied.ended))
        if not left:
            self._compared = now
            async with self._db.connection() as connection:
                await borders.note_applied(connection, now)
            if border is not None:
                self._counts.maintenance_lateness.observe((), (utc_now() - border).total_seconds())
