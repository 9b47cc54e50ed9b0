"""A connection whose work was cut off goes back to the pool as good as new."""

from __future__ import annotations

import asyncio
import select
import socket

import asyncpg

from controller.store.pool import Database


async def test_work_that_is_cut_off_leaves_no_transaction_and_no_lock(database_url: str) -> None:
    """Cut off the moment that its statement is prepared: the server would wait for what to do with that."""
    sockets: asyncio.Queue[socket.socket] = asyncio.Queue()

    async def work() -> None:
        async with database.connection() as connection:
            sockets.put_nowait(connection._con._transport.get_extra_info("socket"))  # type: ignore[union-attr]
            await connection.fetch("SELECT name FROM monitor")

    async with Database.open(database_url, size=1) as database:
        async with database.connection() as connection:
            pid = connection.get_server_pid()
        working = asyncio.create_task(work())
        connected = await sockets.get()
        assert select.select([connected], [], [], 10)[0]
        await asyncio.sleep(0)  # what was told is read in this turn of the loop, but after this
        working.cancel()
        await asyncio.wait([working])
        assert working.cancelled()
        watching = await asyncpg.connect(database_url, timeout=10)
        try:
            assert await watching.fetchval("SELECT state FROM pg_stat_activity WHERE pid = $1", pid) == "idle"
            assert await watching.fetchval("SELECT count(*) FROM pg_locks WHERE pid = $1", pid) == 0
        finally:
            await watching.close(timeout=10)
        async with database.connection() as connection:
            assert connection.get_server_pid() == pid
