"""What checks in blocks have in common, kept as long as a block refers to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from controller.store.platform.pool import Connection, Database

_FORGET_OF = """
WITH forgotten AS (
  DELETE FROM result_shape WHERE id = ANY (ARRAY(
    SELECT id FROM result_shape WHERE monitor_id = ANY ($1::bigint[]) AND used_until <= $2 LIMIT $3
  )) AND used_until <= $2 RETURNING 1
)
SELECT count(*)::integer FROM forgotten
"""


async def forget_shapes(db: Database, blocks_since: datetime) -> None:
    """Remove those that only blocks used whose month ended before this moment. Raises StoreUnavailableError."""
    async with db.connection() as connection:
        await connection.execute(
            "DELETE FROM result_shape WHERE used_until < date_trunc('month', $1::timestamptz, 'UTC')"
            " - interval '1 day'",
            blocks_since,
        )


async def forget_shapes_of(connection: Connection, monitor_ids: Sequence[int], before: datetime, limit: int) -> int:
    """Remove up to so many of these monitors that only blocks before this moment used; return how many."""
    forgotten: int = await connection.fetchval(_FORGET_OF, monitor_ids, before, limit)
    return forgotten
