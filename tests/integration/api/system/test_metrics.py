"""`/metrics` of a controller: its permissions, the names it must not show, and the counts of requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest

from controller.application import create_application
from controller.http.services import Services
from controller.metrics import exposition
from controller.metrics.process import Metrics
from controller.model import Role
from controller.store.platform.pool import Database
from shared.nats.bus import Bus
from shared.secret import Secret
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, STRANGE_CUSTOMER, Api, client_of
from tests.integration.api.people import organization_of, person
from tests.integration.api.system.test_system import NOWHERE
from tests.integration.scraped import Scraped

PASSWORD = "correct-horse-battery-staple"
QUOTED = 'Mail "in" \\and out} 1'
MONITORS = "/metrics/monitors"
REQUESTS = "mailprobe_api_requests_total"


@asynccontextmanager
async def controller(api: Api, bus: Bus, **changes: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a token, of a controller that has its own metrics."""
    services = Services(
        database=api.database,
        vault=api.vault,
        dispatcher=api.dispatcher,
        bus=bus,
        outlets=api.outlets,
        metrics=Metrics(),
        metrics_token=Secret(METRICS_TOKEN),
    )
    async with client_of(create_application(replace(services, **changes))) as client:
        yield client


METRICS_TOKEN = "0123456789abcdef" * 3


