"""The home location of a monitor must be one of its locations: the others only recheck what it finds."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.alertsite.client import PATH, create, creation_errors, edit, make_locations, messages, read
from tests.integration.api.conftest import Api


@pytest.fixture(scope="module")
async def location_ids(api: Api) -> dict[str, int]:
    return await make_locations(api, de="DE", us="US", ca="CA")


@pytest.fixture
def refusal(location_ids: dict[str, int]) -> str:
    return f"home_location must be one of locations ({location_ids['de']}): {location_ids['us']} is not"


async def test_one_outside_the_locations_is_refused(api: Api, location_ids: dict[str, int], refusal: str) -> None:
    outside = {"locations": [{"id": location_ids["de"]}], "home_location": location_ids["us"]}
    number = await create(api)
    assert await creation_errors(api, outside) == [f"invalid_request - {refusal}"]
    answer = await api.client.patch(f"{PATH}/monitors/email-smtp/{number}", json=outside)
    assert (answer.status_code, messages(answer.json(), 400)) == (400, [f"invalid_request - {refusal}"])


async def test_it_must_not_be_left_behind_by_other_locations(
    api: Api, location_ids: dict[str, int], refusal: str
) -> None:
    both = [{"id": location_ids["us"]}, {"id": location_ids["de"]}]
    number = await create(api, locations=both, home_location=location_ids["us"])
    change: dict[str, Any] = {"locations": both[1:]}
    path = f"{PATH}/monitors/email-smtp/{number}"
    answer = await api.client.patch(path, json=change)
    assert messages(answer.json(), 400) == [f"invalid_request - {refusal}"]
    found = await edit(api, number, **change, home_location=None)
    assert found["home_location"] == location_ids["de"]


async def test_one_that_is_sent_back_beside_other_locations_is_refused(
    api: Api, location_ids: dict[str, int], refusal: str
) -> None:
    """The monitor has no home location of its own, and shows the first of its locations."""
    number = await create(api, locations=[{"id": location_ids["us"]}])
    change = {
        "home_location": (await read(api, number))["home_location"],
        "locations": [{"id": location_ids["de"]}],
    }
    answer = await api.client.patch(f"{PATH}/monitors/email-smtp/{number}", json=change)
    assert messages(answer.json(), 400) == [f"invalid_request - {refusal}"]


async def test_a_monitor_that_has_one_outside_since_before_can_be_changed(
    api: Api, location_ids: dict[str, int]
) -> None:
    number = await create(api, locations=[{"id": location_ids["de"]}])
    await api.value("UPDATE monitor SET home_location_id = $1 WHERE id = $2", location_ids["us"], int(number))
    assert (await edit(api, number, note="n"))["note"] == "n"


async def test_the_accounts_defaults_keep_the_rule_too(api: Api, location_ids: dict[str, int], refusal: str) -> None:
    listed = {"locations": [{"id": location_ids["de"]}]}
    answer = await api.client.patch(f"{PATH}/account-defaults", json=listed)
    assert answer.status_code == 200, answer.text
    answer = await api.client.patch(f"{PATH}/account-defaults", json={"home_location": location_ids["us"]})
    assert messages(answer.json(), 400) == [f"invalid_request - {refusal}"]
    assert (await api.client.get(f"{PATH}/account-defaults")).json()["home_location"] is None
    await api.value("DELETE FROM account_defaults")
