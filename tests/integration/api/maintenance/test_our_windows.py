"""`/api/v1/maintenance-windows`: what is stored and answered, and what begins and ends at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.clock import utc_now
from tests.integration.api.conftest import CUSTOMER, Api
from tests.integration.api.our_monitors.asking import create, problems

PATH = "/api/v1/maintenance-windows"
TIMES = {"start": "2027-03-28T01:00:00", "end": "2027-03-28T04:00:00", "timeZone": "Europe/Berlin"}
ALL = {"organization": True}


@pytest.fixture(autouse=True)
async def _no_windows(api: Api) -> None:
    await api.value("DELETE FROM maintenance_window")


def window(**fields: Any) -> dict[str, Any]:
    return {"name": "Upgrade", "targets": ALL, **TIMES, **fields}


async def make(api: Api, **fields: Any) -> dict[str, Any]:
    answer = await api.client.post(PATH, json=window(**fields))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def now(*, hours: float = 1, since: float = 0) -> dict[str, str]:
    """Times of a window that begins so many hours before this moment, or after it, and lasts `hours`."""
    start = utc_now().replace(microsecond=0) - timedelta(hours=since)
    end = start + timedelta(hours=hours)
    return {"timeZone": "UTC", "start": f"{start:%Y-%m-%dT%H:%M:%S}", "end": f"{end:%Y-%m-%dT%H:%M:%S}"}


async def maintenance(api: Api, monitor: dict[str, Any]) -> Any:
    answer = await api.client.get(f"/api/v1/monitors/{monitor['id']}")
    return answer.json()["maintenance"], answer.json()["state"], answer.json()["inMaintenance"]


async def test_a_window_is_answered_as_it_was_sent(api: Api) -> None:
    monitor = await create(api)
    sent = window(
        description="Postponed",
        recurrence={"frequency": "monthly", "interval": 2, "byDay": ["-1SU", "2TU"], "until": "2030-01-01T00:00:00"},
        targets={
            "monitors": [monitor["id"]],
            "labels": [{"key": "team", "value": None}, {"key": "team", "value": "mail"}],
            "customers": [CUSTOMER],
            "locations": [],
            "organization": False,
        },
        effect="suspend",
        enabled=False,
    )
    answer = await api.client.post(PATH, json=sent)
    made = answer.json()
    assert answer.status_code == 201, answer.text
    rule = {**sent["recurrence"], "byMonthDay": [], "bySetPos": [], "count": None}
    targets = {**sent["targets"], "labels": sorted(sent["targets"]["labels"], key=lambda one: one["value"] is None)}
    assert {name: made[name] for name in sent} == {**sent, "recurrence": rule, "targets": targets}
    assert (made["next"], made["activeNow"], made["monitorStatus"], made["warnings"]) == ([], False, None, [])
    read = await api.client.get(answer.headers["location"])
    assert (read.json(), read.headers["etag"]) == (made, answer.headers["etag"])
    assert made["id"] in [item["id"] for item in (await api.client.get(PATH, params={"limit": 500})).json()["items"]]


async def test_the_next_five_have_the_offsets_of_the_zone_and_their_real_lengths(api: Api) -> None:
    made = await make(
        api, recurrence={"frequency": "daily"}, **TIMES | {"start": "2027-03-27T01:00:00", "end": "2027-03-27T04:00:00"}
    )
    assert made["next"][:3] == [
        {"from": "2027-03-27T01:00:00+01:00", "to": "2027-03-27T04:00:00+01:00", "seconds": 10800},
        {"from": "2027-03-28T01:00:00+01:00", "to": "2027-03-28T04:00:00+02:00", "seconds": 7200},
        {"from": "2027-03-29T01:00:00+02:00", "to": "2027-03-29T04:00:00+02:00", "seconds": 10800},
    ]
    assert len(made["next"]) == 5
    skipped = await make(api, start="2027-03-28T02:30:00", end="2027-03-28T03:00:00")
    assert [one["seconds"] for one in skipped["next"]] == [0]


@pytest.mark.parametrize(
    ("fields", "field", "rule"),
    [
        ({"description": "a\0b"}, "description", "must not hold NUL characters"),
        ({"targets": {"locations": ["\0"]}}, "targets.locations", "must be codes of locations"),
        ({"name": " "}, "name", "must be 1 to 255 printable characters"),
        ({"description": "x" * 2001}, "description", "at most 2000 characters"),
        ({"timeZone": "Berlin"}, "timeZone", "must be the name of a time zone, as Europe/Berlin"),
        ({"start": "2027-03-28T01:00:00Z"}, "start", "must be a local date and time without an offset"),
        ({"start": "2027-02-30T01:00"}, "start", "must be a local date and time without an offset"),
        ({"end": "2027-03-28T01:00:00"}, "end", "must be after start"),
        ({"end": "2027-04-28T01:00:01"}, "end", "must be at most 31 days after start"),
        ({"end": None, "recurrence": {"frequency": "daily"}}, "end", "must be set for a window that recurs"),
        ({"recurrence": {"frequency": "hourly"}}, "recurrence.frequency", "must be one of"),
        ({"recurrence": {"frequency": "daily", "interval": 0}}, "recurrence.interval", "from 1 to 1000"),
        ({"recurrence": {"frequency": "weekly", "byDay": ["2TU"]}}, "recurrence.byDay", "may have numbers"),
        ({"recurrence": {"frequency": "monthly", "byDay": ["6TU"]}}, "recurrence.byDay", "may have numbers up to 5"),
        ({"recurrence": {"frequency": "weekly", "byDay": ["XX"]}}, "recurrence.byDay", "must be a weekday as MO"),
        (
            {"recurrence": {"frequency": "monthly", "byMonthDay": [0]}},
            "recurrence.byMonthDay",
            "must be days from 1 to 31",
        ),
        (
            {"recurrence": {"frequency": "weekly", "byMonthDay": [1]}},
            "recurrence.byMonthDay",
            "must be empty in a weekly",
        ),
        ({"recurrence": {"frequency": "monthly", "bySetPos": [1]}}, "recurrence.bySetPos", "must come with byDay"),
        ({"recurrence": {"frequency": "daily", "count": 1001}}, "recurrence.count", "from 1 to 1000"),
        (
            {"recurrence": {"frequency": "daily", "count": 2, "until": "2028-01-01T00:00"}},
            "recurrence.until",
            "must be left out when count is set",
        ),
        ({"recurrence": {"frequency": "daily", "until": "2027-03-27T00:00"}}, "recurrence.until", "must not be before"),
        (
            {"recurrence": {"frequency": "monthly", "byMonthDay": [1], "byDay": ["5MO"]}},
            "recurrence",
            "never fits",
        ),
        ({"targets": {"organization": False}}, "targets", "must name at least one"),
        ({"targets": {"monitors": ["88888888-8888-4888-8888-888888888888"]}}, "targets.monitors", "must be monitors"),
        (
            {"targets": {"customers": ["88888888-8888-4888-8888-888888888888"]}},
            "targets.customers",
            "must be customers",
        ),
        ({"targets": {"locations": ["nowhere"]}}, "targets.locations", "must be codes of locations"),
        ({"targets": {"labels": [{"key": "a:b", "value": None}]}}, "targets.labels", "must have keys"),
        ({"effect": "both"}, "effect", "must be one of"),
        ({"until": 1}, "until", "is not a known field"),
    ],
)
async def test_bad_input_names_the_field_and_the_rule_on_every_path(
    api: Api, fields: dict[str, Any], field: str, rule: str
) -> None:
    before = await api.value("SELECT count(*) FROM maintenance_window")
    for path in (PATH, f"{PATH}/preview"):
        found = problems(await api.client.post(path, json=window(**fields)))
        assert list(found) == [field], found
        assert rule in found[field]
    assert await api.value("SELECT count(*) FROM maintenance_window") == before
    made = await make(api)
    for method, body in (("PATCH", fields), ("PUT", window(**fields))):
        found = problems(await api.client.request(method, f"{PATH}/{made['id']}", json=body))
        assert list(found) == [field], (method, found)
        assert rule in found[field]


async def test_a_window_of_now_begins_at_once_and_ends_with_it(api: Api) -> None:
    monitor, other = await create(api, labels={"team": "mail"}), await create(api)
    made = await make(api, targets={"labels": [{"key": "team", "value": "mail"}]}, **now())
    assert made["activeNow"] is True
    found, state, by_hand = await maintenance(api, monitor)
    assert (found["effect"], found["until"], state, by_hand) == (
        "silence",
        made["end"] + ".000Z",
        "maintenance",
        False,
    )
    assert (await maintenance(api, other))[0] is None
    patched = await api.client.patch(f"{PATH}/{made['id']}", json={"enabled": False})
    assert patched.json()["activeNow"] is False
    assert (await maintenance(api, monitor))[0] is None
    times = (
        "SELECT array_agg(to_at <= now()) FROM maintenance_time JOIN monitor ON monitor.id = monitor_id"
        " WHERE public_id = $1::text::uuid"
    )
    assert await api.value(times, monitor["id"]) == [True]


async def test_other_targets_end_it_for_some_and_begin_it_for_others(api: Api) -> None:
    first, second = await create(api), await create(api)
    made = await make(api, targets={"monitors": [first["id"]]}, **now())
    answer = await api.client.patch(f"{PATH}/{made['id']}", json={"targets": {"monitors": [second["id"]]}})
    assert answer.status_code == 200, answer.text
    assert (await maintenance(api, first))[0] is None
    assert (await maintenance(api, second))[0] is not None
    assert (await api.client.delete(f"{PATH}/{made['id']}")).status_code == 204
    assert (await maintenance(api, second))[0] is None
    assert (await api.client.get(f"{PATH}/{made['id']}")).status_code == 404


async def test_it_is_ended_prolonged_and_begun_early(api: Api) -> None:
    monitor = await create(api)
    body = {"minutes": 30, "targets": {"monitors": [monitor["id"]]}, "effect": "suspend"}
    one = f"{PATH}/{(await api.client.post(f'{PATH}/now', json=body)).json()['id']}"
    until = (await maintenance(api, monitor))[0]["until"]
    longer = (await api.client.post(f"{one}/prolong", json={"minutes": 60})).json()
    assert longer["next"][0]["seconds"] == 90 * 60
    later = (await maintenance(api, monitor))[0]
    assert _moment(later["until"]) - _moment(until) == timedelta(hours=1)
    assert later["effect"] == "suspend"
    await api.client.patch(one, json={"name": "Other"})
    assert (await maintenance(api, monitor))[0]["until"] == later["until"]
    ended = await api.client.post(f"{one}/end")
    assert (ended.status_code, ended.json()["activeNow"], ended.json()["next"]) == (200, False, [])
    assert (await maintenance(api, monitor))[0] is None
    for act, content in (("end", None), ("prolong", {"minutes": 5})):
        refused = await api.client.post(f"{one}/{act}", json=content)
        assert (refused.status_code, refused.json()["detail"]) == (409, "The window is not under way")


async def test_a_start_early_keeps_the_end_unless_that_is_far(api: Api) -> None:
    soon = await make(api, **now(hours=2, since=-0.5))
    begun = (await api.client.post(f"{PATH}/{soon['id']}/start")).json()
    assert begun["activeNow"]
    assert begun["next"][0]["to"] == soon["next"][0]["to"]
    far = await make(api, recurrence={"frequency": "weekly"}, **now(hours=2, since=-48))
    begun = (await api.client.post(f"{PATH}/{far['id']}/start")).json()
    assert begun["next"][0]["seconds"] == 2 * 3600
    assert len(begun["next"]) == 5
    assert (await api.client.post(f"{PATH}/{far['id']}/start")).status_code == 409


async def test_the_status_of_a_monitor_is_a_window(api: Api) -> None:
    monitor = await create(api, inMaintenance=True)
    [found] = (await api.client.get(PATH, params={"monitor": monitor["id"], "active": True})).json()["items"]
    assert (found["monitorStatus"], found["end"], found["effect"]) == (monitor["id"], None, "silence")
    refused = problems(await api.client.patch(f"{PATH}/{found['id']}", json={"name": "Other"}))
    assert list(refused) == ["status"]
    assert (await api.client.post(f"{PATH}/{found['id']}/end")).status_code == 200
    assert (await maintenance(api, monitor))[1:] == ("unknown", False)


async def test_a_change_for_another_state_is_refused(api: Api) -> None:
    made = await make(api)
    one = f"{PATH}/{made['id']}"
    etag = (await api.client.get(one)).headers["etag"]
    assert (await api.client.patch(one, json={"name": "A"}, headers={"If-Match": etag})).status_code == 200
    for method, body in (("PATCH", {"name": "B"}), ("PUT", window(name="B")), ("DELETE", None)):
        answer = await api.client.request(method, one, json=body, headers={"If-Match": etag})
        assert answer.status_code == 412, method
    assert (await api.client.get(one)).json()["name"] == "A"


async def test_much_of_a_week_gets_a_warning(api: Api) -> None:
    made = await make(api, recurrence={"frequency": "daily"}, start="2027-01-01T00:00:00", end="2027-01-01T07:00:00")
    assert made["warnings"] == [
        "The window takes more than a quarter of a week. An outage within that time is reported late, or never."
    ]


async def test_the_list_is_walked_page_by_page(api: Api) -> None:
    names = [f"Walk {number}" for number in range(5)]
    for name in names:
        await make(api, name=name)
    found: list[str] = []
    cursor = None
    while True:
        params: dict[str, Any] = {"search": "walk ", "limit": 2, "sort": "-name"}
        params |= {"cursor": cursor} if cursor else {}
        page = (await api.client.get(PATH, params=params)).json()
        found += [item["name"] for item in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert found == names[::-1]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
