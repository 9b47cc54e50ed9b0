"""Documented statements about AlertSite's test on demand ([D] in the reference, 2.6)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from controller.store.locations.locations import record_heartbeat
from tests.integration.api.alertsite.client import create, edit, make_locations, messages
from tests.integration.api.conftest import Api
from tests.integration.api.monitors.test_trigger import heartbeat

PATH = "/api/v3/tests"


@pytest.fixture
async def places(api: Api) -> AsyncIterator[dict[str, int]]:
    await api.value("DELETE FROM location")
    found = await make_locations(api, de="DE", us="US", fr="FR")
    await api.value("UPDATE location SET enabled = false WHERE code = 'fr'")
    for code, country in (("de", "DE"), ("us", "US")):
        assert await record_heartbeat(api.database, heartbeat(code, country))
    api.dispatcher.triggered.clear()
    yield found
    api.dispatcher.triggered.clear()
    await api.value("DELETE FROM location")


async def test_it_runs_at_the_primary_location(api: Api, places: dict[str, int]) -> None:
    number = await create(api)
    await edit(api, number, locations=[{"id": one} for one in (places["de"], places["us"])], home_location=places["us"])
    answer = await api.client.get(f"{PATH}?monitor_id={number}")
    assert answer.status_code == 200, answer.text
    assert [codes for _, codes in api.dispatcher.triggered] == [["us"]]
    found = answer.json()
    assert (found["monitor_id"], found["locations"]) == (int(number), [places["us"]])
    public_id = await api.value("SELECT public_id FROM monitor WHERE id = $1::text::bigint", number)
    assert f"/monitors/{public_id}?checked=" in found["link"]


async def test_it_runs_at_the_location_that_is_named(api: Api, places: dict[str, int]) -> None:
    number = await create(api)
    answer = await api.client.get(f"{PATH}?monitor_id={number}&location_id={places['us']}")
    assert answer.json()["locations"] == [places["us"]]
    assert [codes for _, codes in api.dispatcher.triggered] == [["us"]]


async def test_what_is_for_other_types_of_monitors_changes_nothing(api: Api, places: dict[str, int]) -> None:
    number = await create(api)
    query = f"monitor_id={number}&location_id={places['de']}&test_type=Fullpage&monitor_agent=x"
    answer = await api.client.get(f"{PATH}?{query}")
    assert (answer.status_code, answer.json()["locations"]) == (200, [places["de"]])


async def test_a_disabled_monitor_is_tested_too(api: Api, places: dict[str, int]) -> None:
    number = await create(api, enabled=False)
    answer = await api.client.get(f"{PATH}?monitor_id={number}&location_id={places['de']}")
    assert answer.json()["locations"] == [places["de"]]


async def test_what_is_wrong_is_named(api: Api, places: dict[str, int]) -> None:
    number = await create(api)
    for query, text in (
        ("", "monitor_id is required"),
        (f"monitor_id={number}&location_id=987654", "location_id must name known locations: 987654 is unknown"),
        (
            f"monitor_id={number}&location_id={places['fr']}",
            "location_id must be one of the locations that may check the monitor",
        ),
    ):
        assert messages((await api.client.get(f"{PATH}?{query}")).json(), 400) == [f"invalid_request - {text}"]
    assert messages((await api.client.get(f"{PATH}?monitor_id=987654321")).json(), 404) == ["Record not found"]
    assert api.dispatcher.triggered == []
