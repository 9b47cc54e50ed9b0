"""Exports over a real connection. A reader notices when one ends early, and an export leaves nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import pytest

from controller.application import create_application
from controller.http.services import Services
from controller.model import Principal, Role
from controller.operations.results.exports import AT_ONCE, OF_ONE, Exports
from controller.operations.results.results import Question, all_results
from controller.store.accounts.tokens import digest
from shared.clock import utc_now
from tests.integration.api.admin_client import UNKNOWN_ID
from tests.integration.api.conftest import Api
from tests.integration.api.outages import make_locations
from tests.integration.api.people import organization_of
from tests.integration.api.results.test_results_slow import WAITING, results_locked, wait_for_blocked_reader
from tests.integration.api.serving import serving

ROWS = 30_000
LAST_CHUNK = b"0\r\n\r\n"


@pytest.fixture(scope="module")
async def monitor(api: Api) -> str:
    """A monitor with more results than the socket buffers hold."""
    await make_locations(api)
    made = await api.create()
    await api.value(
        "INSERT INTO result (monitor_id, due_at, location_id, purpose, status, duration_ms, started_at, agent, phases)"
        " SELECT $1, date_trunc('second', now()) - make_interval(secs => n), location.id, 'scheduled', 'success', 1,"
        " now(), 'a', '[]' FROM generate_series(1, $2) AS n, location WHERE code = 'de-nbg'",
        made["id"],
        ROWS,
    )
    return str(made["publicId"])


@dataclass
class Export:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    head: bytes

    async def some(self) -> bytes:
        return await self.reader.read(65_536)

    async def rest(self) -> bytes:
        """Read until the connection ends; return the last 100 bytes."""
        found = b""
        async with asyncio.timeout(20):
            while data := await self.reader.read(2**20):
                found = (found + data)[-100:]
        return found


@asynccontextmanager
async def exporting(api: Api, address: str, monitor: str, *, token: str | None = None) -> AsyncIterator[Export]:
    port = int(address.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=65_536)
    bearer = f"Bearer {token}" if token else api.client.headers["Authorization"]
    request = f"GET /api/results?format=ndjson&monitor={monitor} HTTP/1.1\r\nHost: x\r\nAuthorization: {bearer}"
    writer.write(f"{request}\r\n\r\n".encode())
    async with asyncio.timeout(10):
        head = await reader.readuntil(b"\r\n\r\n")
    try:
        yield Export(reader, writer, head)
    finally:
        writer.close()


def services_of(api: Api) -> Services:
    services: Services = api.application.state.services
    return services


def exports_of(api: Api) -> Exports:
    return services_of(api).exports


async def wait_until_free(api: Api) -> None:
    """Wait until no export is counted as running, and no connection of the pool is active or in a transaction."""
    async with asyncio.timeout(30):
        while exports_of(api).running or await api.value(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND state <> 'idle' AND backend_type = 'client backend'"  # autovacuum may run at any time
        ):
            await asyncio.sleep(0.02)


async def test_a_complete_export_ends_with_the_last_chunk(api: Api, monitor: str) -> None:
    async with serving(api.application) as address, exporting(api, address, monitor) as export:
        assert b"transfer-encoding: chunked" in export.head.lower()
        found = b""
        async with asyncio.timeout(30):
            while not found.endswith(LAST_CHUNK):
                found = (found + await export.some())[-200:]
    await wait_until_free(api)


async def test_a_lost_database_connection_truncates_the_body(api: Api, monitor: str, module_database_url: str) -> None:
    async with serving(api.application) as address, exporting(api, address, monitor) as export:
        await export.some()
        async with results_locked(module_database_url) as lock, asyncio.TaskGroup() as tasks:
            ending = tasks.create_task(export.rest())
            await wait_for_blocked_reader(lock)
            await lock.fetch(f"SELECT pg_terminate_backend(pid) {WAITING}")
        assert not ending.result().endswith(LAST_CHUNK)
    await wait_until_free(api)


async def test_a_client_that_disconnects_ends_its_export(api: Api, monitor: str) -> None:
    async with serving(api.application) as address:
        async with exporting(api, address, monitor) as export:
            await export.some()
            assert exports_of(api).running == 1
        await wait_until_free(api)


async def test_a_client_that_does_not_read_is_disconnected(api: Api, monitor: str) -> None:
    impatient = replace(
        api, application=create_application(replace(services_of(api), exports=Exports(read_seconds=0.3)))
    )
    async with serving(impatient.application) as address, exporting(impatient, address, monitor) as export:
        assert exports_of(impatient).running == 1
        await wait_until_free(impatient)
        assert not (await export.rest()).endswith(LAST_CHUNK)


@pytest.mark.parametrize(
    "ends",
    [
        pytest.param("DELETE FROM api_token WHERE id = $1 RETURNING id", id="the token is revoked"),
        pytest.param(
            "UPDATE api_token SET expires_at = now() - interval '1 ms' WHERE id = $1 RETURNING id",
            id="the token expires",
        ),
        pytest.param(
            "UPDATE api_token SET customer_id = (SELECT id FROM customer WHERE organization_id ="
            " api_token.organization_id LIMIT 1) WHERE id = $1 RETURNING id",
            id="the token reaches less than before",
        ),
    ],
)
async def test_an_export_ends_when_its_caller_loses_access(api: Api, monitor: str, ends: str) -> None:
    strict = replace(api, application=create_application(replace(services_of(api), exports=Exports(review_seconds=0))))
    token = await api.token(await organization_of(api, "Ours"))
    async with (
        serving(strict.application) as address,
        exporting(strict, address, monitor, token=token) as export,
    ):
        await export.some()
        assert exports_of(strict).running == 1
        await api.value(ends, await api.value("SELECT id FROM api_token WHERE token_hash = $1", digest(token)))
        assert not (await export.rest()).endswith(LAST_CHUNK)
    await wait_until_free(strict)


async def test_an_export_begins_before_its_first_result_is_found(api: Api) -> None:
    """A step that found nothing yields an empty part, so that the head is sent and the access is reviewed."""
    empty = await api.create()
    principal = Principal(works_in=await organization_of(api, "Ours"), role=Role.ADMIN)
    now = utc_now()
    question = Question(since=now - timedelta(days=20), monitors=[UUID(empty["publicId"])])
    parts = all_results(api.database, api.vault, principal, question, None, limit=None, now=now)
    async with aclosing(parts):
        assert await anext(parts) == []
        assert [part async for part in parts].count([]) > 1


async def test_a_stop_of_the_server_truncates_the_body(api: Api, monitor: str) -> None:
    async with AsyncExitStack() as stack:
        async with serving(api.application, drain_seconds=1) as address:
            export = await stack.enter_async_context(exporting(api, address, monitor))
            await export.some()
        assert not (await export.rest()).endswith(LAST_CHUNK)
    await wait_until_free(api)


async def test_the_number_of_concurrent_exports_is_limited(api: Api, monitor: str) -> None:
    async with serving(api.application) as address:
        async with AsyncExitStack() as running:
            for _ in range(OF_ONE):
                await running.enter_async_context(exporting(api, address, monitor))
            answer = await api.client.get("/api/results", params={"format": "csv"})
            assert (answer.status_code, answer.headers["retry-after"]) == (429, "15")
            assert answer.json()["message"] == "2 exports of yours are running already"
            others = [await api.token(await organization_of(api, "Ours")) for _ in range(2)]
            for _ in range(AT_ONCE - OF_ONE):
                await running.enter_async_context(exporting(api, address, monitor, token=others[0]))
            answer = await api.client.get(
                "/api/results", params={"format": "csv"}, headers={"Authorization": f"Bearer {others[1]}"}
            )
            assert (answer.status_code, answer.json()["message"]) == (429, "4 exports are running already")
            assert (await api.client.get("/api/results")).status_code == 200  # pages are not limited
        await wait_until_free(api)
    assert (await api.client.get("/api/results", params={"format": "csv", "limit": 1})).status_code == 200


async def test_an_error_before_the_first_byte_is_an_ordinary_error_answer(api: Api) -> None:
    for params in ({"monitor": UNKNOWN_ID}, {"cursor": "x"}):
        answer = await api.client.get("/api/results", params={"format": "csv", **params})
        assert answer.status_code in {400, 404}
        assert set(answer.json()) == {"statusCode", "statusMessage", "message"}
    assert exports_of(api).running == 0