async def scrape(
    client: httpx.AsyncClient, token: str | None = METRICS_TOKEN, path: str = "/metrics", **headers: str
) -> Scraped:
    """With a cookie or another header, give `token` as None."""
    answer = await client.get(path, headers=({"Authorization": f"Bearer {token}"} if token else {}) | headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return Scraped.of(answer.text)


async def test_the_metrics_token_reads_the_metrics_without_any_rate_limit(api: Api, module_bus: Bus) -> None:
    async with controller(api, module_bus, rate_limit=1) as client:
        for _ in range(4):
            assert (await scrape(client)).all("mailprobe_build_info") == [1]
        for path in ("/api/locations", "/metrics/monitors", "/api/results"):
            answer = await client.get(path, headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
            assert answer.status_code in {401, 404, 429}, path  # it reads nothing else


async def test_administrators_of_the_installation_read_the_metrics_and_nobody_else(api: Api, module_bus: Bus) -> None:
    ours, strange = [await organization_of(api, name) for name in ("Ours", "Strange")]
    read = [
        await person(api, Role.ADMIN, organization=ours),
        await person(api, Role.GLOBAL_ADMIN, organization=strange),
    ]
    refused = [
        await person(api, Role.ADMIN, organization=strange),
        await person(api, Role.ADMIN, organization=ours, customers=[api.customer]),
        await person(api, Role.USER, organization=ours),
        await person(api, Role.READONLY, organization=ours),
        await person(api, Role.GLOBAL_SUPPORTER, organization=ours),
    ]
    async with controller(api, module_bus) as client:
        assert await scrape(client, token_of(api))
        for one in read:
            assert await scrape(client, None, **one.headers)
        for headers in (
            *(one.headers for one in refused),
            {"Authorization": f"Bearer {api.customer_token}"},
            {"Authorization": f"Bearer {api.strange_token}"},
        ):
            answer = await client.get("/metrics", headers=headers)
            assert (answer.status_code, "mailprobe_" in answer.text) == (403, False)


@pytest.mark.parametrize(
    "authorization",
    [
        pytest.param(None, id="nothing"),
        pytest.param("Bearer ", id="an empty token"),
        pytest.param(f"Bearer {METRICS_TOKEN[:-1]}", id="the beginning of the token"),
        pytest.param(f"Bearer {METRICS_TOKEN}0", id="the token and more"),
        pytest.param(f"Basic {METRICS_TOKEN}", id="another scheme"),
        pytest.param("Bearer wsm_unknown", id="an unknown API token"),
        pytest.param("Bearer \xe9\xff", id="bytes that are not ASCII"),
    ],
)
async def test_strangers_learn_no_metrics(api: Api, module_bus: Bus, authorization: str | None) -> None:
    headers = {} if authorization is None else {b"Authorization": authorization.encode("latin-1")}
    async with controller(api, module_bus) as client:
        answer = await client.get("/metrics", headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.json() == {"statusCode": 401, "statusMessage": "Unauthorized", "message": "Unauthorized"}


async def test_without_a_metrics_token_an_empty_one_reads_nothing(api: Api, module_bus: Bus) -> None:
    async with controller(api, module_bus, metrics_token=None) as client:
        for authorization in ("Bearer ", "Bearer None", f"Bearer {METRICS_TOKEN}"):
            answer = await client.get("/metrics", headers={"Authorization": authorization})
            assert answer.status_code == 401
        assert await scrape(client, token_of(api))


@pytest.mark.parametrize("path", ["/metrics", MONITORS])
async def test_whoever_guesses_tokens_is_limited_like_at_every_route(api: Api, module_bus: Bus, path: str) -> None:
    async with controller(api, module_bus, rate_limit=3, metrics_per_monitor=True) as client:
        await api.value("DELETE FROM request_count")
        wrong = [await client.get(path, headers={"Authorization": f"Bearer wsm_{guess}"}) for guess in range(5)]
        assert [answer.status_code for answer in wrong] == [401, 401, 401, 429, 429]
        assert int(wrong[-1].headers["retry-after"]) >= 1
        assert await scrape(client)
        assert await scrape(client, token_of(api), path)


async def test_the_metrics_need_no_database(api: Api, module_bus: Bus) -> None:
    async with Database.open(NOWHERE) as nowhere, controller(api, module_bus, database=nowhere) as client:
        assert (await scrape(client)).all("mailprobe_build_info") == [1]


async def test_requests_are_counted_by_path_template_and_unknown_paths_together(api: Api, module_bus: Bus) -> None:
    made = await api.create()
    async with controller(api, module_bus) as client:
        headers = dict(api.client.headers)
        for path, status in (
            (f"/api/smtp-monitors/{made['publicId']}", 200),
            ("/api/smtp-monitors/00000000-0000-4000-8000-000000000000", 404),
            ("/api/smtp-monitors/x", 400),
            *((f"/there/is/nothing/{number}", 404) for number in range(50)),
        ):
            assert (await client.get(path, headers=headers)).status_code == status
        assert (await client.get("/api/smtp-monitors")).status_code == 401
        assert (await client.request("BREW", "/api/smtp-monitors")).status_code >= 400
        assert (await client.delete("/healthz")).status_code == 405
        scraped = await scrape(client)
    route = "/api/smtp-monitors/{public_id}"
    assert [scraped.all(REQUESTS, route=route, method="GET", status=one) for one in ("200", "400", "404")] == [[1]] * 3
    assert scraped.all("mailprobe_api_request_seconds_count", route=route, method="GET") == [3]
    assert scraped.all(REQUESTS, route="/api/smtp-monitors", method="GET", status="401") == [1]
    assert scraped.all(REQUESTS, route="other", method="GET", status="404") == [50]
    assert scraped.sum(REQUESTS, method="other") == 1
    assert scraped.sum(REQUESTS, method="DELETE", status="405") == 1
    for hidden in ("BREW", "/nothing", made["publicId"]):
        assert hidden not in scraped.text


async def test_the_metrics_name_no_monitor_customer_or_host_and_hold_no_secret(api: Api, module_bus: Bus) -> None:
    body = {"customerId": CUSTOMER, "name": "Secret Project", "hostname": "hidden.example.com"}
    async with controller(api, module_bus) as client:
        headers = dict(api.client.headers)
        made = await client.post(
            "/api/smtp-monitors",
            json=body | {"smtpConfig": {"auth": {"user": "u", "pass": PASSWORD}}},
            headers=headers,
        )
        assert made.status_code == 200
        text = (await scrape(client)).text
    for hidden in (PASSWORD, api.customer_token, "Secret Project", "hidden.example.com", made.json()["publicId"]):
        assert hidden not in text
    for hidden in ("Example Customer", "Ours", NOWHERE):
        assert hidden not in text


async def store_verdict(api: Api, monitor: dict[str, Any], verdict: str, duration_ms: float | None) -> None:
    """Store a verdict and latest results as the evaluator and ingest do."""
    await api.value(
        "INSERT INTO monitor_state (monitor_id, state, verdict, stable) VALUES ($1, '{}', $2, false)",
        monitor["id"],
        verdict,
    )
    if duration_ms is not None:
        await api.value(
            "INSERT INTO latest (monitor_id, location_id, due_at, status, duration_ms) VALUES"
            " ($1, 1, now() - interval '1 minute', 'success', 7), ($1, 2, now(), 'success', $2),"
            " ($1, 3, now() + interval '1 minute', 'unknown', 9)",
            monitor["id"],
            duration_ms,
        )


@pytest.fixture(scope="module")
async def monitors(api: Api) -> dict[str, dict[str, Any]]:
    """A monitor of each customer with a verdict, a disabled one, and a new one without a verdict."""
    ours = await api.create(name=QUOTED)
    other = await api.create(customerId=OTHER_CUSTOMER, name="Other")
    disabled = await api.create(name="Disabled", status="disabled")
    new = await api.create(name="New")
    answer = await api.client.post(
        "/api/smtp-monitors",
        json={"customerId": STRANGE_CUSTOMER, "name": "Strange", "hostname": "mail.example.com"},
        headers={"Authorization": f"Bearer {api.strange_token}"},
    )
    strange = answer.json()
    await store_verdict(api, ours, "degraded", 1250.0)
    await store_verdict(api, other, "down", None)
    await store_verdict(api, strange, "up", 3.0)
    return {"ours": ours, "other": other, "strange": strange, "disabled": disabled, "new": new}


def token_of(api: Api) -> str:
    return str(api.client.headers["Authorization"]).removeprefix("Bearer ")


def named(scraped: Scraped, monitors: dict[str, dict[str, Any]]) -> set[str]:
    return {name for name, one in monitors.items() if scraped.all("mailprobe_monitor_verdict", monitor=one["publicId"])}


async def test_monitors_are_shown_to_callers_that_may_read_them(
    api: Api, module_bus: Bus, monitors: dict[str, dict[str, Any]]
) -> None:
    ours, strange = [await organization_of(api, name) for name in ("Ours", "Strange")]
    limited = await person(api, Role.READONLY, organization=ours, customers=[api.other_customer])
    admin = await person(api, Role.GLOBAL_ADMIN, organization=strange)
    supporter = await person(api, Role.GLOBAL_SUPPORTER, organization=strange)
    async with controller(api, module_bus, metrics_per_monitor=True) as client:
        for refused in ({}, {"Authorization": f"Bearer {api.expired_token}"}, {"Authorization": "Bearer wsm_x"}):
            answer = await client.get(MONITORS, headers=refused)
            assert answer.status_code == 401
            assert "mailprobe" not in answer.text
        assert named(await scrape(client, token_of(api), MONITORS), monitors) == {"ours", "other", "new"}
        assert named(await scrape(client, api.customer_token, MONITORS), monitors) == {"ours", "new"}
        assert named(await scrape(client, api.strange_token, MONITORS), monitors) == {"strange"}
        assert named(await scrape(client, None, MONITORS, **limited.headers), monitors) == {"other"}
        assert named(await scrape(client, None, MONITORS, **supporter.headers), monitors) == {"strange"}
        elsewhere = await client.get(MONITORS, params={"organizationId": ours}, headers=supporter.headers)
        assert named(Scraped.of(elsewhere.text), monitors) == {"ours", "other", "new"}
        assert named(await scrape(client, None, MONITORS, **admin.headers), monitors) == {
            "ours",
            "other",
            "strange",
            "new",
        }


async def test_a_monitor_has_its_verdict_and_the_duration_of_its_latest_check(
    api: Api, module_bus: Bus, monitors: dict[str, dict[str, Any]]
) -> None:
    async with controller(api, module_bus, metrics_per_monitor=True) as client:
        scraped = await scrape(client, token_of(api), MONITORS)
    ours, other, new = ({"monitor": monitors[name]["publicId"]} for name in ("ours", "other", "new"))
    assert scraped.all("mailprobe_monitor_up", **ours, name=QUOTED, kind="smtp") == [1]
    assert scraped.all("mailprobe_monitor_verdict", **ours, verdict="degraded") == [1]
    assert scraped.all("mailprobe_monitor_last_duration_seconds", **ours) == [1.25]
    assert scraped.all("mailprobe_monitor_up", **other) == [0]
    assert scraped.all("mailprobe_monitor_last_duration_seconds", **other) == []
    assert scraped.all("mailprobe_monitor_up", **new) == []
    assert scraped.all("mailprobe_monitor_verdict", **new, verdict="unknown") == [1]
    assert scraped.all("mailprobe_build_info") == []
    assert PASSWORD not in scraped.text


async def test_concurrent_scrapes_get_the_same_answer(
    api: Api, module_bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        exposition, "_KEPT_SECONDS", 3600.0
    )  # the default of one second may pass before the last answer
    async with controller(api, module_bus) as client:
        headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}
        answers = await asyncio.gather(*(client.get("/metrics", headers=headers) for _ in range(30)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
