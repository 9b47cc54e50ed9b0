"""Health, readiness, and the OpenAPI document against what the routes do."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from controller.api.application import create_api
from controller.api.services import Services
from controller.store.pool import Database
from shared.bus import Bus
from tests.integration.api.conftest import Api, client_of

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"
MISSING = "33333333-3333-4333-8333-333333333333"


@asynccontextmanager
async def application(api: Api, database_url: str, bus: Bus) -> AsyncIterator[httpx.AsyncClient]:
    async with Database.open(database_url) as database:
        services = Services(database=database, vault=api.vault, dispatcher=api.dispatcher, bus=bus)
        async with client_of(create_api(services)) as client:
            yield client


async def test_a_controller_with_all_its_neighbours_is_ready(api: Api) -> None:
    answer = await api.client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


async def test_readyz_names_every_missing_part_and_healthz_stays_well(api: Api) -> None:
    async with Bus.open("nats://127.0.0.1:1", name="test") as away, application(api, NOWHERE, away) as client:
        answer = await client.get("/readyz")
        assert answer.json() == {
            "statusCode": 503,
            "statusMessage": "Service Unavailable",
            "message": "Not ready: database, nats",
            "data": {"missing": ["database", "nats"]},
        }
        assert answer.status_code == 503
        assert "retry-after" in answer.headers
        assert (await client.get("/healthz")).json() == {"status": "ok"}


async def test_a_database_without_the_schema_is_not_ready(api: Api, postgres_url: str, module_bus: Bus) -> None:
    async with application(api, postgres_url, module_bus) as client:
        assert (await client.get("/readyz")).json()["data"] == {"missing": ["database"]}


async def test_while_the_database_is_away_the_caller_is_told_to_come_again(api: Api, module_bus: Bus) -> None:
    async with application(api, NOWHERE, module_bus) as client:
        answer = await client.get("/api/smtp-monitors", headers=dict(api.client.headers))
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.json()["message"] == "The database is away; try again"


@pytest.fixture(scope="module")
async def document(api: Api) -> dict[str, Any]:
    answer = await api.client.get("/schema/openapi.json")
    assert answer.status_code == 200
    described: dict[str, Any] = answer.json()
    return described


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


async def test_every_operation_documents_its_answers_with_examples_and_its_security(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]
    assert list(schemes.values()) == [{"type": "http", "scheme": "bearer"}]
    found = operations(document)
    assert len(found) == 10
    for method, path, operation in found:
        where = f"{method} {path}"
        assert operation["summary"], where
        needed = {"200"} if path == "/healthz" else {"200", "503"}
        if path.startswith("/api/"):
            assert operation["security"] == [{name: []} for name in schemes], where
            needed |= {"401", "500"}
        if method in {"POST", "PATCH"} and "trigger" not in path:
            needed |= {"400", "413", "415"}
            assert operation["requestBody"]["content"].keys() == {"application/json"}, where
        assert needed <= operation["responses"].keys(), where
        for status, response in operation["responses"].items():
            content = response["content"]["application/json"]
            assert content["examples"], f"{where} {status}"
            if status != "200":
                assert content["schema"] == {"$ref": "#/components/schemas/Problem"}, f"{where} {status}"


async def test_the_examples_of_the_document_work_when_sent(api: Api, document: dict[str, Any]) -> None:
    schema = document["components"]["schemas"]["NewSmtpMonitor"]
    example = {
        name: described["examples"][0] for name, described in _properties(schema).items() if "examples" in described
    }
    answer = await api.client.post("/api/smtp-monitors", json={**example, "customerId": api.customer})
    assert answer.status_code == 200, answer.text


async def test_the_documented_fields_of_a_monitor_are_those_of_the_answer(api: Api, document: dict[str, Any]) -> None:
    made = await api.create()
    read = (await api.client.get(f"/api/smtp-monitors/{made['publicId']}")).json()
    page = (await api.client.get("/api/smtp-monitors")).json()
    schemas = document["components"]["schemas"]
    for name, answer in (
        ("SmtpMonitorAnswer", made),
        ("SmtpMonitorDetail", read),
        ("MonitorPage", page),
        ("ListedMonitor", page["items"][0]),
    ):
        assert set(_properties(schemas[name])) == set(answer) == set(schemas[name]["required"]), name
    for path, status in ((f"/api/smtp-monitors/{MISSING}", "404"), ("/api/smtp-monitors/x", "400")):
        problem = (await api.client.get(path)).json()
        documented = document["paths"]["/api/smtp-monitors/{public_id}"]["get"]["responses"][status]
        examples = documented["content"]["application/json"]["examples"]
        assert problem in [example["value"] for example in examples.values()], path


async def test_the_schemas_have_bounds_and_choices_and_every_reference_leads_somewhere(
    document: dict[str, Any],
) -> None:
    schemas = document["components"]["schemas"]
    fields = _properties(schemas["NewSmtpMonitor"])
    assert fields["status"]["enum"] == ["active", "maintenance", "disabled", "paused", "inactive"]
    assert (fields["checkInterval"]["minimum"], fields["checkInterval"]["maximum"]) == (1, 1440)
    assert _properties(schemas["SmtpMonitorAnswer"])["createdAt"]["format"] == "date-time"
    references = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert references <= set(schemas)


def _properties(schema: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = schema["properties"]
    return properties
