"""`GET /api/results` while PostgreSQL is slow or goes away: a page that says where to go on, or a 503, never a 500."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from time import monotonic
from typing import Any

import asyncpg
import pytest

from controller.operations.monitors.results import PAGE_SECONDS
from shared.clock import utc_now
from tests.integration.api.conftest import Api

WAITING = (
    "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()"
)


@asynccontextmanager
async def results_held_up(url: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """Nobody can read results until the block ends, or its transaction."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        await connection.execute("BEGIN; LOCK TABLE result IN ACCESS EXCLUSIVE MODE")
        yield connection
    finally:
        await connection.close(timeout=10)


async def read_meanwhile(held: asyncpg.Connection[asyncpg.Record]) -> None:
    """Until somebody waits for results."""
    async with asyncio.timeout(10):
        while not await held.fetchval(f"SELECT count(*) {WAITING}"):
            await asyncio.sleep(0.02)


async def test_a_page_that_takes_long_is_answered_as_far_as_it_got(api: Api, module_database_url: str) -> None:
    empty = await api.create()
    asked: dict[str, Any] = {"monitor": empty["publicId"], "from": (utc_now() - timedelta(days=20)).isoformat()}
    async with results_held_up(module_database_url) as held, asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(api.client.get("/api/results", params=asked))
        await read_meanwhile(held)
        waits = monotonic()  # so the page's time has begun before
        while monotonic() - waits < PAGE_SECONDS + 0.2:
            await asyncio.sleep(0.05)
        await held.execute("ROLLBACK")
    answer = asking.result()
    assert (answer.status_code, answer.json()["results"]) == (200, [])
    cursor = answer.json()["nextCursor"]
    assert cursor is not None
    rest = await api.client.get("/api/results", params={**asked, "cursor": cursor})
    assert (rest.status_code, rest.json()) == (200, {"results": [], "nextCursor": None})


@pytest.mark.parametrize("form", ["json", "csv", "ndjson"])
async def test_a_database_that_goes_away_before_the_beginning_is_a_503(
    api: Api, module_database_url: str, form: str
) -> None:
    async with results_held_up(module_database_url) as held, asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(api.client.get("/api/results", params={"format": form, "limit": 1}))
        await read_meanwhile(held)
        await held.fetch(f"SELECT pg_terminate_backend(pid) {WAITING}")
    answer = asking.result()
    assert (answer.status_code, answer.json()["statusCode"]) == (503, 503)
    assert int(answer.headers["retry-after"]) > 0
    assert set(answer.json()) == {"statusCode", "statusMessage", "message"}
    assert (await api.client.get("/api/results", params={"format": form, "limit": 1})).status_code == 200
