"""Documented statements about AlertSite's blackouts of the type Notifier ([D] in the reference, 2.8)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.clock import utc_now
from tests.integration.api.alertsite.client import create, messages
from tests.integration.api.alertsite.test_recipients import make as make_recipient
from tests.integration.api.alertsite.test_recipients import recipient
from tests.integration.api.conftest import Api

PATH = "/api/v3/blackouts"
WEEKLY = {"type": "Notifier", "start_day": 6, "end_day": 7, "start_time": "22:00", "end_time": "02:00"}
NOT_WEEKLY = "must be true: a one-time blackout cannot be changed; delete it, and create another"
KEYS = (
    *("id", "assoc_id", "type", "persistent", "from_date", "thru_date", "start_day", "end_day", "start_time"),
    *("end_time", "note", "date_added", "login"),
)


@pytest.fixture(autouse=True)
async def _nothing(api: Api) -> None:
    await api.value("DELETE FROM maintenance_window")
    await api.value("DELETE FROM notification_channel")


def once() -> dict[str, Any]:
    start = utc_now() + timedelta(days=1)
    return {
        "type": "Notifier",
        "from_date": f"{start:%Y-%m-%d %H:%M:%S}",
        "thru_date": f"{start + timedelta(hours=2):%Y-%m-%d %H:%M:%S}",
    }


async def make(api: Api, **fields: Any) -> dict[str, Any]:
    number = (await make_recipient(api))["id"]
    answer = await api.client.post(PATH, json={"assoc_id": number, **fields})
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["id"]
    return await blackout(api, answer.json()["id"])


async def blackout(api: Api, number: Any) -> dict[str, Any]:
    answer = await api.client.get(f"{PATH}/{number}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_weekly_one_has_the_documented_keys(api: Api) -> None:
    made = await make(api, **WEEKLY, note="Nights")
    assert tuple(made) == KEYS
    assert {name: made[name] for name in WEEKLY} == WEEKLY
    assert (made["persistent"], made["from_date"], made["thru_date"], made["note"]) == (True, None, None, "Nights")
    assert (await recipient(api, made["assoc_id"]))["blackout_ids"] == [str(made["id"])]


async def test_a_one_time_one_has_the_dates_that_were_sent(api: Api) -> None:
    sent = once()
    made = await make(api, **sent)
    assert {name: made[name] for name in sent} == sent
    assert (made["persistent"], made["start_day"], made["start_time"]) == (False, None, None)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"assoc_id": 987654321}, "assoc_id must be a recipient that you may see"),
        ({"assoc_id": "x"}, "assoc_id must be a whole number from 1 to 9223372036854775807"),
        ({"start_day": 0}, "start_day must be a whole number from 1 to 7"),
        ({"end_time": "2 am"}, "end_time must be a time as hh:mm"),
        ({"persistent": False}, "persistent must agree with the other fields: true with days and times of a week"),
        ({"note": "x" * 256}, "note must be 0 to 255 characters"),
    ],
)
async def test_what_is_wrong_is_named(api: Api, fields: dict[str, Any], message: str) -> None:
    number = (await make_recipient(api))["id"]
    answer = await api.client.post(PATH, json={"assoc_id": number, **WEEKLY, **fields})
    assert messages(answer.json(), 400) == [f"invalid_request - {message}"]
    assert await api.value("SELECT count(*) FROM recipient_blackout") == 0


async def test_a_one_time_one_ends_in_a_year_that_every_clock_has(api: Api) -> None:
    number = (await make_recipient(api))["id"]
    body = {"assoc_id": number, **once(), "thru_date": "9999-12-31 23:59:59"}
    answer = await api.client.post(PATH, json=body)
    assert messages(answer.json(), 400) == ["invalid_request - thru_date must be between 2000 and 2100"]
    assert await api.value("SELECT count(*) FROM recipient_blackout") == 0


async def test_only_weekly_ones_are_changed(api: Api) -> None:
    weekly, single = await make(api, **WEEKLY), await make(api, **once())
    answer = await api.client.patch(f"{PATH}/{weekly['id']}", json={"from_time": "23:00", "note": "Later"})
    assert (answer.status_code, answer.json()) == (200, {"id": str(weekly["id"])})
    assert await blackout(api, weekly["id"]) == weekly | {"start_time": "23:00", "note": "Later"}
    answer = await api.client.patch(f"{PATH}/{single['id']}", json={"note": "Later"})
    assert messages(answer.json(), 400) == [f"invalid_request - persistent {NOT_WEEKLY}"]
    answer = await api.client.patch(f"{PATH}/{weekly['id']}", json={"type": "Alert"})
    assert messages(answer.json(), 400) == ["invalid_request - type cannot be changed from Notifier"]


async def test_deleting_answers_204_and_then_404(api: Api) -> None:
    made = await make(api, **WEEKLY)
    assert (await api.client.delete(f"{PATH}/{made['id']}")).status_code == 204
    for method in ("GET", "DELETE"):
        answer = await api.client.request(method, f"{PATH}/{made['id']}")
        assert messages(answer.json(), 404) == ["Record not found"]


async def test_one_list_has_those_of_monitors_and_of_recipients(api: Api) -> None:
    silenced = await make(api, **WEEKLY)
    monitor = int(await create(api))
    made = await api.client.post(PATH, json={"assoc_id": monitor, **WEEKLY, "type": "Alert"})
    numbers = [silenced["id"], int(made.json()["id"])]
    assert len(set(numbers)) == 2

    async def listed(query: str) -> list[int]:
        answer = await api.client.get(f"{PATH}?{query}")
        return [one["id"] for one in answer.json()["results"]]

    assert await listed("") == numbers
    assert await listed("type=Notifier") == numbers[:1]
    assert await listed("type=Alert") == numbers[1:]
    assert await listed(f"type=Notifier&assoc_id={silenced['assoc_id']}") == numbers[:1]
    assert await listed("limit=1&offset=1") == numbers[1:]


async def test_a_recipient_that_is_deleted_takes_its_blackouts_along(api: Api) -> None:
    made = await make(api, **WEEKLY)
    assert (await api.client.delete(f"/api/v3/recipients/{made['assoc_id']}")).status_code == 204
    assert messages((await api.client.get(f"{PATH}/{made['id']}")).json(), 404) == ["Record not found"]


async def test_a_bulk_edit_is_about_monitors(api: Api) -> None:
    body = {
        "monitors": [int(await create(api))],
        "update_persistent": True,
        "update_persistent_action": "append",
        "persistent_blackouts": [WEEKLY],
    }
    answer = await api.client.post(f"{PATH}/bulk-edit", json=body)
    assert messages(answer.json(), 400) == [
        "invalid_request - type must be Monitor or Alert for monitors: Notifier silences a recipient"
    ]
