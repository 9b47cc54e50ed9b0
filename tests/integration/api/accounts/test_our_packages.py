"""`/api/v1/packages`: the same packages as `/api/package-configs`."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.conftest import Api

PATH, CONFIGS = "/api/v1/packages", "/api/package-configs"


@pytest.fixture(autouse=True)
async def _without_packages(api: Api) -> None:
    await api.value("UPDATE customer SET package_type = NULL")
    await api.value("DELETE FROM package")
    await api.value("DELETE FROM request_count")


async def make(api: Api, **fields: Any) -> dict[str, Any]:
    answer = await api.client.post(PATH, json={"key": "gold", **fields})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"{PATH}/{answer.json()['key']}"
    found: dict[str, Any] = answer.json()
    return found


async def test_a_package_is_the_same_thing_in_both_groups(api: Api) -> None:
    made = await make(api, name="Gold", alertConsecutiveChecks=3, enableSmsAlerts=False)
    config = (await api.client.get(f"{CONFIGS}/gold")).json()
    assert (config["displayName"], config["alertConsecutiveChecks"], config["enableSmsAlerts"]) == ("Gold", 3, False)
    assert (made["checkLocations"], made["enableEmailAlerts"], made["notificationDelayMinutes"]) == (None, True, 0)
    await api.client.patch(f"{CONFIGS}/gold", json={"maxUrls": 5, "checkLocations": 2})
    found = (await api.client.get(f"{PATH}/gold")).json()
    assert found == made | {"checkLocations": 2, "updatedAt": found["updatedAt"]}
    changed = (await api.client.patch(f"{PATH}/gold", json={"alertConsecutiveChecks": None})).json()
    assert (changed["alertConsecutiveChecks"], changed["checkLocations"]) == (None, 2)
    assert (await api.client.get(f"{CONFIGS}/gold")).json()["maxUrls"] == 5, "what is only for websites stays"
    await api.client.patch(f"{CONFIGS}/silver", json={})
    listed = (await api.client.get(PATH)).json()
    assert ([one["key"] for one in listed["items"]], listed["nextCursor"]) == (["gold", "silver"], None)
    assert (await api.client.delete(f"{PATH}/gold")).status_code == 204
    assert (await api.client.get(f"{CONFIGS}/gold")).status_code == 404


async def test_a_change_names_the_state_that_it_is_for(api: Api) -> None:
    await make(api)
    first = (await api.client.get(f"{PATH}/gold")).headers["ETag"]
    changed = await api.client.patch(f"{PATH}/gold", json={"checkLocations": 2}, headers={"If-Match": first})
    assert changed.status_code == 200
    for method, body in (("PATCH", {"checkLocations": 3}), ("DELETE", None)):
        lost = await api.client.request(method, f"{PATH}/gold", json=body, headers={"If-Match": first})
        assert lost.status_code == 412, lost.text
    assert (await api.client.get(f"{PATH}/gold")).json()["checkLocations"] == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "key"),
        ({"key": " "}, "key"),
        ({"key": "a/b"}, "key"),
        ({"key": "k", "alertConsecutiveChecks": 0}, "alertConsecutiveChecks"),
        ({"key": "k", "alertLocationThreshold": "most"}, "alertLocationThreshold"),
        ({"key": "k", "dataRetentionMonths": 0}, "dataRetentionMonths"),
        ({"key": "k", "maxUrls": 1}, "maxUrls"),
        ({"key": "k", "name": "a\n"}, "name"),
    ],
)
async def test_what_is_wrong_is_named(api: Api, body: dict[str, Any], field: str) -> None:
    answer = await api.client.post(PATH, json=body)
    assert answer.status_code == 400, answer.text
    assert [one["field"] for one in answer.json()["errors"]] == [field]
    assert (await api.client.get(PATH)).json()["items"] == []


async def test_what_is_not_there_or_in_use_is_refused(api: Api) -> None:
    made = await make(api)
    assert made["name"] == "gold", "the key when no name is given"
    again = await api.client.post(PATH, json={"key": "gold"})
    assert (again.status_code, again.json()["detail"]) == (409, "A package with this key exists already")
    for method, body in (("GET", None), ("PATCH", {}), ("DELETE", None)):
        answer = await api.client.request(method, f"{PATH}/nothing", json=body)
        assert (answer.status_code, answer.json()["detail"]) == (404, "Package config not found"), method
    await api.value("UPDATE customer SET package_type = 'gold' WHERE id = $1", api.customer)
    used = await api.client.delete(f"{PATH}/gold")
    assert (used.status_code, used.json()["detail"]) == (409, "The package cannot be deleted: 1 customer has it")
