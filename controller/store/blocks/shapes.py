"""What checks in blocks have in common, kept as long as a block refers to it."""

from __future__ import annotations

from datetime import datetime

from controller.store.platform.pool import Database


async def forget_shapes(db: Database, blocks_since: datetime) -> None:
    """Remove those that only blocks used whose month ended before this moment. Raises StoreUnavailableError."""
    async with db.connection() as connection:
        await connection.execute(
            "DELETE FROM result_shape WHERE used_until < date_trunc('month', $1::timestamptz, 'UTC')"
            " - interval '1 day'",
            blocks_since,
        )
