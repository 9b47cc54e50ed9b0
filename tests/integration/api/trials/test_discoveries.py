"""A program finds servers by an address: which ones, why, and what a location found there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from controller.api.v1.discoveries.schemas import NewDiscovery
from controller.model import Role
from controller.store.checks.discoveries import forget_expired
from controller.store.checks.trials import store_results
from controller.store.locations.locations import record_heartbeat
from shared.wire.messages import TRIAL
from shared.wire.targets import KINDS
from tests.integration.api.conftest import CUSTOMER, Api, client_of
from tests.integration.api.monitors.test_trigger import heartbeat
from tests.integration.api.people import organization_of, person
from tests.integration.api.trials.test_trials import result_of

DISCOVERIES = "/api/v1/discoveries"
ADDRESS = "alice@example.org"


@pytest.fixture(autouse=True)
async def locations(api: Api) -> AsyncIterator[None]:
    """Location `de` runs trials. The domain of ADDRESS names two servers."""
    await api.value("INSERT INTO location (code, name, country_code, public_key) VALUES ('de', 'de', 'DE', 'k')")
    assert await record_heartbeat(
        api.database, msgspec.structs.replace(heartbeat("de", "DE", kinds=KINDS), reads=[TRIAL])
    )
    api.zone["_imaps._tcp.example.org"] = ["SRV 0 1 993 imap.example.org"]
    api.zone["example.org"] = ["MX 10 mx.example.org"]
    yield
    api.zone.clear()
    await api.value("DELETE FROM location")
    await api.value("DELETE FROM request_count")
    api.dispatcher.trials.clear()
    api.dispatcher.away = False


async def begin(api: Api, address: str = ADDRESS) -> Any:
    answer = await api.client.post(DISCOVERIES, json={"address": address})
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"{DISCOVERIES}/{answer.json()['id']}"
    return answer.json()


async def test_servers_are_found_with_reasons_and_each_is_tried_from_one_location(api: Api) -> None:
    found = await begin(api)
    assert [(one["kind"], one["host"], one["port"], one["tls"], one["user"]) for one in found["servers"]] == [
        ("imap", "imap.example.org", 993, "implicit", ADDRESS),
        ("smtp", "mx.example.org", 25, "opportunistic", None),
    ]
    assert found["servers"][0]["reasons"] == ["the SRV record _imaps._tcp.example.org says so (RFC 6186)"]
    assert [one["result"]["status"] for one in found["servers"]] == ["pending", "pending"]
    assert not found["done"]
    assert [(trying.target.endpoints[0].host, places) for trying, places in api.dispatcher.trials] == [
        ("imap.example.org", ["de"]),
        ("mx.example.org", ["de"]),
    ]
    for one in found["servers"]:
        begun = (await api.client.get(f"/api/v1/trials/{one['trialId']}")).json()
        await store_results(api.database, [result_of(begun)])
    read = (await api.client.get(f"{DISCOVERIES}/{found['id']}")).json()
    assert read["done"]
    assert read["servers"][1]["result"]["failure"]["kind"] == "login_refused"
    assert read["steps"] == found["steps"]
    assert any("MX records" in one["source"] and one["found"] for one in read["steps"])


async def test_the_example_of_the_document_is_accepted(api: Api) -> None:
    answer = await api.client.post(DISCOVERIES, json=NewDiscovery.EXAMPLE)
    assert answer.status_code == 202, answer.text


@pytest.mark.parametrize("address", ["ftp://example.org", "two words", "imaps://a:geheim@example.org", ""])
async def test_what_cannot_be_read_is_refused_by_its_field(api: Api, address: str) -> None:
    answer = await api.client.post(DISCOVERIES, json={"address": address})
    assert answer.status_code == 400
    assert {error["field"] for error in answer.json()["errors"]} == {"address"}
    assert "geheim" not in answer.text
    assert not api.dispatcher.trials


async def test_a_discovery_counts_as_one_trial(api: Api) -> None:
    for _ in range(10):
        await begin(api, "mail.example.org:2525")
    assert len(api.dispatcher.trials) == 60
    refused = await api.client.post(DISCOVERIES, json={"address": ADDRESS})
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 60


async def test_without_the_broker_servers_are_found_but_not_tried(api: Api) -> None:
    api.dispatcher.away = True
    found = await begin(api)
    assert found["done"]
    assert [(one["host"], one["trialId"], one["result"]) for one in found["servers"]] == [
        ("imap.example.org", None, None),
        ("mx.example.org", None, None),
    ]


async def test_who_may_begin_a_discovery_and_who_reads_it(api: Api) -> None:
    ours = await organization_of(api, "Ours")
    path = f"{DISCOVERIES}/{(await begin(api))['id']}"
    body = {"address": "mail.example.org:25"}
    async with client_of(api.application) as client:

        async def of(headers: dict[str, str], **params: Any) -> tuple[int, int]:
            begun = await client.post(DISCOVERIES, json=body, headers=headers, params=params)
            return begun.status_code, (await client.get(path, headers=headers, params=params)).status_code

        async def as_role(role: Role, customers: list[int] | None = None, **params: Any) -> tuple[int, int]:
            return await of((await person(api, role, organization=ours, customers=customers)).headers, **params)

        assert await as_role(Role.EDITOR) == (202, 200)
        assert await as_role(Role.EDITOR, [api.customer]) == (202, 404)
        assert await as_role(Role.READONLY, [api.customer]) == (403, 404)
        assert await as_role(Role.GLOBAL_ADMIN) == (400, 200)
        assert await as_role(Role.GLOBAL_ADMIN, organizationId=ours) == (202, 200)
        assert await of({"Authorization": f"Bearer {api.strange_token}"}) == (202, 404)
        assert (await client.post(DISCOVERIES, json=body)).status_code == 401


async def test_a_discovery_is_gone_when_it_expired(api: Api) -> None:
    path = f"{DISCOVERIES}/{(await begin(api))['id']}"
    await api.value("UPDATE discovery SET expires_at = now() - interval '1 ms'")
    assert (await api.client.get(path)).status_code == 404
    await forget_expired(api.database)
    assert await api.value("SELECT count(*) FROM discovery") == 0
    assert (await api.client.get(f"{DISCOVERIES}/{CUSTOMER}")).status_code == 404
    assert (await api.client.get(f"{DISCOVERIES}/x")).status_code == 400
