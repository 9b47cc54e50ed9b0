"""Days of single monitors that are put into blocks once more, because checks came after that was done. Ingest notes
them (store.checks.result_insertion).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from controller.store.platform.pool import Connection


class LateDay(NamedTuple):
    """A monitor's day, by its beginning."""

    monitor_id: int
    at: datetime

    @property
    def until(self) -> datetime:
        return self.at + timedelta(days=1)


# Of a monitor whose late results still come, each is to be some time old (store.blocks.folding).
_NEXT = """
SELECT monitor_id, day FROM fold_due
WHERE noted_at < now() - make_interval(secs => $1)
  AND day < (SELECT at FROM fold_progress WHERE span_seconds = 86400)
  AND NOT EXISTS (SELECT FROM unpublished_results WHERE noted_at < now() - interval '10 minutes')
ORDER BY day, monitor_id LIMIT 1
"""


async def next_late_day(connection: Connection, *, quiet_seconds: float) -> LateDay | None:
    """One of which nothing came for so long."""
    row = await connection.fetchrow(_NEXT, quiet_seconds)
    return LateDay(*row) if row else None


async def note_folded(connection: Connection, day: LateDay) -> bool:
    """Returns False when somebody else did it."""
    status = await connection.execute("DELETE FROM fold_due WHERE monitor_id = $1 AND day = $2", *day)
    return status == "DELETE 1"
