"""Errors of every status have the form of the vendor whose path they belong to (docs/compatibility.md, U15 and A10)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import httpx
import pytest

from controller.application import create_application
from controller.http.services import Services
from controller.model import Role
from controller.store.platform.pool import Database
from shared.nats.bus import Bus
from tests.integration.api.conftest import Api, client_of
from tests.integration.api.people import organization_of, person

LARGE = b'{"name":"' + b"x" * 256 * 1024 + b'"}'
JSON = {"Content-Type": "application/json"}


def assert_shape(answer: httpx.Response, path: str, status: int) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body: dict[str, Any] = answer.json()
    if f"{path}/".startswith("/api/v3/"):
        assert set(body) == {"errors"}
        for error in body["errors"]:
            assert (error["code"], set(error)) == (status, {"code", "message"})
            assert error["message"]
    else:
        assert set(body) == {"statusCode", "statusMessage", "message"}
        assert (body["statusCode"], body["statusMessage"]) == (status, HTTPStatus(status).phrase)
        assert body["message"]


WRONG_REQUESTS = [
    pytest.param("GET", "/api/smtp-monitors?page=x", b"", {}, 400, id="an invalid query"),
    pytest.param("GET", "/api/v3/monitors?limit=x", b"", {}, 400, id="an invalid query, v3"),
    pytest.param("POST", "/api/smtp-monitors", b"{", JSON, 400, id="a body that is no JSON"),
    pytest.param("POST", "/api/v3/monitors/email-smtp", b"{", JSON, 400, id="a body that is no JSON, v3"),
    pytest.param("POST", "/api/users", b"", JSON, 403, id="a token on a route for people"),
    pytest.param("GET", "/api/nothing", b"", {}, 404, id="an unknown path"),
    pytest.param("GET", "/api/v3/nothing", b"", {}, 404, id="an unknown path, v3"),
    pytest.param("GET", "/api/v3", b"", {}, 404, id="the path of v3"),
    pytest.param("GET", "/api/v3/", b"", {}, 404, id="the path of v3 with a slash"),
    pytest.param("GET", "/api/v3/monitors/1/2/3", b"", {}, 404, id="a path below a monitor, v3"),
    pytest.param("GET", "/api/v30", b"", {}, 404, id="a path that only begins like v3"),
    pytest.param("GET", "/nothing", b"", {}, 404, id="an unknown path outside of the API"),
    pytest.param("PUT", "/api/smtp-monitors", b"{}", JSON, 405, id="an unsupported method"),
    pytest.param("PUT", "/api/v3/monitors/email-smtp", b"{}", JSON, 405, id="an unsupported method, v3"),
    pytest.param("TRACE", "/api/session", b"", {}, 405, id="the method TRACE"),
    pytest.param("DELETE", "/healthz", b"", {}, 405, id="an unsupported method on our own route"),
    pytest.param("POST", "/api/smtp-monitors", LARGE, JSON, 413, id="a large body"),
    pytest.param("POST", "/api/v3/monitors/email-smtp", LARGE, JSON, 413, id="a large body, v3"),
    pytest.param("POST", "/api/session", LARGE, JSON, 413, id="a large login"),
    pytest.param(
        "POST", "/api/customers", b"{}", {"Content-Type": "text/plain"}, 415, id="a content type other than JSON"
    ),
    pytest.param(
        "POST",
        "/api/v3/access-tokens",
        b"{}",
        {"Content-Type": "text/plain"},
        415,
        id="a content type other than JSON, v3",
    ),
]


@pytest.mark.parametrize(("method", "path", "content", "headers", "status"), WRONG_REQUESTS)
async def test_a_wrong_request_has_the_form_of_its_path(
    api: Api, method: str, path: str, content: bytes, headers: dict[str, str], status: int
) -> None:
    answer = await api.client.request(method, path, content=content, headers=headers)
    assert_shape(answer, path, status)
    if status == 405:
        assert "GET" in answer.headers["allow"] or "POST" in answer.headers["allow"]


@pytest.mark.parametrize("path", ["/api/smtp-monitors", "/api/v3/monitors"])
async def test_a_request_without_a_token_is_401(api: Api, path: str) -> None:
    async with client_of(api.application) as client:
        assert_shape(await client.get(path), path, 401)


@pytest.mark.parametrize("path", ["/api/smtp-monitors", "/api/v3/monitors/email-smtp"])
async def test_a_request_without_permission_is_403(api: Api, path: str) -> None:
    user = await person(api, Role.READONLY, organization=await organization_of(api, "Ours"))
    async with client_of(api.application) as client:
        assert_shape(await client.post(path, content=b"{", headers={**JSON, **user.headers}), path, 403)


@pytest.mark.parametrize("path", ["/api/smtp-monitors", "/api/v3/monitors"])
async def test_a_fault_of_ours_is_500_without_any_detail(api: Api, path: str) -> None:
    await api.value("ALTER TABLE monitor RENAME TO elsewhere")
    try:
        answer = await api.client.get(path)
    finally:
        await api.value("ALTER TABLE elsewhere RENAME TO monitor")
    assert_shape(answer, path, 500)
    assert "elsewhere" not in answer.text


@pytest.mark.parametrize("path", ["/api/smtp-monitors", "/api/v3/monitors"])
async def test_a_database_that_is_away_is_503(api: Api, module_bus: Bus, path: str) -> None:
    async with Database.open("postgresql://nobody@127.0.0.1:1/nothing") as nowhere:
        services = Services(
            database=nowhere, vault=api.vault, dispatcher=api.dispatcher, bus=module_bus, outlets=api.outlets
        )
        async with client_of(create_application(services)) as client:
            answer = await client.get(path, headers=dict(api.client.headers))
    assert_shape(answer, path, 503)
    assert int(answer.headers["retry-after"]) >= 1


async def test_several_mistakes_are_listed_separately_below_v3(api: Api) -> None:
    answer = await api.client.post("/api/v3/monitors/email-smtp", json={})
    assert_shape(answer, "/api/v3", 400)
    assert len(answer.json()["errors"]) == 3
