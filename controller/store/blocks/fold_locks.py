"""The locks of a transaction in which blocks are made.

None is waited for long, as others may come who would wait behind it.
"""

from __future__ import annotations

import asyncpg

from controller.store.platform import locks
from controller.store.platform.pool import Connection

_LOCK_TIMEOUT = "500ms"


async def begin(connection: Connection) -> bool:
    """Until the transaction ends no other controller makes blocks, and no partition is dropped. False when another
    controller does.
    """
    if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", locks.FOLDER):
        return False
    return await _locked(connection, "SELECT pg_advisory_xact_lock_shared($1)", locks.PARTITIONS)


async def keep_late_results_out(connection: Connection) -> bool:
    """Until the transaction ends no late result is stored. False when some are being stored for long: that takes
    moments, unless a controller froze.
    """
    return await _locked(connection, "SELECT pg_advisory_xact_lock($1)", locks.FOLD)


async def _locked(connection: Connection, statement: str, lock: int) -> bool:
    try:
        async with connection.transaction():
            await connection.execute("SELECT set_config('lock_timeout', $1, true)", _LOCK_TIMEOUT)
            await connection.execute(statement, lock)
            await connection.execute("SELECT set_config('lock_timeout', '0', true)")
    except asyncpg.LockNotAvailableError:
        return False
    return True
