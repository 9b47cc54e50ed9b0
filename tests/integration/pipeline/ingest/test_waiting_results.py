"""Results wait in NATS as long as PostgreSQL stores nothing."""

from __future__ import annotations

import asyncio

import structlog

from shared.wire import subjects
from tests.integration.pipeline.ingest_case import IngestCase
from tests.integration.pipeline.small_installation import SmallInstallation, a_result, eventually
from tests.integration.store.test_read_only import set_read_only


async def test_results_wait_while_the_database_is_read_only_and_none_becomes_a_dead_letter(
    small_installation: SmallInstallation, ingest_case: IngestCase, database_url: str
) -> None:
    result = a_result(await small_installation.monitor())
    await small_installation.report(result)
    await set_read_only(database_url, True)
    await small_installation.db.replace_connections()
    with structlog.testing.capture_logs() as logged:
        draining = asyncio.create_task(ingest_case.drain())

        async def waits() -> bool:
            return "ingest_waits" in [line["event"] for line in logged]

        await eventually(waits)
        assert (await small_installation.bus.client.jsm().stream_info(subjects.RESULTS)).state.messages == 1
        await set_read_only(database_url, False)
        await asyncio.wait_for(draining, 20)
    assert await small_installation.value("SELECT count(*) FROM result") == 1
    assert await small_installation.value("SELECT count(*) FROM dead_letter") == 0
