"""The names of monitors, read from the database at the start and again when an unknown monitor appears."""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import UUID

import structlog

from controller.store.monitors.names import monitor_names
from controller.store.platform.pool import Database, StoreUnavailableError

log = structlog.get_logger()

REREAD_SECONDS = 5.0


class Names:
    """Without the database it returns public ids, and logs a warning once."""

    def __init__(self, database: Database, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._monotonic = monotonic
        self._names: dict[UUID, str] = {}
        self._read_at: float | None = None
        self._logged = False

    async def name(self, monitor: UUID) -> str:
        """For an unknown monitor the names are read again, at most every REREAD_SECONDS."""
        if monitor not in self._names and self._may_read_again():
            await self.refresh()
        return self._names.get(monitor) or str(monitor)

    async def refresh(self) -> None:
        self._read_at = self._monotonic()
        try:
            self._names = await monitor_names(self._database)
        except StoreUnavailableError as error:
            if not self._logged:
                self._logged = True
                log.warning("names_unavailable", error=str(error))
        else:
            self._logged = False

    def known(self) -> list[str]:
        return list(self._names.values())

    def _may_read_again(self) -> bool:
        return self._read_at is None or self._monotonic() - self._read_at >= REREAD_SECONDS
