"""Whatever is wrong with a request, no answer of any group of routes holds the words of Python or of a library."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from controller.model import Role
from tests.integration.api.conftest import CUSTOMER, ORGANIZATION, Api, client_of
from tests.integration.api.people import organization_of, person

PYTHON = re.compile(
    r"\b(str|int|bool|float|dict|tuple|NoneType|None|True|False|UnsetType|UNSET|msgspec|litestar)\b|`|<class"
    r"|\bExpected\b|Object (missing|contains)|Invalid enum|Validation failed|Traceback|Errno|\(byte \d+\)"
    r"|\\x[0-9a-f]{2}"
)
WRONG: list[Any] = ["x", "it's \0", -1, 10**30, 1.5, True, None, [], ["x"], [{}], {"x": 1}]
RAW = [b"", b"{", b"[]", b"null", b"1", b'"x"', b"\xff", b'{"a', b'{"name":1e999}', b'{"\\ud800":1}', b"[" * 5000]
STREAMS = ("/api/results/stream", "/api/events/stream", "/api/v1/stream")
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
async def document(api: Api) -> dict[str, Any]:
    described: dict[str, Any] = (await api.client.get("/schema/openapi.json")).json()
    return described


@pytest.fixture(scope="module")
async def client(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """An admin's, who may use every route."""
    admin = await person(api, Role.ADMIN, organization=await organization_of(api, "Ours"))
    async with client_of(api.application) as made:
        made.headers.update(admin.headers)
        yield made


@pytest.fixture(scope="module")
async def names(api: Api) -> dict[str, str]:
    """What stands in paths: a monitor that is there, so that what comes after finding it is reached too."""
    monitor = await api.create()
    return {"id": str(monitor["id"]), "customer_id": CUSTOMER, "public_id": monitor["publicId"]}


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def filled(path: str, names: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: names.get(found[1], ORGANIZATION), path)


def messages(answer: httpx.Response) -> str:
    body = answer.json()
    assert {"message", "errors", "detail"} & body.keys(), body
    return body.get("detail") or body.get("message") or " ".join(error["message"] for error in body["errors"])


def assert_plain(answer: httpx.Response, where: str) -> None:
    assert answer.status_code < 500, f"{where}: {answer.text}"
    if answer.status_code >= 400:
        assert not PYTHON.search(messages(answer)), f"{where}: {answer.text}"


async def test_bodies(client: httpx.AsyncClient, document: dict[str, Any], names: dict[str, str]) -> None:
    """Each field of each kind of body holds each kind of value in turn; each route gets bodies that are no objects."""
    schemas = document["components"]["schemas"]
    refused = 0
    tried: set[str] = set()
    for method, path, operation in operations(document):
        if "requestBody" not in operation:
            continue
        where = filled(path, names)
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        schema = next((each for each in schema.get("oneOf", [schema]) if "$ref" in each), schema)
        if "$ref" not in schema:
            continue  # hooks/test_hooks: what another service sends
        name = schema["$ref"].rpartition("/")[2]
        kind = schemas[name]
        for content in RAW:
            answer = await client.request(method, where, content=content, headers=JSON)
            assert_plain(answer, f"{method} {path} {content[:20]!r}")
        if name in tried:
            continue
        tried.add(name)
        enough = {name: _example(kind["properties"][name]) for name in kind.get("required", ())}
        if path.endswith("/notification-channels/test"):
            enough["config"] = {"url": "http://127.0.0.1"}  # refused, so that nothing is sent
        for field in kind["properties"]:
            for value in WRONG:
                answer = await client.request(method, where, json={**enough, field: value})
                assert_plain(answer, f"{method} {path} {field}={value!r}")
                refused += answer.status_code == 400
        answer = await client.request(method, where, json={**enough, "it's unknown": 1})
        assert_plain(answer, f"{method} {path}")
    assert refused > 300


async def test_queries(client: httpx.AsyncClient, document: dict[str, Any], names: dict[str, str]) -> None:
    refused = 0
    for method, path, operation in operations(document):
        if path in STREAMS:
            continue
        for parameter in operation.get("parameters", ()):
            if parameter["in"] != "query":
                continue
            for text in ("x", "", "-1", "9" * 40, "1.5", "it's \0", "x,y", "%", "\U0001f4ec"):
                answer = await client.request(method, filled(path, names), params={parameter["name"]: text})
                assert_plain(answer, f"{method} {path}?{parameter['name']}={text}")
                refused += answer.status_code == 400
                if answer.status_code == 400 and parameter["name"] not in messages(answer):
                    assert "Invalid" in messages(answer) or "required" in messages(answer), answer.text
    assert refused > 100


async def test_paths(client: httpx.AsyncClient, document: dict[str, Any]) -> None:
    for method, path, _ in operations(document):
        if "{" not in path:
            continue
        for text in ("x", "0", "-1", "9" * 40, "it's", "%00", "%FF"):
            answer = await client.request(method, re.sub(r"\{\w+\}", text, path), content=b"{}", headers=JSON)
            if answer.status_code >= 400:
                assert_plain(answer, f"{method} {path} {text}")


@pytest.mark.parametrize("path", STREAMS)
@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"lastEventId": "9" * 61}, "lastEventId must be a string of at most 60 characters"),
        ({"monitor": "9" * 4001}, "monitor must be a string of at most 4000 characters"),
        ({"status": "it's"}, 'status must be one of success, failure, unknown, not "it\'s"'),
        ({"location": "it's"}, 'location must hold codes of locations: "it\'s" is not one'),
        ({"country": "it's"}, 'country must hold ISO 3166-1 alpha-2 country codes: "it\'s" is not one'),
    ],
)
async def test_streams(client: httpx.AsyncClient, path: str, params: dict[str, str], message: str) -> None:
    answer = await client.get(path, params=params)
    assert (answer.status_code, messages(answer)) == (400, message)


async def test_headers(client: httpx.AsyncClient) -> None:
    for headers in (
        {"Last-Event-ID": "x"},
        {"Content-Length": "x"},
        {"Content-Type": "x"},
        {"Accept": "x;q=x"},
        {"Authorization": "Bearer x"},
    ):
        for path in ("/api/results/stream?status=x", "/api/v3/monitors?limit=x", "/api/smtp-monitors?page=x"):
            assert_plain(await client.get(path, headers=headers), f"{path} {headers}")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (
            "/api/smtp-monitors?page=x&perPage=0",
            "page must be an integer from 1 to 1000000; perPage must be an integer",
        ),
        ("/api/v3/monitors?limit=x", "invalid_request - limit must be an integer from 1 to 1000"),
        ("/api/v3/report-sitestatus?showrecs=x", "invalid_request - showrecs must be one of err, ok"),
        ("/api/results?limit=0", "limit must be an integer of at least 1"),
    ],
)
async def test_a_parameter_is_refused_by_its_name_and_type(client: httpx.AsyncClient, path: str, message: str) -> None:
    assert message in messages(await client.get(path))


def _example(schema: dict[str, Any]) -> Any:
    """A value of a required field that is right, or nearly: the others are tried in turn."""
    if schema.get("examples"):
        return schema["examples"][0]
    return {"integer": 1, "object": {}, "array": [], "boolean": True}.get(schema.get("type", ""), "x")
