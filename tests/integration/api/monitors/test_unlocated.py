"""A monitor that no location may check is accepted, with a warning, over every group of routes."""

from __future__ import annotations

from typing import Any

import pytest

from controller.pipeline.ops.unchecked import UncheckedMonitors
from shared.clock import utc_now
from shared.nats.bus import Bus
from tests.integration.api.alertsite import client as alertsite
from tests.integration.api.conftest import CUSTOMER, Api

WHY = "no location can check it: no location in JP is enabled; its verdict is unknown until there is one"
PATHS = {"/api/smtp-monitors": "smtpConfig", "/api/imap-pop-monitors": "imapPopConfig"}


async def make(api: Api, path: str, **fields: Any) -> dict[str, Any]:
    body = {"customerId": CUSTOMER, "name": "Tokyo", "hostname": "mx.example.jp", PATHS[path]: {}}
    answer = await api.client.post(path, json=body | fields)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.parametrize("path", PATHS)
async def test_creating_and_changing_it_says_so_and_so_does_reading_it(located_api: Api, path: str) -> None:
    api = located_api
    made = await make(api, path, allowedCheckCountryCodes=["JP"])
    assert made["warnings"] == [WHY]
    here = f"{path}/{made['publicId']}"
    assert (await api.client.get(here)).json()["warnings"] == [WHY]
    for change, warnings in (
        ({"allowedCheckCountryCodes": ["JP", "DE"]}, []),
        ({"allowedCheckCountryCodes": ["JP"]}, [WHY]),
        ({"status": "disabled"}, []),
        ({"status": "maintenance"}, [WHY]),
        ({"allowedCheckCountryCodes": None}, []),
    ):
        answer = await api.client.patch(here, json=change)
        assert (answer.status_code, answer.json()["warnings"]) == (200, warnings), change
    assert (await make(api, path))["warnings"] == []


async def test_our_own_api_says_so_when_it_is_made_read_and_changed(located_api: Api) -> None:
    api, target = located_api, {"kind": "smtp", "host": "mx.example.jp"}
    body = {"name": "Tokyo", "customerId": CUSTOMER, "target": target, "countries": ["JP"]}
    made = await api.client.post("/api/v1/monitors", json=body)
    assert (made.status_code, made.json()["warnings"]) == (201, [WHY])
    here = f"/api/v1/monitors/{made.json()['id']}"
    read = await api.client.get(here)
    assert (read.json()["warnings"], read.headers["etag"]) == ([WHY], made.headers["etag"])
    await api.value("UPDATE location SET country_code = 'JP' WHERE code = 'fi-hel'")
    other = await api.client.get(here, headers={"If-None-Match": read.headers["etag"]})
    assert other.status_code == 304
    changed = await api.client.put(here, json=read.json(), headers={"If-Match": read.headers["etag"]})
    assert (changed.status_code, changed.json()["warnings"]) == (200, [])


async def test_alertsites_answer_keeps_its_shape_and_says_it_in_a_header(located_api: Api) -> None:
    api = located_api
    number = await alertsite.create(api)
    location = await api.value("SELECT id FROM location WHERE code = 'fi-hel'")
    path = f"{alertsite.PATH}/monitors/email-smtp/{number}"
    assert "x-warning" not in (await api.client.patch(path, json={"name": "x"})).headers
    await api.client.patch(path, json={"locations": [{"id": location}], "home_location": location})
    await api.value("UPDATE location SET enabled = false WHERE code = 'fi-hel'")
    answer = await api.client.patch(path, json={"name": "y"})
    assert answer.json() == {"id": number}
    assert answer.headers["x-warning"] == (
        "no location can check it: none of the locations that it names is enabled; its verdict is unknown until there"
        " is one"
    )
    await api.value("UPDATE location SET enabled = false")
    body = {**alertsite.BODY, "hostname": "smtp.example.com"}
    answer = await api.client.post(f"{alertsite.PATH}/monitors/email-smtp", json=body)
    assert answer.json().keys() == {"id"}
    assert answer.headers["x-warning"].startswith("no location can check it: no location is enabled")


async def test_its_verdict_says_why_since_a_real_moment_in_every_api(located_api: Api, bus: Bus) -> None:
    api, began = located_api, utc_now()
    made = await make(api, "/api/smtp-monitors", allowedCheckCountryCodes=["JP"])
    await UncheckedMonitors(api.database, bus).review()
    details = (await api.client.get(f"/api/smtp-monitors/{made['publicId']}/details")).json()
    assert details["verdict"].keys() == {"verdict", "reason", "since"}
    assert (details["verdict"]["verdict"], details["verdict"]["reason"]) == ("unknown", WHY.partition(";")[0])
    assert details["verdict"]["since"] >= f"{began:%Y-%m-%dT%H:%M}"
    report = (await api.client.get("/api/v3/report-sitestatus", params={"limit": 1000})).json()
    [shown] = [one for one in report["results"] if one["device_id"] == made["id"]]
    assert (shown["last_status"], shown["last_status_desc"]) == (
        "8",
        "Could not be tested: no location in JP is enabled",
    )
