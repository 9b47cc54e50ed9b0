"""Locations are listed page by page, filtered, sorted and with some fields only; everybody sees them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from controller.store.locations.locations import record_heartbeat
from tests.integration.api.conftest import Api
from tests.integration.api.monitors.test_trigger import heartbeat

LOCATIONS = "/api/v1/locations"


@pytest.fixture(scope="module", autouse=True)
async def locations(api: Api) -> AsyncIterator[None]:
    for code, name, country, enabled in (
        ("de-nbg", "Nuremberg", "DE", True),
        ("de-fra", "Frankfurt", "DE", False),
        ("us", "Aurora", "US", True),
        ("fr", "Frankfurt", "FR", True),
    ):
        await api.value(
            "INSERT INTO location (code, name, country_code, enabled, public_key) VALUES ($1, $2, $3, $4, 'k')",
            code,
            name,
            country,
            enabled,
        )
    assert await record_heartbeat(api.database, msgspec.structs.replace(heartbeat("us", "US"), agent="b"))
    yield
    await api.value("TRUNCATE location CASCADE")


async def codes(api: Api, **params: Any) -> list[str]:
    answer = await api.client.get(LOCATIONS, params=params)
    assert answer.status_code == 200, answer.text
    return [item["code"] for item in answer.json()["items"]]


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({}, ["de-fra", "de-nbg", "fr", "us"]),
        ({"sort": "-code"}, ["us", "fr", "de-nbg", "de-fra"]),
        ({"sort": "name"}, ["us", "de-fra", "fr", "de-nbg"]),
        ({"sort": "-country"}, ["us", "fr", "de-nbg", "de-fra"]),
        ({"country": "de"}, ["de-fra", "de-nbg"]),
        ({"enabled": "false"}, ["de-fra"]),
        ({"ready": "true"}, ["us"]),
        ({"q": "FRANK", "enabled": "true"}, ["fr"]),
        ({"q": "none"}, []),
    ],
)
async def test_filters_and_orders(api: Api, params: dict[str, Any], found: list[str]) -> None:
    assert await codes(api, **params) == found


@pytest.mark.parametrize("sort", ["code", "-name", "country"])
async def test_pages_hold_every_location_once(api: Api, sort: str) -> None:
    walked, cursor = [], None
    for _ in range(4):
        params: dict[str, Any] = {"sort": sort, "limit": 1} | ({"cursor": cursor} if cursor else {})
        page = (await api.client.get(LOCATIONS, params=params)).json()
        walked += [item["code"] for item in page["items"]]
        cursor = page["nextCursor"]
    assert cursor is None
    assert walked == await codes(api, sort=sort)


async def test_some_fields_only_and_wrong_parameters(api: Api) -> None:
    answer = await api.client.get(LOCATIONS, params={"fields": "code,ready", "country": "US"})
    assert answer.json() == {"items": [{"code": "us", "ready": True}], "nextCursor": None}
    page = (await api.client.get(LOCATIONS, params={"limit": 1})).json()
    for params, field in (
        ({"sort": "unknown"}, "sort"),
        ({"country": "XX"}, "country"),
        ({"fields": "unknown"}, "fields"),
        ({"unknown": 1}, "unknown"),
        ({"cursor": page["nextCursor"], "sort": "-code"}, "cursor"),
    ):
        refused = await api.client.get(LOCATIONS, params=params)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, field), refused.text


async def test_one_is_read_by_its_code_as_in_the_list(api: Api) -> None:
    answer = await api.client.get(f"{LOCATIONS}/us")
    [listed] = (await api.client.get(LOCATIONS, params={"country": "US"})).json()["items"]
    assert answer.json() == listed
    assert (listed["id"], listed["country"], listed["agents"], listed["kinds"]) == ("us", "US", 1, ["smtp"])
    unchanged = await api.client.get(f"{LOCATIONS}/us", headers={"If-None-Match": answer.headers["etag"]})
    assert unchanged.status_code == 304
    assert (await api.client.get(f"{LOCATIONS}/unknown")).status_code == 404
    old = {one["code"]: one for one in (await api.client.get("/api/locations")).json()}["us"]
    both = listed.keys() & old.keys() - {"id"}
    assert {name: listed[name] for name in both} == {name: old[name] for name in both}
