"""Notice when PostgreSQL is away, read-only or full.

That its disk is full shows in the errors of other work (DependencyHealth.store_failed). It counts as over when a test
that needs new space succeeds.
"""

from __future__ import annotations

import asyncio

from controller.model.dependencies import Dependency
from controller.pipeline.ops.health import DependencyHealth, store_words
from controller.store.platform.pool import Database, StoreUnavailableError
from controller.store.platform.writing import require_space, require_writable

DATABASE_WATCH_SECONDS = 2.0
_PATIENCE_SECONDS = 6.0


class DatabaseWatch:
    def __init__(self, db: Database, health: DependencyHealth) -> None:
        self._db = db
        self._health = health

    async def review(self) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await require_writable(self._db)
                if Dependency.DATABASE in self._health.problems:
                    await require_space(self._db)
        except TimeoutError:
            self._health.failing(Dependency.DATABASE, store_words(StoreUnavailableError()))
        except StoreUnavailableError as error:
            self._health.failing(Dependency.DATABASE, store_words(error))
        else:
            self._health.working(Dependency.DATABASE)
