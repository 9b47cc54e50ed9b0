"""Health and readiness."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from controller.application import create_application
from controller.http.services import Services
from controller.store.platform.pool import Database
from shared.nats.broker import Broker
from shared.nats.bus import Bus
from tests.integration.api.conftest import Api, client_of
from tests.integration.api.stream.stream_client import EVENTS, RESULTS, read_block

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
