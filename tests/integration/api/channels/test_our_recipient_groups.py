"""`/api/v1/recipient-groups`: the same groups as `/api/v3/notifier-groups`."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.integration.api.conftest import Api

PATH, NOTIFIER_GROUPS = "/api/v1/recipient-groups", "/api/v3/notifier-groups"


@pytest.fixture(autouse=True)
async def _without_groups(api: Api) -> None:
    await api.value("DELETE FROM recipient_group")
    await api.value("DELETE FROM request_count")


async def members(api: Api) -> dict[str, list[str]]:
    monitor = await api.create()
    mail = {"name": "C", "config": {"type": "email", "to": ["a@example.com"]}}
    channel = (await api.client.post("/api/v1/channels", json=mail)).json()
    return {"monitorIds": [monitor["publicId"]], "channelIds": [channel["id"]]}


async def make(api: Api, **fields: Any) -> dict[str, Any]:
    answer = await api.client.post(PATH, json={"name": "Mail team", **fields})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"{PATH}/{answer.json()['id']}"
    found: dict[str, Any] = answer.json()
    return found


async def of_alertsite(api: Api) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api.client.get(NOTIFIER_GROUPS)).json()["results"]
    return found


async def test_a_group_is_the_same_thing_in_both_apis(api: Api) -> None:
    own = await members(api)
    made = await make(api, **own, statuses=[6, 4, 6])
    assert {name: made[name] for name in own} == own
    assert (made["statuses"], made["isDefault"]) == ([6, 4], False)
    [other] = await of_alertsite(api)
    assert (other["name"], other["errortypes"]) == ("Mail team", [{"id": 6}, {"id": 4}])
    step = {"monitors": [{"id": other["monitors"][0]["id"], "step_number": 2}], "templates": [{"id": 1}]}
    assert (await api.client.patch(f"{NOTIFIER_GROUPS}/{other['id']}", json=step)).status_code == 200
    changed = await api.client.patch(f"{PATH}/{made['id']}", json={**own, "statuses": [], "isDefault": True})
    assert changed.status_code == 200, changed.text
    [after] = await of_alertsite(api)
    assert after == other | step | {"errortypes": [], "is_default": True}, "what only AlertSite's API has stays"
    assert (await api.client.get(f"{PATH}/{made['id']}")).json() == changed.json()
    assert [one["id"] for one in (await api.client.get(PATH)).json()["items"]] == [made["id"]]
    assert (await api.client.delete(f"{PATH}/{made['id']}")).status_code == 204
    assert await of_alertsite(api) == []


async def test_a_change_keeps_what_it_leaves_out_and_names_the_state_that_it_is_for(api: Api) -> None:
    made = await make(api, **await members(api), statuses=[3])
    first = (await api.client.get(f"{PATH}/{made['id']}")).headers["ETag"]
    changed = await api.client.patch(f"{PATH}/{made['id']}", json={"name": "Night"}, headers={"If-Match": first})
    assert changed.json() == made | {"name": "Night", "updatedAt": changed.json()["updatedAt"]}
    for method, body in (("PATCH", {"name": "Other"}), ("DELETE", None)):
        lost = await api.client.request(method, f"{PATH}/{made['id']}", json=body, headers={"If-Match": first})
        assert lost.status_code == 412, lost.text
    assert (await api.client.get(f"{PATH}/{made['id']}")).json()["name"] == "Night"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"monitorIds": []}, "monitorIds"),
        ({"monitorIds": [str(uuid4())]}, "monitorIds"),
        ({"channelIds": [str(uuid4())]}, "channelIds"),
        ({"channelIds": ["7"]}, "channelIds[0]"),
        ({"statuses": [1000]}, "statuses[0]"),
        ({"errortypes": []}, "errortypes"),
    ],
)
async def test_what_is_wrong_is_named(api: Api, fields: dict[str, Any], field: str) -> None:
    answer = await api.client.post(PATH, json={"name": "Mail team", **await members(api), **fields})
    assert answer.status_code == 400, answer.text
    assert [one["field"] for one in answer.json()["errors"]] == [field]
    assert (await api.client.get(PATH)).json()["items"] == []


async def test_members_of_another_organization_are_unknown(api: Api) -> None:
    own = await members(api)
    strange = await api.value("SELECT id FROM organization WHERE name = 'Strange'")
    insert = (
        "INSERT INTO notification_channel (organization_id, type, name, config)"
        """ VALUES ($1, 'email', 'N', '{"email": "a@example.net"}') RETURNING public_id::text"""
    )
    theirs = await api.value(insert, strange)
    answer = await api.client.post(PATH, json={"name": "G", **own, "channelIds": [*own["channelIds"], theirs]})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["rule"] == f"must name those of this organization: {theirs} is unknown"


async def test_an_unknown_group_is_not_found(api: Api) -> None:
    for method, body in (("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None)):
        answer = await api.client.request(method, f"{PATH}/{uuid4()}", json=body)
        assert (answer.status_code, answer.json()["detail"]) == (404, "Recipient group not found"), method
        assert (await api.client.request(method, f"{PATH}/7", json=body)).status_code == 400
