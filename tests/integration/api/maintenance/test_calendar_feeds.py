"""Feeds for calendar programs: an address that reads the windows that its maker sees, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from icalendar import Calendar

from controller.model import Role
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, Api, client_of
from tests.integration.api.people import organization_of, person

PATH = "/api/v1/calendar-feeds"
WINDOWS = "/api/v1/maintenance-windows"
TIMES = {"start": "2027-01-12T22:00:00", "end": "2027-01-13T02:00:00", "timeZone": "Europe/Berlin"}


@pytest.fixture(autouse=True)
async def _no_windows(api: Api) -> None:
    await api.value("DELETE FROM maintenance_window")


async def plan(api: Api, name: str, **targets: Any) -> None:
    body = {"name": name, **TIMES, "targets": targets or {"organization": True}}
    answer = await api.client.post(WINDOWS, json=body)
    assert answer.status_code == 201, answer.text


async def read(api: Api, url: str, **headers: str) -> Any:
    async with client_of(api.application) as stranger:
        return await stranger.get(url[url.index("/calendar/") :], headers=headers)


def names(answer: Any) -> list[str]:
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    return [str(event["SUMMARY"]) for event in Calendar.from_ical(answer.content).walk("VEVENT")]


async def test_a_feed_shows_what_its_maker_sees_until_it_is_revoked(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    await plan(api, "Whole")
    await plan(api, "Own", customers=[CUSTOMER])
    await plan(api, "Other", customers=[OTHER_CUSTOMER])
    ours = await organization_of(api, "Ours")
    for role, limits, shown in (
        (Role.EDITOR, None, ["Whole", "Own", "Other"]),
        (Role.READONLY, [api.customer], ["Own"]),
    ):
        who = await person(api, role, organization=ours, customers=limits)
        async with client_of(api.application) as client:
            client.headers.update(who.headers)
            made = (await client.post(PATH, json={"name": "Outlook"})).json()
            token = made["url"].partition("=")[2]
            answer = await read(api, made["url"])
            assert names(answer) == shown
            assert "no-cache" in answer.headers["cache-control"]
            again = await read(api, made["url"], **{"If-None-Match": answer.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")
            [listed] = (await client.get(PATH)).json()["items"]
            assert listed["lastUsedAt"] is not None
            assert "url" not in listed
            assert (await client.delete(f"{PATH}/{made['id']}")).status_code == 204
            assert (await client.delete(f"{PATH}/{made['id']}")).status_code == 404
        gone = await read(api, made["url"])
        assert gone.status_code == 404
        assert token not in gone.text
        assert await api.value("SELECT count(*) FROM calendar_feed WHERE token_hash = $1", token.encode()) == 0
        assert token not in capsys.readouterr().out


async def test_a_feed_ends_with_its_account(api: Api) -> None:
    who = await person(api, Role.USER, organization=await organization_of(api, "Ours"))
    async with client_of(api.application) as client:
        client.headers.update(who.headers)
        made = (await client.post(PATH, json={"name": "Outlook"})).json()
    await api.value("DELETE FROM account WHERE id = $1", who.id)
    assert (await read(api, made["url"])).status_code == 404


async def test_somebody_who_sees_all_organizations_no_more_reads_no_other_one(api: Api) -> None:
    ours, strange = await organization_of(api, "Ours"), await organization_of(api, "Strange")
    await plan(api, "Whole")
    who = await person(api, Role.GLOBAL_ADMIN, organization=strange)
    async with client_of(api.application) as client:
        client.headers.update(who.headers)
        made = (await client.post(PATH, json={"name": "Outlook"}, params={"organizationId": ours})).json()
    assert names(await read(api, made["url"])) == ["Whole"]
    await api.value("UPDATE account SET role = 'admin' WHERE id = $1", who.id)
    assert (await read(api, made["url"])).status_code == 404


async def test_a_token_reads_the_calendar_itself(api: Api) -> None:
    await plan(api, "Whole")
    assert names(await api.client.get(f"{WINDOWS}.ics")) == ["Whole"]
    assert (await api.client.post(PATH, json={"name": "Outlook"})).status_code == 403


@pytest.mark.parametrize("token", ["", "calendar_x", "x" * 201])
async def test_an_unknown_token_reads_nothing(api: Api, token: str) -> None:
    answer = await read(api, f"/calendar/maintenance.ics?token={token}")
    assert answer.status_code in (400, 404)
