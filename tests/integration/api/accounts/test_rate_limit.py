"""The rate limit counts a caller's requests on all controllers together (docs/compatibility.md, U20)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest
from litestar.testing import RequestFactory

from controller.api.v1.stream.routes import OPENINGS
from controller.application import create_application
from controller.http.auth import address_of
from controller.http.services import Services
from controller.model import Role
from controller.operations.accounts.limits import network_of
from controller.store.accounts import request_counts
from shared.nats.bus import Bus
from tests.integration.api.conftest import Api, client_of
from tests.integration.api.people import organization_of, person

LIMIT = 5


@pytest.fixture
async def controllers(api: Api, module_bus: Bus) -> AsyncIterator[list[httpx.AsyncClient]]:
    """Two controllers on one database, each with a limit of 5 requests a minute."""
    await api.value("DELETE FROM request_count")
    async with AsyncExitStack() as stack:
        clients = []
        for _ in range(2):
            services = Services(
                database=api.database,
                vault=api.vault,
                dispatcher=api.dispatcher,
                bus=module_bus,
                outlets=api.outlets,
                rate_limit=LIMIT,
            )
            clients.append(await stack.enter_async_context(client_of(create_application(services))))
        yield clients


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def a_minute_later(api: Api) -> None:
    await api.value("UPDATE request_count SET since_at = since_at - interval '61 seconds'")


async def test_answers_show_the_remaining_requests_and_both_controllers_refuse_the_sixth(
    api: Api, controllers: list[httpx.AsyncClient]
) -> None:
    headers = bearer(api.customer_token)
    for number in range(LIMIT):
        answer = await controllers[number % 2].get("/api/locations", headers=headers)
        assert answer.status_code == 200
        assert answer.headers["x-ratelimit-limit"] == str(LIMIT)
        assert answer.headers["x-ratelimit-remaining"] == str(LIMIT - 1 - number)
        assert "retry-after" not in answer.headers
    for controller in controllers:
        for path in ("/api/locations", "/api/smtp-monitors/x"):
            refused = await controller.get(path, headers=headers)
            assert refused.status_code == 429
            assert 0 < int(refused.headers["retry-after"]) <= 60
            assert refused.headers["x-ratelimit-remaining"] == "0"
            assert refused.json() == {
                "statusCode": 429,
                "statusMessage": "Too Many Requests",
                "message": "Too Many Requests",
            }
    other = await controllers[0].get("/api/locations", headers=dict(api.client.headers))
    assert other.status_code == 200


async def test_errors_are_counted_too_and_alertsites_refusal_has_its_own_shape(
    api: Api, controllers: list[httpx.AsyncClient]
) -> None:
    headers = bearer(api.customer_token)
    first, _ = controllers
    wrong = await first.post("/api/smtp-monitors", content=b"{", headers=headers)
    assert (wrong.status_code, wrong.headers["x-ratelimit-remaining"]) == (400, "4")
    for _ in range(4):
        await first.get("/api/v3/monitors/1", headers=headers)
    refused = await first.get("/api/v3/monitors", headers=headers)
    assert refused.status_code == 429
    assert refused.json() == {"errors": [{"code": 429, "message": "Too Many Requests"}]}


async def test_requests_without_a_known_credential_are_counted_by_address(
    api: Api, controllers: list[httpx.AsyncClient]
) -> None:
    first, second = controllers
    for headers in ({}, bearer("wsm_" + "x" * 43), bearer("0" * 32)):
        assert (await first.get("/api/locations", headers=headers)).status_code == 401
    for _ in range(2):
        login = await first.post("/api/session", json={"email": "nobody@example.com", "password": "x"})
        assert login.status_code == 401
    assert (await second.get("/api/locations")).status_code == 429
    assert (await second.get("/schema/openapi.json")).status_code == 429
    # A valid token from the same address is counted separately.
    assert (await second.get("/api/locations", headers=bearer(api.customer_token))).status_code == 200


async def test_all_sessions_of_a_person_share_one_count(api: Api, controllers: list[httpx.AsyncClient]) -> None:
    user = await person(api, Role.USER, organization=await organization_of(api, "Ours"))
    for _ in range(LIMIT):
        assert (await controllers[0].get("/api/session", headers=user.headers)).status_code == 200
    assert (await controllers[1].get("/api/session", headers=user.headers)).status_code == 429


async def test_streams_of_known_callers_are_counted_separately(api: Api, controllers: list[httpx.AsyncClient]) -> None:
    """All streams reconnect at once after a controller restart, and a refusal would end a browser's stream for ever."""
    first, second = controllers
    headers, path = bearer(api.customer_token), "/api/results/stream?status=x"
    for number in range(LIMIT + 2):
        answer = await controllers[number % 2].get(path, headers=headers)
        assert answer.status_code == 400
        assert answer.headers["x-ratelimit-remaining"] == str(OPENINGS - 1 - number)
    answer = await first.get("/api/locations", headers=headers)
    assert (answer.status_code, answer.headers["x-ratelimit-remaining"]) == (200, str(LIMIT - 1))
    for _ in range(LIMIT):
        assert (await first.get(path)).status_code == 401
    assert (await second.get(path)).status_code == 429


