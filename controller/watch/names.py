"""Monitors under the names people gave them: read once, and again when an unknown one comes."""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import UUID

import structlog

from controller.store.monitors.names import monitor_names
from controller.store.platform.pool import Database, StoreUnavailableError

log = structlog.get_logger()

AGAIN_SECONDS = 5.0


class Names:
    """Without the database it does with public ids, and says so once."""

    def __init__(self, database: Database, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._monotonic = monotonic
        self._names: dict[UUID, str] = {}
        self._read_at: float | None = None
        self._told = False

    async def name(self, monitor: UUID) -> str:
        """A monitor that nobody knows makes the names be read again, at most every AGAIN_SECONDS."""
        if monitor not in self._names and self._is_time():
            await self.refresh()
        return self._names.get(monitor) or str(monitor)

    async def refresh(self) -> None:
        self._read_at = self._monotonic()
        try:
            self._names = await monitor_names(self._database)
        except StoreUnavailableError as error:
            if not self._told:
                self._told = True
                log.warning("names_unavailable", error=str(error))
        else:
            self._told = False

    def known(self) -> list[str]:
        return list(self._names.values())

    def _is_time(self) -> bool:
        return self._read_at is None or self._monotonic() - self._read_at >= AGAIN_SECONDS
