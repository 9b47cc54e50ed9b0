"""What each location sees of a monitor's server, and the feed of what changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from controller.model import Role
from shared.clock import utc_now
from tests.integration.api.changed_facts import add_change, add_fact
from tests.integration.api.conftest import OTHER_CUSTOMER, Api, client_of
from tests.integration.api.outages import make_locations
from tests.integration.api.people import organization_of, person

FEED = "/api/v1/fact-changes"


@pytest.fixture(autouse=True)
async def none_before(api: Api) -> AsyncIterator[None]:
    await make_locations(api)
    yield
    await api.value("DELETE FROM fact_change")


async def listed(api: Api, **query: Any) -> list[str]:
    answer = await api.client.get(FEED, params=query)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def test_the_facts_of_a_monitor_stand_by_location_with_first_and_last_sight(api: Api) -> None:
    monitor = await api.create()
    first = utc_now() - timedelta(days=2)
    await add_fact(api, monitor, "de-nbg", "tlsVersion", "TLSv1.2", at=first)
    await add_fact(api, monitor, "de-nbg", "tlsVersion", "TLSv1.3")
    answer = await api.client.get(f"/api/v1/monitors/{monitor['publicId']}/facts")
    assert answer.status_code == 200, answer.text
    [place] = answer.json()["locations"]
    assert place["country"] == "DE"
    assert [(one["value"], one["holds"]) for one in place["facts"]] == [("TLSv1.3", True), ("TLSv1.2", False)]
    assert place["facts"][1]["firstSeenAt"] == place["facts"][1]["lastSeenAt"]


async def test_the_feed_is_newest_first_and_says_it_in_words(api: Api) -> None:
    monitor = await api.create()
    old, new = await add_change(api, monitor), await add_change(api, monitor, fact="starttls", after="missing")
    answer = (await api.client.get(FEED)).json()
    assert [item["id"] for item in answer["items"]] == [str(new), str(old)]
    assert answer["items"][0]["words"] == "STARTTLS vanished in DE: it is not offered"


async def test_the_feed_is_read_page_by_page(api: Api) -> None:
    monitor = await api.create()
    added = [str(await add_change(api, monitor)) for _ in range(3)]
    first = (await api.client.get(FEED, params={"limit": 2})).json()
    second = (await api.client.get(FEED, params={"limit": 2, "cursor": first["nextCursor"]})).json()
    assert [item["id"] for item in first["items"] + second["items"]] == added[::-1]
    assert second["nextCursor"] is None


async def test_the_feed_is_filtered(api: Api) -> None:
    monitor, other = await api.create(), await api.create()
    french = str(
        await add_change(api, monitor, finding="starttls_stripped", fact=None, change="began", countries=("FR",))
    )
    german = str(await add_change(api, other, locations=("de-nbg",)))
    assert await listed(api, finding="starttls_stripped") == [french]
    assert await listed(api, country="fr") == [french]
    assert await listed(api, monitor=other["publicId"]) == [german]
    assert await listed(api, fact="tlsVersion") == [german]
    assert await listed(api, to=(utc_now() - timedelta(hours=1)).isoformat()) == []


async def test_an_unknown_finding_is_refused(api: Api) -> None:
    answer = await api.client.get(FEED, params={"finding": "probe_disliked"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "finding"


async def test_somebody_of_another_customer_sees_none_of_it(api: Api) -> None:
    monitor = await api.create()
    await add_change(api, monitor)
    number = await organization_of(api, "Ours")
    other = await api.value("SELECT id FROM customer WHERE name = $1", OTHER_CUSTOMER)
    reader = await person(api, Role.READONLY, organization=number, customers=[other])
    async with client_of(api.application) as client:
        client.headers.update(reader.headers)
        assert (await client.get(FEED)).json()["items"] == []
        assert (await client.get(f"/api/v1/monitors/{monitor['publicId']}/facts")).status_code in (403, 404)


async def test_a_channel_says_which_changes_it_is_notified_of(api: Api) -> None:
    body = {"name": "Facts", "config": {"type": "email", "to": ["a@example.com"]}, "factChanges": ["starttls_vanished"]}
    made = await api.client.post("/api/v1/channels", json=body)
    assert made.status_code == 201, made.text
    assert made.json()["factChanges"] == ["starttls_vanished"]
    path = f"/api/v1/channels/{made.json()['id']}"
    changed = await api.client.patch(path, json={"factChanges": ["certificate_changed", "starttls_vanished"]})
    assert changed.json()["factChanges"] == ["certificate_changed", "starttls_vanished"]
    cleared = await api.client.patch(path, json={"factChanges": None})
    assert cleared.json()["factChanges"] == []


async def test_a_change_that_nobody_knows_cannot_be_subscribed_to(api: Api) -> None:
    body = {"name": "Facts", "config": {"type": "email", "to": ["a@example.com"]}, "factChanges": ["weather_changed"]}
    answer = await api.client.post("/api/v1/channels", json=body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"].startswith("factChanges")
