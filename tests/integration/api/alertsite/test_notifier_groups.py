"""Documented statements about AlertSite's recipient groups ([D] in the reference, 2.7)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.alertsite.client import create, messages
from tests.integration.api.alertsite.test_recipients import make as make_recipient
from tests.integration.api.conftest import Api

PATH = "/api/v3/notifier-groups"
KEYS = ("id", "name", "monitors", "recipients", "errortypes", "templates", "is_default")


@pytest.fixture(autouse=True)
async def _nothing(api: Api) -> None:
    await api.value("DELETE FROM recipient_group")
    await api.value("DELETE FROM notification_channel")


async def members(api: Api) -> dict[str, Any]:
    return {
        "monitors": [{"id": int(await create(api))}],
        "recipients": [{"id": (await make_recipient(api))["id"]}],
    }


async def make(api: Api, **fields: Any) -> dict[str, Any]:
    answer = await api.client.post(PATH, json={"name": "Mail team", **fields})
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["id"]
    assert isinstance(answer.json()["id"], str)
    return await group(api, answer.json()["id"])


async def group(api: Api, number: Any) -> dict[str, Any]:
    answer = await api.client.get(f"{PATH}/{number}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def listed(api: Api, query: str = "") -> list[int]:
    answer = await api.client.get(f"{PATH}{query}")
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["results"]]


async def test_a_group_has_the_documented_keys_and_defaults(api: Api) -> None:
    sent = await members(api)
    made = await make(api, **sent)
    assert tuple(made) == KEYS
    assert made["monitors"] == [{**sent["monitors"][0], "step_number": 0}]
    assert made["recipients"] == sent["recipients"]
    assert (made["errortypes"], made["templates"], made["is_default"]) == ([], [], False)


async def test_step_numbers_error_types_and_templates_are_stored(api: Api) -> None:
    sent = await members(api)
    sent["monitors"][0]["step_number"] = 2
    made = await make(api, **sent, errortypes=[{"id": 5}, {"id": "7"}], templates=[{"id": 1}])
    assert (made["monitors"][0]["step_number"], made["errortypes"], made["templates"]) == (
        2,
        [{"id": 5}, {"id": 7}],
        [{"id": 1}],
    )


async def test_the_recipient_names_its_groups(api: Api) -> None:
    sent = await members(api)
    made = await make(api, **sent)
    answer = await api.client.get(f"/api/v3/recipients/{sent['recipients'][0]['id']}")
    assert answer.json()["notifier_groups"] == [str(made["id"])]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": ""}, "name must be 1 to 128 characters"),
        ({"name": "x" * 129}, "name must be 1 to 128 characters"),
        ({"monitors": []}, 'monitors must be a list of 1 to 1000 objects as {"id": 5}'),
        ({"recipients": []}, 'recipients must be a list of 1 to 1000 objects as {"id": 5}'),
        ({"recipients": [5]}, 'recipients must be a list of 1 to 1000 objects as {"id": 5}'),
        ({"monitors": [{"id": 987654321}]}, "monitors must name those of this account: 987654321 is unknown"),
        ({"recipients": [{"id": 987654321}]}, "recipients must name those of this account: 987654321 is unknown"),
        ({"errortypes": [{"id": 1000}]}, "errortypes must be a whole number from 0 to 999"),
        ({"is_default": "yes"}, "is_default must be true or false"),
    ],
)
async def test_what_is_wrong_is_named(api: Api, fields: dict[str, Any], message: str) -> None:
    answer = await api.client.post(PATH, json={"name": "Mail team", **await members(api), **fields})
    assert messages(answer.json(), 400) == [f"invalid_request - {message}"]
    assert await listed(api) == []


async def test_three_fields_are_required(api: Api) -> None:
    answer = await api.client.post(PATH, json={})
    assert [one.split(" ")[2] for one in messages(answer.json(), 400)] == ["name", "monitors", "recipients"]


async def test_a_change_keeps_what_it_leaves_out(api: Api) -> None:
    made = await make(api, **await members(api), errortypes=[{"id": 5}])
    answer = await api.client.patch(f"{PATH}/{made['id']}", json={"name": "Night team"})
    assert (answer.status_code, answer.json()) == (200, {"id": str(made["id"])})
    assert await group(api, made["id"]) == made | {"name": "Night team"}


async def test_there_is_one_default_group(api: Api) -> None:
    sent = await members(api)
    first = await make(api, **sent, is_default=True)
    second = await make(api, **sent, is_default=True)
    assert (await group(api, first["id"]))["is_default"] is False
    assert (await group(api, second["id"]))["is_default"] is True


async def test_lists_are_filtered_by_members(api: Api) -> None:
    one, other = await members(api), await members(api)
    first, second = await make(api, **one), await make(api, **other)
    monitor, recipient = one["monitors"][0]["id"], other["recipients"][0]["id"]
    assert await listed(api) == [first["id"], second["id"]]
    assert await listed(api, f"?monitor_id={monitor}") == [first["id"]]
    assert await listed(api, f"?monidor_id={monitor}") == [first["id"]]
    assert await listed(api, f"?recipient_id={recipient}") == [second["id"]]
    assert await listed(api, "?limit=1&offset=1") == [second["id"]]
    assert await listed(api, "?recipient_id=987654321") == []


async def test_deleting_answers_204_and_then_404(api: Api) -> None:
    made = await make(api, **await members(api))
    assert (await api.client.delete(f"{PATH}/{made['id']}")).status_code == 204
    for method in ("GET", "DELETE"):
        answer = await api.client.request(method, f"{PATH}/{made['id']}")
        assert messages(answer.json(), 404) == ["Record not found"]
    answer = await api.client.patch(f"{PATH}/{made['id']}", json={"name": "x"})
    assert messages(answer.json(), 404) == ["Record not found"]


async def test_the_site_status_of_groups_shows_a_monitor_once_for_each(api: Api) -> None:
    sent, other = await members(api), await members(api)
    first, second = await make(api, **sent), await make(api, **sent)
    third = await make(api, **other)
    monitor, alone = sent["monitors"][0]["id"], other["monitors"][0]["id"]

    async def devices(query: str) -> list[int]:
        answer = await api.client.get(f"/api/v3/report-sitestatus?{query}")
        return [one["device_id"] for one in answer.json()["results"]]

    assert await devices(f"monitor_groups={first['id']}") == [monitor]
    assert await devices(f"monitor_groups={first['id']},{second['id']},{third['id']}") == [monitor, monitor, alone]
    assert await devices(f"monitor_groups={third['id']}&monitors={monitor}") == []
    assert await devices(f"monitor_groups={first['id']},{third['id']}&monitors={alone}") == [alone]
