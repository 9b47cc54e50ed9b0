"""The locks of a transaction in which blocks are made."""

from __future__ import annotations

import asyncpg

from controller.store.platform import locks
from controller.store.platform.pool import Connection

_LOCK_TIMEOUT = "500ms"


async def take(connection: Connection) -> bool:
    """Until the transaction ends no other controller makes blocks, no late result is stored, and no partition is
    dropped. False when another controller makes blocks, or holds one of these locks for long.

    Late results are stored in moments, so this waits for them, but not for long: those that come wait behind it.
    """
    if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", locks.FOLDER):
        return False
    try:
        async with connection.transaction():
            await connection.execute("SELECT set_config('lock_timeout', $1, true)", _LOCK_TIMEOUT)
            await connection.execute("SELECT pg_advisory_xact_lock_shared($1)", locks.PARTITIONS)
            await connection.execute("SELECT pg_advisory_xact_lock($1)", locks.FOLD)
            await connection.execute("SELECT set_config('lock_timeout', '0', true)")
    except asyncpg.LockNotAvailableError:
        return False
    return True
