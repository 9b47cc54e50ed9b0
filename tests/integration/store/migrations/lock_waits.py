"""How long anybody waits for a lock of PostgreSQL, seen from outside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

import asyncpg

_LOOK_SECONDS = 0.02
_WAITS = """
SELECT pid, waitstart, extract(epoch FROM clock_timestamp() - waitstart)::float8 AS seconds,
  concat_ws(' ', locktype, mode, relation::regclass, classid, objid) AS lock, left(query, 200) AS statement
FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE NOT granted AND waitstart IS NOT NULL AND datname = current_database()
"""


class LockWait(NamedTuple):
    """Somebody waited for a lock at least so long."""

    seconds: float
    lock: str
    statement: str


class LockWaits:
    """All waits since it was opened: those that were seen, which is most that last longer than a look."""

    def __init__(self) -> None:
        self.looks = 0
        self._found: dict[tuple[object, ...], LockWait] = {}

    def longer_than(self, seconds: float) -> list[LockWait]:
        """The longest first."""
        return sorted((one for one in self._found.values() if one.seconds > seconds), reverse=True)

    async def look(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        for row in await connection.fetch(_WAITS):
            self._found[row["pid"], row["waitstart"]] = LockWait(row["seconds"], row["lock"], row["statement"])
        self.looks += 1


@asynccontextmanager
async def lock_waits(url: str) -> AsyncIterator[LockWaits]:
    """Of everybody who uses the database, until the end."""
    waits = LockWaits()
    connection = await asyncpg.connect(url, timeout=10, command_timeout=10)

    async def go_on_looking() -> None:
        while True:
            await waits.look(connection)
            await asyncio.sleep(_LOOK_SECONDS)

    looking = asyncio.create_task(go_on_looking())
    try:
        yield waits
        if looking.done():
            looking.result()
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
        await connection.close(timeout=10)
