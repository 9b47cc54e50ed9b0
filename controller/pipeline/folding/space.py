"""Give back the space of rows that were put into blocks, a day at a time."""

from __future__ import annotations

import structlog

from controller.store.blocks import space
from controller.store.platform.pool import Database
from shared.epoch import to_text

log = structlog.get_logger()

SPACE_SECONDS = 600.0


async def give_back_space(db: Database) -> None:
    """Of all days that are folded. Raises StoreUnavailableError."""
    while (day := await space.next_day(db)) is not None:
        if not await space.compact(db, day):
            log.info("space_kept", day=to_text(day), reason="others use the partition")
            return
        log.info("space_given_back", day=to_text(day))
