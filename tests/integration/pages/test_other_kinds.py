"""The pages of monitors that connect to two servers, or to none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from controller.model import Role
from controller.store.checks.results import store_results
from shared.clock import utc_now
from shared.epoch import to_ms
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.messages import PhaseTiming
from tests.fakes import kinds
from tests.integration.api.conftest import Api
from tests.integration.api.outages import Outage, check_result, make_locations, outage
from tests.integration.pages.browser import Browser, browsing_as

SERVERS = "a.example.com:587 and b.example.com:993"
GONE = Failure(kind=FailureKind.DNS_NOT_FOUND, source=FailureSource.TARGET, phase=Phase.RESOLVE)
ASKED = [PhaseTiming(phase=Phase.RESOLVE, start_ms=0, duration_ms=31)]


@pytest.fixture
async def browser(api: Api, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Browser]:
    kinds.install(monkeypatch)
    for module in ("facts.facts", "monitors.report", "results.single_checks"):
        monkeypatch.setattr(f"controller.operations.{module}.KINDS", ("pair", "zone"))
    await make_locations(api)
    async with browsing_as(api, Role.USER) as browser:
        yield browser
    await api.value("TRUNCATE result, incident CASCADE")
    await api.value("DELETE FROM monitor WHERE kind IN ('pair', 'zone')")


async def outage_of(api: Api, kind: str, hostname: str, port: int | None, config: dict[str, Any]) -> Outage:
    """The API makes no monitor of these kinds."""
    made = await api.create(name=f"The {kind}")
    await api.value(
        "UPDATE monitor SET kind = $2, hostname = $3, port = $4, config = $5 WHERE id = $1",
        *(made["id"], kind, hostname, port, config),
    )
    return await outage(api, made)


async def a_pair(api: Api, port: int | None = None) -> Outage:
    return await outage_of(api, "pair", "a.example.com", port, {"reader": "b.example.com", "user": "bert"})


async def a_zone(api: Api) -> Outage:
    return await outage_of(api, "zone", "example.com", None, {})


@pytest.mark.parametrize("port", [None, 2525], ids=["its own ports", "a port that it ignores"])
async def test_lists_name_every_server(api: Api, browser: Browser, port: int | None) -> None:
    await a_pair(api, port)
    for path in ("/", "/incidents"):
        assert f"Round trip {SERVERS}" in (await browser.open(path)).text


async def test_lists_name_no_port_where_there_is_none(api: Api, browser: Browser) -> None:
    await a_zone(api)
    for path in ("/", "/incidents"):
        text = (await browser.open(path)).text
        assert "Domain example.com" in text
        assert "example.com:" not in text


async def test_the_page_of_a_monitor_names_every_server(api: Api, browser: Browser) -> None:
    found = await a_pair(api)
    text = (await browser.open(f"/monitors/{found.monitor['publicId']}")).text
    assert "Round trip at a.example.com port 587 and b.example.com port 993" in text
    assert "b.example.com:993: Encryption TLS from the first byte" in text
    assert "Login: reader bert" in text


async def test_the_page_of_a_monitor_without_a_server(api: Api, browser: Browser) -> None:
    found = await a_zone(api)
    text = (await browser.open(f"/monitors/{found.monitor['publicId']}")).text
    assert "Domain at example.com ·" in text
    assert "Nobody finds its servers." in text
    assert "The domain, compared between locations" in text
    assert "Encryption" not in text
    assert "Login" not in text
    assert "Certificate" not in text
    assert "no recent check found out anything about it" in text


async def test_the_page_of_an_incident(api: Api, browser: Browser) -> None:
    pair, zone = await a_pair(api), await a_zone(api)
    assert f"Server Round trip {SERVERS}" in (await browser.open(f"/incidents/{pair.incident.public_id}")).text
    assert "Domain Domain example.com" in (await browser.open(f"/incidents/{zone.incident.public_id}")).text


@pytest.mark.parametrize("make", [a_pair, a_zone])
async def test_the_page_of_a_check(api: Api, browser: Browser, make: Any) -> None:
    found = await make(api)
    result = check_result(found.monitor, found.began + timedelta(minutes=1), "de-nbg", failure=GONE, phases=ASKED)
    await store_results(api.database, [result])
    path = f"/monitors/{found.monitor['publicId']}/checks/{result.check_id}?due={to_ms(result.due_at)}"
    text = (await browser.open(path)).text
    assert "Repeat it from a shell" not in text  # no URL names such a target
    if make is a_pair:
        assert "dns not found in resolve" in text
        assert "(of the last server that it tried)" in text
        assert "See what decided." in text
        assert "Dialogue No connection was made" in text
    else:
        assert "none was reached" not in text
        assert "See what decided." not in text
        assert "Dialogue" not in text
        assert "dns not found in ask" in text
        assert "The record is gone. It failed in the phase “ask”: every name server is asked." in text
        assert "ask: 31 ms" in text
        assert "Publish it again." in text


async def test_what_differs_of_a_kinds_own_facts_is_shown(api: Api, browser: Browser) -> None:
    found = await a_zone(api)
    now = utc_now().replace(microsecond=0)
    results = [
        check_result(found.monitor, now, code, facts={"serial": number}, phases=ASKED)
        for code, number in (("de-nbg", 7), ("fi-hel", 8))
    ]
    await store_results(api.database, results)
    text = (await browser.open(f"/monitors/{found.monitor['publicId']}")).text
    assert "Serial number" in text
    assert "STARTTLS" not in text


async def test_the_page_of_a_check_shows_its_kinds_own_facts_and_its_detail(api: Api, browser: Browser) -> None:
    found = await a_zone(api)
    servers = [{"ttl": 60, "name": "<b>ns</b>"}, {"ttl": 5, "name": "ns2"}]
    result = msgspec.structs.replace(
        check_result(found.monitor, found.began + timedelta(minutes=1), "de-nbg", phases=ASKED, facts={"serial": 7}),
        detail={"kind": "zone", "servers": servers, "pickedUp": False},
    )
    await store_results(api.database, [result])
    path = f"/monitors/{found.monitor['publicId']}/checks/{result.check_id}?due={to_ms(result.due_at)}"
    page = await browser.open(path)
    assert "What it found Serial number 7 Servers Time to live 60 Name <b>ns</b> Time to live 5 Name ns2" in page.text
    assert "Picked up no" in page.text


async def test_only_a_kind_with_a_form_is_offered_to_be_edited(api: Api, browser: Browser) -> None:
    pair, zone = await a_pair(api), await a_zone(api)
    links = {}
    for made in (pair, zone):
        public_id = await api.value("SELECT public_id FROM monitor WHERE id = $1", made.incident.monitor_id)
        links[made.incident.monitor_id] = (await browser.open(f"/monitors/{public_id}")).links
    assert "Edit" not in links[pair.incident.monitor_id]
    assert "Edit" in links[zone.incident.monitor_id]
