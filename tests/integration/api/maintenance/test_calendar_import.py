"""`POST /api/v1/maintenance-windows/import`: what is within our rules becomes windows, the rest is named."""

from __future__ import annotations

from typing import Any

import pytest

from controller.model import Role
from tests.integration.api.conftest import CUSTOMER, Api, client_of
from tests.integration.api.our_monitors.asking import problems
from tests.integration.api.people import organization_of, person

PATH = "/api/v1/maintenance-windows"
ALL = {"organization": True}


@pytest.fixture(autouse=True)
async def _no_windows(api: Api) -> None:
    await api.value("DELETE FROM maintenance_window")


def calendar(*events: dict[str, str]) -> str:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x"]
    for event in events:
        lines += ["BEGIN:VEVENT", *(f"{name}:{value}" for name, value in event.items()), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def event(uid: str = "1", **fields: str) -> dict[str, str]:
    times = {"DTSTART;TZID=Europe/Berlin": "20270112T220000", "DTEND;TZID=Europe/Berlin": "20270113T020000"}
    return {"UID": uid, "SUMMARY": f"Event {uid}", **times, **fields}


async def imported(api: Api, text: str, **fields: Any) -> dict[str, Any]:
    answer = await api.client.post(f"{PATH}/import", json={"calendar": text, "targets": ALL, **fields})
    assert answer.status_code == 200, answer.text
    done: dict[str, Any] = answer.json()
    return done


async def test_events_become_windows_and_the_same_ones_again(api: Api) -> None:
    text = calendar(event("a", RRULE="FREQ=MONTHLY;BYDAY=2TU"), event("b", RRULE="FREQ=HOURLY"), event("c"))
    tried = await imported(api, text, dryRun=True)
    assert (await api.client.get(PATH)).json()["items"] == []
    done = await imported(api, text, effect="suspend")
    assert [one["uid"] for one in done["created"]] == ["a", "c"]
    assert done["outside"] == [
        {"name": "Event b", "reason": "its rule recurs hourly: only daily, weekly, monthly and yearly rules are taken"}
    ]
    assert {**done, "windows": []} == tried
    first = done["windows"][0]
    assert (first["timeZone"], first["start"], first["effect"]) == ("Europe/Berlin", "2027-01-12T22:00:00", "suspend")
    assert first["recurrence"]["byDay"] == ["2TU"]
    again = await imported(api, calendar(event("a", SUMMARY="Renamed"), event("d")))
    assert ([one["uid"] for one in again["created"]], [one["uid"] for one in again["changed"]]) == (["d"], ["a"])
    assert again["windows"][0]["id"] == first["id"]
    items = (await api.client.get(PATH)).json()["items"]
    assert sorted(item["name"] for item in items) == ["Event c", "Event d", "Renamed"]


async def test_events_beyond_our_rules_are_named_and_the_rest_is_stored(api: Api) -> None:
    long = event("long") | {"DTEND;TZID=Europe/Berlin": "20270312T220000"}
    done = await imported(api, calendar(long, event("fits")))
    assert done["outside"] == [{"name": "Event long", "reason": "end must be at most 31 days after start"}]
    assert [one["uid"] for one in done["created"]] == ["fits"]


@pytest.mark.parametrize(
    ("fields", "field", "rule"),
    [
        ({"calendar": "no calendar"}, "calendar", "must be a calendar (RFC 5545), in UTF-8"),
        ({"targets": {"organization": False}}, "targets", "must name at least one"),
        ({"targets": {"locations": ["nowhere"]}}, "targets.locations", "must be codes of locations"),
        ({"effect": "both"}, "effect", "must be one of"),
    ],
)
async def test_bad_input_names_field_and_rule(api: Api, fields: dict[str, Any], field: str, rule: str) -> None:
    body = {"calendar": calendar(event("a")), "targets": ALL, **fields}
    found = problems(await api.client.post(f"{PATH}/import", json=body))
    assert list(found) == [field]
    assert rule in found[field]
    assert (await api.client.get(PATH)).json()["items"] == []


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"UID": "x" * 3000}, "has a UID with NUL characters, or of more than 255 characters"),
        ({"RRULE": "FREQ=WEEKLY;INTERVAL=0"}, "its rule cannot be taken: recurrence.interval must be from 1 to 1000"),
        ({"RRULE": "FREQ=DAILY;COUNT=-1"}, "its rule cannot be taken: recurrence.count must be from 1 to 1000"),
        ({"RRULE": "FREQ=WEEKLY;INTERVAL=99999999999999999999"}, "RRULE cannot be understood"),
        ({"DTSTART;TZID=Europe/Berlin": "00010101T000000"}, "start must be between 2000 and 2100"),
        ({"DTEND;TZID=Europe/Berlin": "99991231T235959"}, "end must be between 2000 and 2100"),
    ],
)
async def test_an_event_that_makes_no_sense_is_named(api: Api, fields: dict[str, str], reason: str) -> None:
    done = await imported(api, calendar({**event("q"), **fields}, event("fits")))
    [outside] = done["outside"]
    assert (outside["name"], outside["reason"][: len(reason)]) == ("Event q", reason)
    assert [one["uid"] for one in done["created"]] == ["fits"]


async def test_people_who_do_not_see_each_others_windows_import_the_same_event(api: Api) -> None:
    await imported(api, calendar(event("same")))
    who = await person(api, Role.USER, organization=await organization_of(api, "Ours"), customers=[api.customer])
    body = {"calendar": calendar(event("same")), "targets": {"customers": [CUSTOMER]}}
    async with client_of(api.application) as client:
        client.headers.update(who.headers)
        for done in ("created", "changed"):
            answer = (await client.post(f"{PATH}/import", json=body)).json()
            assert [one["uid"] for one in answer[done]] == ["same"]
    again = await imported(api, calendar(event("same", SUMMARY="Of all")))
    assert [(one["name"], one["targets"]["organization"]) for one in again["windows"]] == [("Of all", True)]
    assert await api.value("SELECT count(*) FROM maintenance_window") == 2
