"""`GET /api/results` while PostgreSQL is slow or away answers a partial page with a cursor or a 503, never a 500."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from time import monotonic
from typing import Any

import asyncpg
import pytest

from controller.operations.results.results import PAGE_SECONDS
from shared.clock import utc_now
from tests.integration.api.conftest import Api

WAITING = (
    "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()"
)


@asynccontextmanager
async def results_locked(url: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """Lock the results until the block or its transaction ends; yields the connection that holds the lock."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        await connection.execute("BEGIN; LOCK TABLE result IN ACCESS EXCLUSIVE MODE")
        yield connection
    finally:
        await connection.close(timeout=10)


async def wait_for_blocked_reader(lock: asyncpg.Connection[asyncpg.Record]) -> None:
    """Wait until a query waits for the lock."""
    async with asyncio.timeout(10):
        while not await lock.fetchval(f"SELECT count(*) {WAITING}"):
            await asyncio.sleep(0.02)


async def test_a_page_that_takes_too_long_is_answered_with_a_cursor_to_continue(
    api: Api, module_database_url: str
) -> None:
    empty = await api.create()
    params: dict[str, Any] = {"monitor": empty["publicId"], "from": (utc_now() - timedelta(days=20)).isoformat()}
    async with results_locked(module_database_url) as lock, asyncio.TaskGroup() as tasks:
        request = tasks.create_task(api.client.get("/api/results", params=params))
        await wait_for_blocked_reader(lock)
        started = monotonic()  # the time limit of the page began before
        while monotonic() - started < PAGE_SECONDS + 0.2:
            await asyncio.sleep(0.05)
        await lock.execute("ROLLBACK")
    answer = request.result()
    assert (answer.status_code, answer.json()["results"]) == (200, [])
    cursor = answer.json()["nextCursor"]
    assert cursor is not None
    rest = await api.client.get("/api/results", params={**params, "cursor": cursor})
    assert rest.status_code == 200
    assert rest.json() | {"keptSince": ""} == {"results": [], "nextCursor": None, "keptSince": ""}


@pytest.mark.parametrize("form", ["json", "csv", "ndjson"])
async def test_a_connection_lost_before_the_first_result_is_a_503(
    api: Api, module_database_url: str, form: str
) -> None:
    await api.create()
    async with results_locked(module_database_url) as lock, asyncio.TaskGroup() as tasks:
        request = tasks.create_task(api.client.get("/api/results", params={"format": form, "limit": 1}))
        await wait_for_blocked_reader(lock)
        await lock.fetch(f"SELECT pg_terminate_backend(pid) {WAITING}")
    answer = request.result()
    assert (answer.status_code, answer.json()["statusCode"]) == (503, 503)
    assert int(answer.headers["retry-after"]) > 0
    assert set(answer.json()) == {"statusCode", "statusMessage", "message"}
    assert (await api.client.get("/api/results", params={"format": form, "limit": 1})).status_code == 200
