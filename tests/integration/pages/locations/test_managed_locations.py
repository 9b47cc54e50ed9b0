"""Locations are added, renamed, given new enrolments, disabled, enabled and removed in the dashboard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from controller.model import Role
from controller.store.locations.locations import record_heartbeat
from shared.clock import utc_now
from shared.nats.credentials import parse
from shared.private_files import write_private
from shared.wire import enrolment
from shared.wire.enrolment import Enrolment
from shared.wire.messages import Heartbeat
from tests.integration.api.conftest import Api
from tests.integration.pages.browser import Browser, Page, browsing_as

_NEW = "/locations/new"


@pytest.fixture(autouse=True)
async def _clean(api: Api) -> AsyncIterator[None]:
    yield
    await api.value("TRUNCATE location, monitor CASCADE")


@pytest.fixture
async def admin(api: Api) -> AsyncIterator[Browser]:
    async with browsing_as(api, Role.ADMIN) as browser:
        yield browser


async def add(admin: Browser, code: str = "de-fra", country: str = "DE", **fields: Any) -> Page:
    answer = await admin.submit(await admin.open(_NEW), _NEW, code=code, country=country, **fields)
    assert answer.status == 200, answer.text
    return answer


def enrolment_of(page: Page, folder: Path) -> Enrolment:
    """What an agent reads of the enrolment on a page."""
    path = folder / "an.agent"
    write_private(path, "".join(str(each) for each in page.id("enrolment").children))
    return enrolment.read(path)


async def beat(api: Api, code: str, country: str, signed_by: str) -> None:
    now = utc_now()
    heartbeat = Heartbeat(
        agent="frankfurt-1",
        location=code,
        country=country,
        kinds=["smtp"],
        version="1.2",
        started_at=now - timedelta(minutes=1),
        sent_at=now,
    )
    assert await record_heartbeat(api.database, heartbeat, signed_by=signed_by)


async def two_monitors(api: Api) -> tuple[str, str]:
    """One that only Germany checks, and one that every country checks."""
    alone = await api.create(name="Only Germany", allowedCheckCountryCodes=["DE"])
    everywhere = await api.create(name="Everywhere")
    return str(alone["publicId"]), str(everywhere["publicId"])


async def test_a_new_location_is_shown_with_its_enrolment_this_once(api: Api, admin: Browser, tmp_path: Path) -> None:
    page = await add(admin, name="Frankfurt", nats_url="tls://nats.example.com:4222")
    assert page.headers["cache-control"] == "no-store"
    assert page.path == _NEW, "the enrolment is in no address"
    made = enrolment_of(page, tmp_path)
    assert (made.location, made.country, made.nats_url) == ("de-fra", "DE", "tls://nats.example.com:4222")
    for identity in ("start-debian", "start-docker", "start-kubernetes", "start-checkout"):
        assert made.sealing_key.reveal() in page.id(identity).text
    assert "shown this once" in page.text
    for path in ("/locations", "/locations/de-fra", "/locations/de-fra/rotate", "/locations/de-fra/waiting", "/"):
        other = await admin.open(path)
        assert other.status == 200, path
        for secret in (made.sealing_key.reveal(), parse(made.nats_credentials.reveal()).seed.reveal()):
            assert secret not in other.html, path
    assert await api.value("SELECT name FROM location WHERE code = 'de-fra'") == "Frankfurt"


async def test_the_name_is_the_country_s_without_another_one(api: Api, admin: Browser) -> None:
    await add(admin)
    assert await api.value("SELECT name FROM location WHERE code = 'de-fra'") == "Germany"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("code", "De Fra", "lower-case letters"),
        ("code", "", "lower-case letters"),
        ("code", "new", "not the word 'new'"),
        ("code", "x" * 51, "1 to 50"),
        ("country", "", "country codes"),
        ("country", "XX", "country codes"),
        ("name", "x" * 256, "255"),
        ("nats_url", "http://a.example.com", "must be URLs such as"),
    ],
)
async def test_a_wrong_field_is_marked_and_the_others_are_kept(
    api: Api, admin: Browser, field: str, value: str, words: str
) -> None:
    typed: dict[str, Any] = {
        "code": "de-fra",
        "country": "DE",
        "name": "Frankfurt",
        "nats_url": "tls://nats.example.com:4222",
    }
    typed[field] = value
    page = await admin.submit(await admin.open(_NEW), _NEW, **typed)
    assert page.status == 400
    assert words in page.id(f"wrong-{field}").text
    shown = page.form(_NEW).fields
    assert {name: shown[name] for name in typed if name != "country"} == {
        name: [text] for name, text in typed.items() if name != "country"
    }
    if field != "country":
        assert shown["country"] == ["DE"]
    assert await api.value("SELECT count(*) FROM location") == 0


async def test_a_code_that_is_taken_is_said_at_its_field(admin: Browser) -> None:
    await add(admin)
    page = await admin.submit(await admin.open(_NEW), _NEW, code="de-fra", country="DE")
    assert page.status == 409
    assert "there is a location 'de-fra' already" in page.id("wrong-code").text


async def test_the_page_of_the_enrolment_learns_when_its_first_agent_is_there(
    api: Api, admin: Browser, tmp_path: Path
) -> None:
    made = enrolment_of(await add(admin), tmp_path)
    waiting = await admin.open("/locations/de-fra/waiting")
    assert not waiting.root.all("p", data_over="")
    assert "No agent of this location has connected yet." in waiting.text
    await beat(api, "de-fra", "DE", parse(made.nats_credentials.reveal()).user)
    there = await admin.open("/locations/de-fra/waiting")
    assert there.root.one("p", data_over="").text == "ready It checks. Show de-fra"
    page = await admin.open("/locations/de-fra")
    [_, row] = next(table for table in page.tables() if table[0][0] == "Made")
    assert (row[1], row[3]) == ("yes, the newest", "frankfurt-1")


async def test_a_new_enrolment_waits_for_an_agent_that_uses_it(api: Api, admin: Browser, tmp_path: Path) -> None:
    first = enrolment_of(await add(admin), tmp_path)
    await beat(api, "de-fra", "DE", parse(first.nats_credentials.reveal()).user)
    rotate = "/locations/de-fra/rotate"
    page = await admin.submit(await admin.open(rotate), rotate, keep="86400")
    assert page.status == 200
    second = enrolment_of(page, tmp_path)
    assert second.sealing_key.reveal() != first.sealing_key.reveal()
    assert "systemctl restart mailprobe-agent@de-fra" in page.id("start-debian").text
    waiting = await admin.open("/locations/de-fra/waiting")
    assert "No agent uses the new enrolment yet." in waiting.text
    await beat(api, "de-fra", "DE", parse(second.nats_credentials.reveal()).user)
    assert "ready" in (await admin.open("/locations/de-fra/waiting")).text
    listed = next(table for table in (await admin.open("/locations/de-fra")).tables() if table[0][0] == "Made")
    assert [row[1].split()[0] for row in listed[1:]] == ["yes,", "until"]
    left = await api.value("SELECT max(ends_at) - now() FROM location_key")
    assert timedelta(hours=23) < left <= timedelta(days=1)


async def test_an_enrolment_that_has_leaked_is_ended_at_once(api: Api, admin: Browser) -> None:
    await add(admin)
    rotate = "/locations/de-fra/rotate"
    assert (await admin.submit(await admin.open(rotate), rotate, keep="0")).status == 200
    assert await api.value("SELECT count(*) FROM location_key WHERE ends_at <= now()") == 1
    assert "no, ended" in (await admin.open("/locations/de-fra")).text


async def test_wrong_fields_of_a_new_enrolment_are_marked(api: Api, admin: Browser) -> None:
    await add(admin)
    rotate = "/locations/de-fra/rotate"
    for field in ("keep", "nats_url"):
        typed: dict[str, Any] = {field: "12"}
        page = await admin.submit(await admin.open(rotate), rotate, **typed)
        assert (page.status, bool(page.id(f"wrong-{field}").text)) == (400, True)
    assert await api.value("SELECT count(*) FROM location_key") == 1


async def test_a_name_that_somebody_else_gave_meanwhile_is_not_replaced_unseen(api: Api, admin: Browser) -> None:
    await add(admin)
    rename = "/locations/de-fra/rename"
    drawn = await admin.open(rename)
    await admin.submit(drawn, rename, name="Frankfurt")
    refused = await admin.submit(drawn, rename, name="Main")
    assert (refused.status, refused.id("wrong-name").text) == (409, "Stored now: Frankfurt")
    assert refused.form(rename).fields["name"] == ["Main"]
    assert await api.value("SELECT name FROM location WHERE code = 'de-fra'") == "Frankfurt"
    assert (await admin.submit(refused, rename)).path == "/locations/de-fra?done=renamed"
    assert await api.value("SELECT name FROM location WHERE code = 'de-fra'") == "Main"


async def test_disabling_says_first_what_it_does_to_which_monitors(api: Api, admin: Browser) -> None:
    await add(admin)
    await add(admin, "fr-par", "FR")
    alone, _ = await two_monitors(api)
    page = await admin.open("/locations/de-fra/disable")
    assert "1 monitor loses one of 2 countries." in page.text
    assert "1 monitor would be checked from nowhere, and nobody would learn of its outages:" in page.text
    assert page.links["Only Germany"] == f"/monitors/{alone}"
    assert await api.value("SELECT enabled FROM location WHERE code = 'de-fra'"), "a page that is opened does nothing"
    done = await admin.submit(page, "/locations/de-fra/disable")
    assert (done.path, "The location is disabled." in done.text) == ("/locations/de-fra?done=disabled", True)
    assert not await api.value("SELECT enabled FROM location WHERE code = 'de-fra'")
    assert await api.value("SELECT action FROM audit ORDER BY id DESC LIMIT 1") == "location.disabled"
    assert "1 monitor that nothing checks now is checked again:" in done.text
    enable = await admin.open("/locations/de-fra/enable")
    assert "1 monitor is checked from 2 countries instead of 1." in enable.text
    assert (await admin.submit(enable, "/locations/de-fra/enable")).path == "/locations/de-fra?done=enabled"
    assert await api.value("SELECT enabled FROM location WHERE code = 'de-fra'")


async def test_a_location_that_no_monitor_uses_says_so(admin: Browser) -> None:
    await add(admin)
    assert "No monitor is checked from here." in (await admin.open("/locations/de-fra")).text
    assert "none is affected" in (await admin.open("/locations/de-fra/disable")).text


async def test_twenty_monitors_are_named_and_a_link_leads_to_the_others(api: Api, admin: Browser) -> None:
    await add(admin)
    for number in range(22):
        await api.create(name=f"Berlin {number:02}", allowedCheckCountryCodes=["DE"])
    page = await admin.open("/locations/de-fra/disable")
    assert "22 monitors would be checked from nowhere" in page.text
    assert ("Berlin 19" in page.links, "Berlin 20" in page.links) == (True, False)
    assert "and 2 more: monitors checked from Germany" in page.text
    assert page.links["monitors checked from Germany"] == "/?country=DE"


async def test_monitors_of_other_organizations_are_counted_and_not_named(api: Api, admin: Browser) -> None:
    await add(admin)
    body = {
        "customerId": "99999999-9999-4999-8999-999999999999",
        "name": "Somebody else's",
        "hostname": "a.example.com",
    }
    strange = {"Authorization": f"Bearer {api.strange_token}"}
    assert (await api.client.post("/api/smtp-monitors", json=body, headers=strange)).status_code == 200
    page = await admin.open("/locations/de-fra/disable")
    assert "1 monitor would be checked from nowhere" in page.text
    assert "1 of other organizations" in page.text
    assert "Somebody else's" not in page.html


async def test_only_a_disabled_location_is_removed_and_it_can_be_added_again(api: Api, admin: Browser) -> None:
    await add(admin)
    await two_monitors(api)
    remove = "/locations/de-fra/remove"
    first = await admin.open(remove)
    assert "Disable it first" in first.links
    assert not [form for form in first.forms if form.action == remove]
    assert (await admin.post(remove)).status == 409
    await admin.submit(await admin.open("/locations/de-fra/disable"), "/locations/de-fra/disable")
    page = await admin.open(remove)
    assert "2 monitors have no other location and stay unchecked:" in page.text
    done = await admin.submit(page, remove)
    assert (done.path, "The location is removed." in done.text) == ("/locations?done=removed", True)
    assert (await admin.open("/locations/de-fra")).status == 404
    form = await admin.open(done.links["add de-fra again"])
    fields = form.form(_NEW).fields
    assert (fields["code"], fields["country"], fields["name"]) == (["de-fra"], ["DE"], ["Germany"])
    assert (await admin.submit(form, _NEW)).status == 200
    assert "Removed locations" not in (await admin.open("/locations")).text


async def test_a_location_is_renamed(api: Api, admin: Browser) -> None:
    await add(admin)
    rename = "/locations/de-fra/rename"
    page = await admin.submit(await admin.open(rename), rename, name="x" * 256)
    assert (page.status, bool(page.id("wrong-name").text)) == (400, True)
    done = await admin.submit(page, rename, name="Frankfurt am Main")
    assert "The location has its new name." in done.text
    assert "Frankfurt am Main" in done.headings[0]
    await admin.submit(await admin.open(rename), rename, name="")
    assert await api.value("SELECT name FROM location WHERE code = 'de-fra'") == "Germany"
