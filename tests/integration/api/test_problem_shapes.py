"""Every status in the form of the routes below which it happened (api.md, rule 15, and AlertSite's rule 10)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import httpx
import pytest

from controller.api.application import create_api
from controller.api.http.services import Services
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


ASKED = [
    pytest.param("GET", "/api/smtp-monitors?page=x", b"", {}, 400, id="bad query"),
    pytest.param("GET", "/api/v3/monitors?limit=x", b"", {}, 400, id="bad query, v3"),
    pytest.param("POST", "/api/smtp-monitors", b"{", JSON, 400, id="no JSON"),
    pytest.param("POST", "/api/v3/monitors/email-smtp", b"{", JSON, 400, id="no JSON, v3"),
    pytest.param("POST", "/api/users", b"", JSON, 403, id="a token where a person is asked for"),
    pytest.param("GET", "/api/nothing", b"", {}, 404, id="no such path"),
    pytest.param("GET", "/api/v3/nothing", b"", {}, 404, id="no such path, v3"),
    pytest.param("GET", "/api/v3", b"", {}, 404, id="v3 itself"),
    pytest.param("GET", "/api/v3/", b"", {}, 404, id="v3 itself with a slash"),
    pytest.param("GET", "/api/v3/monitors/1/2/3", b"", {}, 404, id="below a monitor, v3"),
    pytest.param("GET", "/api/v30", b"", {}, 404, id="another version is none of theirs"),
    pytest.param("GET", "/", b"", {}, 404, id="nothing at all"),
    pytest.param("PUT", "/api/smtp-monitors", b"{}", JSON, 405, id="no such method"),
    pytest.param("PUT", "/api/v3/monitors/email-smtp", b"{}", JSON, 405, id="no such method, v3"),
    pytest.param("TRACE", "/api/session", b"", {}, 405, id="an odd method"),
    pytest.param("DELETE", "/healthz", b"", {}, 405, id="no such method of ours"),
    pytest.param("POST", "/api/smtp-monitors", LARGE, JSON, 413, id="a large body"),
    pytest.param("POST", "/api/v3/monitors/email-smtp", LARGE, JSON, 413, id="a large body, v3"),
    pytest.param("POST", "/api/session", LARGE, JSON, 413, id="a large login"),
    pytest.param("POST", "/api/customers", b"{}", {"Content-Type": "text/plain"}, 415, id="no JSON by its own word"),
    pytest.param("POST", "/api/v3/access-tokens", b"{}", {"Content-Type": "text/plain"}, 415, id="the same, v3"),
]


@pytest.mark.parametrize(("method", "path", "content", "headers", "status"), ASKED)
async def test_what_is_asked_wrongly(
    api: Api, method: str, path: str, content: bytes, headers: dict[str, str], status: int
) -> None:
    answer = await api.client.request(method, path, content=content, headers=headers)
    assert_shape(answer, path, status)
    if status == 405:
        assert "GET" in answer.headers["allow"] or "POST" in answer.headers["allow"]


@pytest.mark.parametrize("path", ["/api/smtp-monitors", "/api/v3/monitors"])
async def test_who_is_not_known(api: Api, path: str) -> None:
    async with client_of(api.application) as client:
        assert_shape(await client.get(path), path, 401)


@pytest.mark.parametrize("path", ["/api/smtp-monitors", "/api/v3/monitors/email-smtp"])
async def test_who_may_not(api: Api, path: str) -> None:
    who = await person(api, Role.READONLY, organization=await organization_of(api, "Ours"))
    async with client_of(api.application) as client:
        assert_shape(await client.post(path, content=b"{", headers={**JSON, **who.headers}), path, 403)


@pytest.mark.parametrize("path", ["/api/smtp-monitors", "/api/v3/monitors"])
async def test_a_fault_of_ours_tells_nothing_of_it(api: Api, path: str) -> None:
    await api.value("ALTER TABLE monitor RENAME TO elsewhere")
    try:
        answer = await api.client.get(path)
    finally:
        await api.value("ALTER TABLE elsewhere RENAME TO monitor")
    assert_shape(answer, path, 500)
    assert "elsewhere" not in answer.text


@pytest.mark.parametrize("path", ["/api/smtp-monitors", "/api/v3/monitors"])
async def test_a_database_that_is_away(api: Api, module_bus: Bus, path: str) -> None:
    async with Database.open("postgresql://nobody@127.0.0.1:1/nothing") as nowhere:
        services = Services(
            database=nowhere, vault=api.vault, dispatcher=api.dispatcher, bus=module_bus, outlets=api.outlets
        )
        async with client_of(create_api(services)) as client:
            answer = await client.get(path, headers=dict(api.client.headers))
    assert_shape(answer, path, 503)
    assert int(answer.headers["retry-after"]) >= 1


async def test_several_mistakes_are_listed_one_by_one_below_v3(api: Api) -> None:
    answer = await api.client.post("/api/v3/monitors/email-smtp", json={})
    assert_shape(answer, "/api/v3", 400)
    assert len(answer.json()["errors"]) == 3
