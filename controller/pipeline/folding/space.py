"""Give back the space of rows that were put into blocks, a day at a time, by one controller at a time."""

from __future__ import annotations

import structlog

from controller.store.blocks.space import compacting
from controller.store.platform.pool import REFUSED, Database
from shared.epoch import to_text

log = structlog.get_logger()

SPACE_SECONDS = 600.0


async def give_back_space(db: Database) -> None:
    """Of all days that are folded. A day that fails is tried again the next time, and stops no other. Raises
    StoreUnavailableError.
    """
    async with compacting(db) as compaction:
        if compaction is None:
            return
        await compaction.remove_copies()
        for day in await compaction.due_days():
            try:
                done = await compaction.compact(day)
            except (TimeoutError, REFUSED):
                log.exception("space_failed", day=to_text(day))
                continue
            if done:
                log.info("space_given_back", day=to_text(day))
            else:
                log.info("space_kept", day=to_text(day), reason="others use the partition")
        await compaction.note_done()
