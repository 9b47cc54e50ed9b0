"""Custom properties as a resource, which are the labels of monitors (docs/compatibility.md, A22)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.alertsite.client import create, messages, read
from tests.integration.api.conftest import Api

PATH = "/api/v3/properties"
CREATE = "/api/v3/property"


@pytest.fixture(autouse=True)
async def _no_labels(api: Api) -> None:
    await api.value("UPDATE monitor SET deleted_at = now() WHERE deleted_at IS NULL")


async def make(api: Api, name: str, value: str, *monitors: str) -> str:
    answer = await api.client.post(CREATE, json={"name": name, "value": value, "monitors": [int(m) for m in monitors]})
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["id"]
    number: str = answer.json()["id"]
    return number


async def listed(api: Api) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api.client.get(PATH)).json()["results"]
    return found


async def test_a_property_is_a_label_of_the_monitors_that_are_named(api: Api) -> None:
    first, second, third = [await create(api) for _ in range(3)]
    number = await make(api, "team", "mail", first, second)
    assert await make(api, "team", "web", third) == number
    [found] = await listed(api)
    assert found == {
        "id": int(number),
        "name": "team",
        "values": [{"value": "mail", "monitors": 2}, {"value": "web", "monitors": 1}],
    }
    assert (await api.client.get(f"{PATH}/{number}")).json() == found
    assert (await read(api, first))["custom_properties"] == [{"id": int(number), "name": "team", "value": "mail"}]
    public_id = (await read(api, first))["public_id"]
    assert (await api.client.get(f"/api/v1/monitors/{public_id}")).json()["labels"] == {"team": "mail"}


async def test_a_property_is_renamed_on_all_its_monitors(api: Api) -> None:
    first, second = await create(api), await create(api)
    number = await make(api, "team", "mail", first, second)
    answer = await api.client.patch(f"{PATH}/{number}", json={"name": "crew"})
    assert answer.status_code == 200, answer.text
    assert [(one["id"], one["name"]) for one in await listed(api)] == [(int(answer.json()["id"]), "crew")]
    assert messages((await api.client.get(f"{PATH}/{number}")).json(), 404) == ["Record not found"]
    same = await api.client.patch(f"{PATH}/{answer.json()['id']}", json={"name": "crew"})
    assert same.json() == answer.json()


async def test_a_property_is_taken_from_all_its_monitors(api: Api) -> None:
    monitor = await create(api)
    number = await make(api, "team", "mail", monitor)
    assert (await api.client.delete(f"{PATH}/{number}")).status_code == 204
    assert await listed(api) == []
    assert (await read(api, monitor))["custom_properties"] == []
    assert messages((await api.client.delete(f"{PATH}/{number}")).json(), 404) == ["Record not found"]


async def test_what_is_wrong_is_named(api: Api) -> None:
    answer = await api.client.post(CREATE, json={})
    assert [one.split(" ")[2] for one in messages(answer.json(), 400)] == ["name", "value", "monitors"]
    answer = await api.client.post(CREATE, json={"name": "a:b", "value": "x", "monitors": [1]})
    assert messages(answer.json(), 400) == [
        "invalid_request - name must be 1 to 50 characters, none of them a colon or a control character"
    ]
    answer = await api.client.post(CREATE, json={"name": "a", "value": "x", "monitors": [987654321]})
    assert messages(answer.json(), 404) == ["Record not found"]