async def test_health_is_exempt(controllers: list[httpx.AsyncClient]) -> None:
    for _ in range(LIMIT + 2):
        for path in ("/healthz", "/readyz"):
            answer = await controllers[0].get(path)
            assert answer.status_code == 200
            assert "x-ratelimit-limit" not in answer.headers


async def test_a_new_minute_is_a_new_count(api: Api, controllers: list[httpx.AsyncClient]) -> None:
    headers = bearer(api.customer_token)
    for _ in range(LIMIT):
        await controllers[0].get("/api/locations", headers=headers)
    await a_minute_later(api)
    answer = await controllers[0].get("/api/locations", headers=headers)
    assert (answer.status_code, answer.headers["x-ratelimit-remaining"]) == (200, "4")


async def test_requests_at_once_are_counted_one_by_one(api: Api, controllers: list[httpx.AsyncClient]) -> None:
    headers = bearer(api.customer_token)
    answers = await asyncio.gather(
        *(controllers[number % 2].get("/api/locations", headers=headers) for number in range(20))
    )
    assert sorted(answer.status_code for answer in answers) == [200] * LIMIT + [429] * 15


async def test_a_request_over_the_limit_causes_no_database_write(
    api: Api, controllers: list[httpx.AsyncClient]
) -> None:
    headers = bearer(api.customer_token)
    for _ in range(LIMIT + 1):
        await controllers[0].get("/api/locations", headers=headers)
    counted = await api.value("SELECT max(requests) FROM request_count")
    for _ in range(10):
        assert (await controllers[0].get("/api/locations", headers=headers)).status_code == 429
    assert await api.value("SELECT max(requests) FROM request_count") == counted == LIMIT + 1


async def test_without_a_limit_nothing_is_counted_and_no_header_is_sent(api: Api) -> None:
    await api.value("DELETE FROM request_count")
    answer = await api.client.get("/api/locations")
    assert "x-ratelimit-limit" not in answer.headers
    assert await api.value("SELECT count(*) FROM request_count") == 0


async def test_old_counts_are_forgotten_and_young_ones_kept(api: Api) -> None:
    await api.value("DELETE FROM request_count")
    await api.value(
        "INSERT INTO request_count (who, since_at, requests)"
        " VALUES ('a', now() - interval '61 minutes', 1), ('b', now() - interval '59 minutes', 1)"
    )
    await request_counts.forget_old(api.database)
    assert await api.value("SELECT string_agg(who, ',') FROM request_count") == "b"


@pytest.mark.parametrize(
    ("host", "address"),
    [
        pytest.param("192.0.2.7", "192.0.2.7", id="IPv4"),
        pytest.param("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", id="IPv6: its network"),
        pytest.param("::ffff:192.0.2.7", "192.0.2.7", id="IPv4 in IPv6"),
        pytest.param("", "unknown", id="no address"),
    ],
)
def test_an_ipv4_address_or_an_ipv6_network_is_one_caller(api: Api, host: str, address: str) -> None:
    request = RequestFactory(app=api.application).get("/")
    request.scope["client"] = (host, 1234)
    assert network_of(address_of(request)) == address


async def test_a_header_does_not_make_another_caller(api: Api, controllers: list[httpx.AsyncClient]) -> None:
    for number in range(LIMIT):
        await controllers[0].get("/api/locations", headers={"X-Forwarded-For": f"192.0.2.{number}"})
    refused = await controllers[0].get("/api/locations", headers={"X-Forwarded-For": "192.0.2.99"})
    assert refused.status_code == 429
