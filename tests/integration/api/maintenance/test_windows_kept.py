"""What Uptimeify's clients cannot say of a maintenance window stays as it is when they change something else."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from controller.model import Principal, Role
from controller.model.maintenance import Day, Frequency, LabelTarget, Recurrence, Weekday
from controller.operations.maintenance.acts import end_now
from controller.operations.maintenance.targets import WindowTargetsChange
from controller.operations.maintenance.windows import WindowChange, create_window, get_window
from shared.clock import utc_now
from shared.epoch import to_text
from tests.integration.api.conftest import Api
from tests.integration.api.people import organization_of

WINDOWS = "/api/maintenance-windows"
LAST_FRIDAY = Recurrence(frequency=Frequency.MONTHLY, by_day=(Day(Weekday.FRIDAY, -1),))


@pytest.fixture(autouse=True)
async def in_berlin(api: Api) -> None:
    await api.value("UPDATE organization SET time_zone = 'Europe/Berlin' WHERE name = 'Ours'")


async def admin(api: Api) -> Principal:
    return Principal(works_in=await organization_of(api, "Ours"), role=Role.ADMIN)


async def planned(api: Api, monitor: dict[str, Any], **fields: Any) -> dict[str, Any]:
    body = {"name": "W", "smtpMonitorId": monitor["id"], **fields}
    answer = await api.client.post(WINDOWS, json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_window_of_our_own_survives_being_sent_back_as_it_was_read(api: Api) -> None:
    change = WindowChange(
        name="W",
        start=datetime(2027, 1, 29, 2, 0),
        end=datetime(2027, 1, 29, 4, 0),
        time_zone="America/New_York",
        recurrence=LAST_FRIDAY,
        targets=WindowTargetsChange(labels=[LabelTarget("env", "prod"), LabelTarget("db", None)]),
    )
    principal = await admin(api)
    made = await create_window(api.database, principal, change)
    read = (await api.client.get(f"{WINDOWS}/{made.id}")).json()
    assert [tag["name"] for tag in read["tags"]] == ["db"]
    assert (read["startTime"], read["recurrencePattern"]["daysOfWeek"]) == ("2027-01-29T07:00:00.000Z", [5])
    sent = {**read, "tagIds": [tag["id"] for tag in read["tags"]], "name": "Renamed"}
    answer = await api.client.patch(f"{WINDOWS}/{made.id}", json=sent)
    assert answer.status_code == 200, answer.text
    after = await get_window(api.database, principal, made.id)
    assert (after.name, after.recurrence, after.time_zone) == ("Renamed", LAST_FRIDAY, "America/New_York")
    assert (after.start, after.end, after.targets) == (made.start, made.end, made.targets)


async def test_a_window_that_was_ended_shows_when_it_was(api: Api) -> None:
    monitor = await api.create()
    now = utc_now()
    window = await planned(
        api, monitor, startTime=to_text(now - timedelta(hours=1)), endTime=to_text(now + timedelta(hours=1))
    )
    details = (await api.client.get(f"/api/smtp-monitors/{monitor['publicId']}/details")).json()
    assert details["maintenance"] == {"inMaintenance": True, "activeWindows": [window], "allWindows": [window]}
    assert details["monitor"]["status"] == "active"
    await end_now(api.database, await admin(api), window["id"])
    ended = (await api.client.get(f"{WINDOWS}/{window['id']}")).json()
    assert ended["endTime"] < window["endTime"]
    details = (await api.client.get(f"/api/smtp-monitors/{monitor['publicId']}/details")).json()
    assert details["maintenance"] == {"inMaintenance": False, "activeWindows": [], "allWindows": [ended]}


async def test_times_in_the_hour_that_comes_twice_are_kept(api: Api) -> None:
    window = await planned(
        api, await api.create(), startTime="2027-10-31T02:30:00+02:00", endTime="2027-10-31T02:10:00+01:00"
    )
    assert (window["startTime"], window["endTime"]) == ("2027-10-31T00:30:00.000Z", "2027-10-31T01:10:00.000Z")


async def test_the_status_is_a_window_that_only_the_monitor_shows(api: Api) -> None:
    monitor = await api.create(status="maintenance")
    number = await api.value("SELECT id FROM maintenance_window WHERE of_status = $1", monitor["id"])
    assert number not in {one["id"] for one in (await api.client.get(WINDOWS)).json()}
    for method in ("GET", "PATCH", "DELETE"):
        answer = await api.client.request(method, f"{WINDOWS}/{number}", json=None if method == "GET" else {})
        assert answer.status_code == 404
    path = f"/api/smtp-monitors/{monitor['publicId']}"
    details = (await api.client.get(f"{path}/details")).json()
    assert details["maintenance"] == {"inMaintenance": True, "activeWindows": [], "allWindows": []}
    assert (await api.client.patch(path, json={"status": "active"})).json()["status"] == "active"
    assert await api.value("SELECT count(*) FROM maintenance_window WHERE of_status = $1", monitor["id"]) == 0


async def test_a_label_without_a_value_is_a_tag_and_a_tag_a_label(api: Api) -> None:
    monitor = await api.create()
    own = f"/api/v1/monitors/{monitor['publicId']}"
    await api.client.patch(own, json={"labels": {"rack": "", "env": "prod"}})
    tags = {tag["name"]: tag for tag in (await api.client.get("/api/tags")).json()}
    assert (tags["rack"]["color"], "env" in tags) == ("gray", False)
    made = (await api.client.post("/api/tags", json={"name": "env", "color": "red"})).json()
    body = {"monitorType": "smtp", "monitorId": monitor["id"], "tagId": made["id"]}
    first = (await api.client.post("/api/monitor-tags", json=body)).json()
    assert (await api.client.post("/api/monitor-tags", json=body)).json() == first
    assert (await api.client.get(own)).json()["labels"] == {"rack": "", "env": "prod"}
