"""Documented statements about AlertSite's blackouts ([D] in the reference, 2.8), and what the pages leave open."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from controller.model.maintenance import Weekday
from shared.clock import utc_now
from tests.integration.api.alertsite.client import create, messages, read
from tests.integration.api.conftest import Api

PATH = "/api/v3/blackouts"
WINDOWS = "/api/v1/maintenance-windows"
WEEKLY = {"type": "Alert", "start_day": 6, "end_day": 7, "start_time": "22:00", "end_time": "02:00"}
KEYS = (
    *("id", "assoc_id", "type", "persistent", "from_date", "thru_date", "start_day", "end_day", "start_time"),
    *("end_time", "note", "date_added", "login"),
)


def once(days: float = 1, hours: float = 2) -> dict[str, Any]:
    start = utc_now() + timedelta(days=days)
    end = start + timedelta(hours=hours)
    return {"type": "Monitor", "from_date": f"{start:%Y-%m-%d %H:%M:%S}", "thru_date": f"{end:%Y-%m-%d %H:%M:%S}"}


@pytest.fixture(autouse=True)
async def _no_windows(api: Api) -> None:
    await api.value("DELETE FROM maintenance_window")


async def make(api: Api, monitor: str, **fields: Any) -> dict[str, Any]:
    answer = await api.client.post(PATH, json={"assoc_id": int(monitor), **fields})
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["id"]
    assert isinstance(answer.json()["id"], str)
    return await blackout(api, answer.json()["id"])


async def blackout(api: Api, number: Any) -> dict[str, Any]:
    answer = await api.client.get(f"{PATH}/{number}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def window(api: Api) -> dict[str, Any]:
    [found] = (await api.client.get(WINDOWS)).json()["items"]
    one: dict[str, Any] = found
    return one


async def refused(api: Api, monitor: str, **fields: Any) -> list[str]:
    answer = await api.client.post(PATH, json={"assoc_id": monitor, **fields})
    return messages(answer.json(), 400)


async def test_a_one_time_blackout_has_the_documented_keys(api: Api) -> None:
    monitor, sent = await create(api), once()
    made = await make(api, monitor, note="Move", **sent)
    assert tuple(made) == KEYS
    assert made["assoc_id"] == int(monitor)
    assert {name: made[name] for name in sent} == sent
    assert (made["persistent"], made["note"]) == (False, "Move")
    assert [made[name] for name in ("start_day", "end_day", "start_time", "end_time")] == [None] * 4
    assert datetime.fromisoformat(made["date_added"]) <= utc_now()
    ours = await window(api)
    assert (ours["effect"], ours["description"], ours["recurrence"]) == ("suspend", "Move", None)


async def test_a_weekly_blackout_begins_on_sunday_with_1(api: Api) -> None:
    made = await make(api, await create(api), **WEEKLY)
    assert {name: made[name] for name in WEEKLY} == WEEKLY
    assert (made["persistent"], made["from_date"], made["thru_date"]) == (True, None, None)
    ours = await window(api)
    assert (ours["effect"], ours["recurrence"]["frequency"]) == ("silence", "weekly")
    start, end = (datetime.fromisoformat(ours[name]) for name in ("start", "end"))
    assert (list(Weekday)[start.weekday()], end - start) == (Weekday.FRIDAY, timedelta(hours=4))


async def test_a_week_may_end_before_it_begins(api: Api) -> None:
    """From Saturday evening over the end of the week."""
    made = await make(api, await create(api), **WEEKLY | {"start_day": 7, "end_day": 2})
    assert (made["start_day"], made["end_day"]) == (7, 2)
    ours = await window(api)
    start, end = (datetime.fromisoformat(ours[name]) for name in ("start", "end"))
    assert end - start == timedelta(days=1, hours=4)
    assert end > datetime.fromisoformat(f"{utc_now():%Y-%m-%dT%H:%M:%S}")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (once(days=-1), "from_date must be in the future"),
        (once(hours=-1), "thru_date must be after from_date"),
        (once(hours=24 * 32), "thru_date must be at most 31 days after start"),
        (once() | {"from_date": "tomorrow"}, "from_date must be a time as YYYY-MM-DD HH:MM:SS"),
        (WEEKLY | {"start_day": 0}, "start_day must be a whole number from 1 to 7"),
        (WEEKLY | {"end_time": "2 am"}, "end_time must be a time as hh:mm"),
        (WEEKLY | {"end_day": 6, "end_time": "22:00"}, "end_time must not be the time at which it starts"),
        (WEEKLY | once(), "persistent must be clear"),
        (WEEKLY | {"persistent": False}, "persistent must agree with the other fields"),
        (WEEKLY | {"type": "Notifier"}, "assoc_id must be a recipient that you may see"),
        (WEEKLY | {"type": "alert"}, "type must be Monitor, Alert or Notifier"),
        (WEEKLY | {"note": "x" * 256}, "note must be 0 to 255 characters"),
        (WEEKLY | {"assoc_id": 987654321}, "assoc_id must be monitors that you may see"),
        (WEEKLY | {"assoc_id": "x"}, "assoc_id must be a whole number"),
        ({"type": "Alert"}, "from_date must be a time as YYYY-MM-DD HH:MM:SS"),
        ({"type": "Alert", "persistent": True}, "start_day must be a whole number from 1 to 7"),
    ],
)
async def test_what_is_wrong_is_named(api: Api, fields: dict[str, Any], message: str) -> None:
    [found] = await refused(api, await create(api), **fields)
    assert found.startswith(f"invalid_request - {message}"), found
    assert (await api.client.get(WINDOWS)).json()["items"] == []


async def test_only_weekly_ones_are_changed(api: Api) -> None:
    monitor = await create(api)
    single, weekly = await make(api, monitor, **once()), await make(api, monitor, **WEEKLY)
    answer = await api.client.patch(f"{PATH}/{single['id']}", json={"note": "x"})
    [found] = messages(answer.json(), 400)
    assert "a one-time blackout cannot be changed" in found
    sent = {"from_time": "23:00", "thru_time": "01:30", "note": "Later", "type": "Monitor"}
    answer = await api.client.patch(f"{PATH}/{weekly['id']}", json=sent)
    assert (answer.status_code, answer.json()) == (200, {"id": str(weekly["id"])})
    changed = await blackout(api, weekly["id"])
    expected = {"start_time": "23:00", "end_time": "01:30", "note": "Later", "type": "Monitor"}
    assert changed == {**weekly, **expected}


async def test_deleting_answers_204_and_an_unknown_one_404(api: Api) -> None:
    made = await make(api, await create(api), **WEEKLY)
    assert (await api.client.delete(f"{PATH}/{made['id']}")).status_code == 204
    for method in ("GET", "DELETE"):
        answer = await api.client.request(method, f"{PATH}/{made['id']}")
        assert messages(answer.json(), 404) == ["Record not found"]


async def test_the_list_is_filtered(api: Api) -> None:
    first, second = await create(api), await create(api)
    one, two = await make(api, first, **once()), await make(api, first, **WEEKLY)
    three = await make(api, second, **WEEKLY | {"type": "Monitor"})

    async def found(**params: Any) -> list[int]:
        answer = await api.client.get(PATH, params=params)
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["results"]]

    assert await found() == [one["id"], two["id"], three["id"]]
    assert await found(type="Monitor") == [one["id"], three["id"]]
    assert await found(type="Notifier") == []
    assert await found(assoc_id=second) == [three["id"]]
    assert await found(persistent=True) == [two["id"], three["id"]]
    assert await found(limit=1, offset=1) == [two["id"]]
    answer = (await api.client.get(PATH, params={"select": "id,note,unknown"})).json()
    assert [list(item) for item in answer["results"]] == [["id", "note"]] * 3
    assert answer["metadata"]["__permissions"] == {"acl": 7}
    assert answer["metadata"]["resultset"] == {"count": 3, "limit": None, "offset": "0", "total": 3}
    refused_type = await api.client.get(PATH, params={"type": "Recipient"})
    assert messages(refused_type.json(), 400) == ["invalid_request - type must be one of Monitor, Alert, Notifier"]


async def test_past_ones_are_listed(api: Api) -> None:
    monitor = await create(api)
    times = {"start": "2026-01-01T01:00:00", "end": "2026-01-01T02:00:00", "timeZone": "UTC"}
    targets = {"monitors": [(await read(api, monitor))["public_id"]]}
    assert (await api.client.post(WINDOWS, json={"name": "Old", "targets": targets, **times})).status_code == 201
    [found] = (await api.client.get(PATH)).json()["results"]
    assert (found["from_date"], found["type"]) == ("2026-01-01 01:00:00", "Alert")


async def test_what_no_blackout_can_say_is_left_out_and_left_alone(api: Api) -> None:
    first, second = [(await read(api, await create(api)))["public_id"] for _ in range(2)]
    times = {"start": "2027-01-01T01:00:00", "end": "2027-01-01T02:00:00", "timeZone": "UTC"}
    for fields in (
        {"targets": {"monitors": [first, second]}},
        {"targets": {"organization": True}},
        {"targets": {"monitors": [first]}, "recurrence": {"frequency": "daily"}},
        {"targets": {"monitors": [first]}, "recurrence": {"frequency": "weekly"}, "timeZone": "Asia/Tokyo"},
        {"targets": {"monitors": [first]}, "end": None},
        {"targets": {"monitors": [first]}, "enabled": False},
    ):
        answer = await api.client.post(WINDOWS, json={"name": "Other", **times, **fields})
        assert answer.status_code == 201, answer.text
    assert (await api.client.get(PATH)).json()["results"] == []
    assert len((await api.client.get(WINDOWS)).json()["items"]) == 6


async def test_monitors_name_their_blackouts_as_strings(api: Api) -> None:
    monitor = await create(api)
    assert (await read(api, monitor))["blackout_ids"] == []
    made = await make(api, monitor, **WEEKLY)
    assert (await read(api, monitor))["blackout_ids"] == [str(made["id"])]
    everything = (await api.client.get("/api/v3/monitors")).json()["results"]
    assert {str(one["id"]): one["blackout_ids"] for one in everything}[monitor] == [str(made["id"])]


class TestBulkEdit:
    async def edit(self, api: Api, **fields: Any) -> Any:
        return await api.client.post(f"{PATH}/bulk-edit", json=fields)

    async def test_append_adds_and_update_replaces_those_of_its_sort(self, api: Api) -> None:
        first, second = await create(api), await create(api)
        await make(api, first, **once())
        old = await make(api, first, **WEEKLY)
        both = {"monitors": [int(first), {"id": second}], "update_persistent": True}
        added = await self.edit(api, **both, update_persistent_action="append", persistent_blackouts=[WEEKLY])
        assert added.status_code == 200, added.text
        assert len(added.json()["results"]) == 2
        assert (await api.client.get(f"{PATH}/{old['id']}")).status_code == 200
        later = WEEKLY | {"start_time": "23:00"}
        replaced = await self.edit(api, **both, update_persistent_action="update", persistent_blackouts=[later])
        assert replaced.status_code == 200, replaced.text
        left = (await api.client.get(PATH)).json()["results"]
        assert sorted(str(one["start_time"]) for one in left) == ["23:00", "23:00", "None"]

    async def test_one_bad_monitor_fails_all_of_it(self, api: Api) -> None:
        good = await create(api)
        answer = await self.edit(
            api,
            monitors=[good, "987654321"],
            update_one_time=True,
            update_one_time_action="append",
            one_time_blackouts=[once()],
        )
        assert messages(answer.json(), 403) == ["Forbidden"]
        assert (await api.client.get(WINDOWS)).json()["items"] == []

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"monitors": []}, "monitors must be a list"),
            ({"update_one_time_action": "replace"}, "update_one_time_action must be one of append, update"),
            ({"one_time_blackouts": [WEEKLY]}, "persistent must agree with the list that the blackout is in"),
            ({"one_time_blackouts": [once(days=-2)]}, "from_date must be in the future"),
        ],
    )
    async def test_what_is_wrong_is_named(self, api: Api, fields: dict[str, Any], message: str) -> None:
        known = {"update_one_time": True, "update_one_time_action": "append", "one_time_blackouts": [once()]}
        answer = await self.edit(api, **{"monitors": [await create(api)], **known, **fields})
        [found] = messages(answer.json(), 400)
        assert found.startswith(f"invalid_request - {message}"), found
