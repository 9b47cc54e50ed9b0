"""A connection whose work was cancelled goes back to the pool without any leftovers."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import socket

import asyncpg
import pytest

from controller.store.platform.pool import Database, StoreUnavailableError


@pytest.mark.parametrize(
    "raised", [asyncio.CancelledError, TimeoutError], ids=["cancelled from outside", "by its own timeout"]
)
async def test_work_that_is_cut_off_leaves_no_transaction_and_no_lock(
    database_url: str, raised: type[BaseException]
) -> None:
    """It is cut off the moment its statement is prepared, when the server waits for the next message."""
    sockets: asyncio.Queue[socket.socket] = asyncio.Queue()

    async def work() -> None:
        async with database.connection() as connection:
            sockets.put_nowait(connection._con._transport.get_extra_info("socket"))  # type: ignore[union-attr]
            try:
                await connection.fetch("SELECT name FROM monitor")
            except asyncio.CancelledError:
                raise raised from None  # as asyncio.timeout does

    async with Database.open(database_url, size=1) as database:
        async with database.connection() as connection:
            pid = connection.get_server_pid()
        working = asyncio.create_task(work())
        connected = await sockets.get()
        assert select.select([connected], [], [], 10)[0]
        await asyncio.sleep(0)  # the server's answer is read in this iteration of the event loop, but after this
        working.cancel()
        await asyncio.wait([working])
        assert working.cancelled() or isinstance(working.exception(), StoreUnavailableError)
        watching = await asyncpg.connect(database_url, timeout=10)
        try:
            assert await watching.fetchval("SELECT state FROM pg_stat_activity WHERE pid = $1", pid) == "idle"
            assert await watching.fetchval("SELECT count(*) FROM pg_locks WHERE pid = $1", pid) == 0
        finally:
            await watching.close(timeout=10)
        async with database.connection() as connection:
            assert connection.get_server_pid() == pid


async def test_work_that_is_cut_off_ends_so_although_the_server_does_not_answer(database_url: str) -> None:
    """Reported as a database that is away, it would be retried by a caller that was cancelled."""
    at_work: asyncio.Queue[int] = asyncio.Queue()

    async def work() -> None:
        async with database.connection() as connection:
            at_work.put_nowait(connection.get_server_pid())
            await asyncio.sleep(60)

    async with Database.open(database_url, size=1) as database:
        working = asyncio.create_task(work())
        pid = await at_work.get()
        os.kill(pid, signal.SIGSTOP)
        try:
            working.cancel()
            await asyncio.wait([working], timeout=20)
            assert working.cancelled()
            async with database.connection() as connection:
                assert connection.get_server_pid() != pid
        finally:
            os.kill(pid, signal.SIGCONT)
