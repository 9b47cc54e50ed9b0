"""Health and readiness."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from controller.application import create_application
from controller.http.services import Services
from controller.model.dependencies import Dependency
from controller.pipeline.ops.health import DependencyHealth
from controller.store.platform.pool import Database
from shared.nats.broker import Broker
from shared.nats.bus import Bus
from tests.integration.api.conftest import Api, client_of
from tests.integration.api.stream.stream_client import EVENTS, RESULTS, read_block
from tests.integration.store.test_read_only import set_read_only

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


@asynccontextmanager
async def application(api: Api, database_url: str, bus: Bus) -> AsyncIterator[httpx.AsyncClient]:
    async with Database.open(database_url) as database:
        services = Services(database=database, vault=api.vault, dispatcher=api.dispatcher, bus=bus, outlets=api.outlets)
        async with client_of(create_application(services)) as client:
            yield client


async def test_a_controller_with_all_its_dependencies_is_ready(api: Api) -> None:
    answer = await api.client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


async def test_readyz_names_every_missing_dependency_and_healthz_stays_ok(api: Api) -> None:
    async with Bus.open(Broker("nats://127.0.0.1:1"), name="test") as away, application(api, NOWHERE, away) as client:
        answer = await client.get("/readyz")
        assert answer.json() == {
            "statusCode": 503,
            "statusMessage": "Service Unavailable",
            "message": "Not ready: database, nats",
            "data": {
                "missing": ["database", "nats"],
                "reasons": {
                    "database": "PostgreSQL does not answer",
                    "nats": "there is no connection to NATS",
                },
            },
        }
        assert answer.status_code == 503
        assert "retry-after" in answer.headers
        assert (await client.get("/healthz")).json() == {"status": "ok"}


async def test_a_database_without_the_schema_is_not_ready(api: Api, postgres_url: str, module_bus: Bus) -> None:
    async with application(api, postgres_url, module_bus) as client:
        assert (await client.get("/readyz")).json()["data"]["missing"] == ["database"]


async def test_while_the_database_is_away_the_answer_is_503_with_retry_after(api: Api, module_bus: Bus) -> None:
    async with application(api, NOWHERE, module_bus) as client:
        answer = await client.get("/api/smtp-monitors", headers=dict(api.client.headers))
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.json()["message"] == "The database is not available; try again"


@pytest.mark.parametrize("path", [RESULTS, EVENTS])
async def test_while_the_database_is_away_a_browsers_stream_opens_and_ends_with_a_delay_to_retry(
    api: Api, module_bus: Bus, path: str
) -> None:
    """EventSource gives up for good at any status other than 200. Other clients get a 503, for it is no success."""
    async with application(api, NOWHERE, module_bus) as client:
        ended = await client.get(path, headers={**api.client.headers, "accept": "text/event-stream"})
        refused = await client.get(path, headers=dict(api.client.headers))
    assert (refused.status_code, refused.json()["message"]) == (503, "The database is not available; try again")
    assert (ended.status_code, ended.headers["cache-control"]) == (200, "no-cache")
    assert ended.headers["content-type"].partition(";")[0] == "text/event-stream"
    wait, end = [read_block(text) for text in ended.text.split("\n\n")[:-1]]
    assert 1000 <= int(wait.retry) < 3000
    assert (end.event, end.json["reason"], end.id) == ("end", "unavailable", "")


@pytest.mark.parametrize("rate_limit", [0, 100])
async def test_a_database_that_can_only_be_read_is_read_and_answers_changes_with_retry_after(
    api: Api, module_database_url: str, module_bus: Bus, rate_limit: int
) -> None:
    monitor = await api.create()
    path = f"/api/smtp-monitors/{monitor['publicId']}"
    health = DependencyHealth()
    await set_read_only(module_database_url, True)
    try:
        async with Database.open(module_database_url, on_failure=health.store_failed) as database:
            services = Services(
                database=database,
                vault=api.vault,
                dispatcher=api.dispatcher,
                bus=module_bus,
                outlets=api.outlets,
                rate_limit=rate_limit,
                health=health,
            )
            async with client_of(create_application(services)) as client:
                client.headers["Authorization"] = api.client.headers["Authorization"]
                for reading in ("/api/smtp-monitors", path, f"{path}/check-history", "/api/locations"):
                    assert (await client.get(reading)).status_code == 200, reading
                refused = await client.patch(path, json={"name": "another"})
                assert refused.status_code == 503
                assert int(refused.headers["retry-after"]) >= 1
                ready = await client.get("/readyz")
    finally:
        await set_read_only(module_database_url, False)
        await api.database.replace_connections()
    assert ready.json()["data"] == {
        "missing": ["database"],
        "reasons": {"database": "PostgreSQL is read-only, as while a fail-over is under way"},
    }
    assert (await api.client.patch(path, json={"name": "another"})).status_code == 200


async def test_readyz_names_a_stream_that_stores_nothing_and_why(api: Api, module_bus: Bus) -> None:
    health = DependencyHealth()
    services = Services(
        database=api.database,
        vault=api.vault,
        dispatcher=api.dispatcher,
        bus=module_bus,
        outlets=api.outlets,
        health=health,
    )
    why = "stream CHECKS stores no messages: maximum bytes exceeded"
    async with client_of(create_application(services)) as client:
        health.failing(Dependency.CHECKS, why)
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["message"]) == (503, "Not ready: checks")
        assert answer.json()["data"] == {"missing": ["checks"], "reasons": {"checks": why}}
        health.working(Dependency.CHECKS)
        assert (await client.get("/readyz")).status_code == 200
