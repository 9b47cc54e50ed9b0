"""Reports as AlertSite's report API is documented: XML and JSON, numbers of several monitors, relative times."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from shared.clock import utc_now
from tests.integration.api.alertsite.client import messages
from tests.integration.api.alertsite.reports.test_reports import PATH, History, outage
from tests.integration.api.alertsite.test_sitestatus import store_latest
from tests.integration.api.conftest import CUSTOMER, Api
from tests.integration.api.past_outages import PastOutage, store_past


@pytest.fixture
async def history(api: Api) -> History:
    monitor = await api.create(name='A "mail" <server> & more')
    await store_past(api, monitor, [PastOutage(hours_ago=2, rounds=3)])
    found = History(monitor, await api.value("SELECT id FROM customer WHERE public_id = $1::uuid", CUSTOMER))
    await outage(api, found)
    for code, status, kind in (("fi-hel", "failure", "refused"), ("de-nbg", "success", None)):
        location = await api.value("SELECT id FROM location WHERE code = $1", code)
        await store_latest(api, str(monitor["id"]), location, status, kind)
    return found


async def xml(api: Api, path: str) -> ET.Element:
    answer = await api.client.get(f"{PATH}/{path}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/xml")
    return ET.fromstring(answer.text)  # noqa: S314 - it is our own answer


async def json(api: Api, path: str) -> list[dict[str, Any]]:
    answer = await api.client.get(f"{PATH}/{path}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


@pytest.mark.parametrize("endpoint", ["detail", "outage", "sla"])
async def test_xml_has_the_fields_of_json_as_attributes(api: Api, history: History, endpoint: str) -> None:
    one = f"{endpoint}/C{history.customer}?obj_device={history.monitor['id']}&rdate=LastFourHours"
    root = await xml(api, one)
    rows = await json(api, f"{one}&api_version=2")
    assert (root.tag, {row.tag for row in root}) == (endpoint, {"row"})
    as_text = [{name: "" if value is None else str(value) for name, value in row.items()} for row in rows]
    if endpoint == "sla":  # its time ends now
        for row in (*as_text, *(row.attrib for row in root)):
            for name in ("dt_from", "dt_to", "availability", "judged_minutes"):
                del row[name]
    assert [row.attrib for row in root] == as_text
    assert rows[0]["descrip"] == history.monitor["name"]


@pytest.mark.parametrize(
    ("query", "form"),
    [
        pytest.param("", "text/xml", id="without api_version the answer is XML"),
        pytest.param("&api_version=1", "text/xml", id="version 1 is XML"),
        pytest.param("&api_version=2", "application/json", id="version 2 is JSON"),
        pytest.param("&api_version=2&format=json", "application/json", id="and says so in format"),
        pytest.param("&format=JSON", "application/json", id="format alone will do"),
        pytest.param("&api_version=2&format=xml", "text/xml", id="format has precedence"),
    ],
)
async def test_versions_and_formats(api: Api, history: History, query: str, form: str) -> None:
    for endpoint in ("detail", "outage", "sla", "sitestatus"):
        answer = await api.client.get(f"{PATH}/{endpoint}/{history.customer}?{query.removeprefix('&')}")
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, form), endpoint


async def test_devices_and_locations_are_lists_and_have_two_names(api: Api, history: History) -> None:
    other = await api.create()
    await store_past(api, other, [PastOutage(hours_ago=2, rounds=3)])
    places = [await api.value("SELECT id FROM location WHERE code = $1", code) for code in ("fi-hel", "de-nbg")]
    both = f"{history.monitor['id']},{other['id']}"
    base = f"detail/{history.customer}?api_version=2&showrecs=err"
    found = await json(api, f"{base}&obj_device={both}&obj_location={places[0]},{places[1]}")
    assert {one["obj_device"] for one in found} == {history.monitor["id"], other["id"]}
    assert {one["obj_location"] for one in found} == set(places)
    assert await json(api, f"{base}&devices={both}&locations={places[0]},{places[1]}") == found
    assert {one["obj_device"] for one in await json(api, f"{base}&devices={other['id']}")} == {other["id"]}
    assert len(await json(api, f"outage/{history.customer}?api_version=2&devices={both}")) == 1
    missing = await api.client.get(f"{PATH}/detail/{history.customer}?devices={other['id']},987654321")
    assert messages(missing.json(), 404) == ["Record not found"]


async def test_times_have_two_names_too(api: Api, history: History) -> None:
    now = utc_now()
    since, until = (f"{at:%Y-%m-%d+%H:%M:%S}" for at in (now - timedelta(hours=3), now - timedelta(hours=1)))
    base = f"detail/{history.customer}?api_version=2&devices={history.monitor['id']}"
    found = await json(api, f"{base}&start_date={since}&end_date={until}")
    assert len([one for one in found if one["status"] != "0"]) == 6
    assert await json(api, f"{base}&from={since}&to={until}") == found
    assert await json(api, f"{base}&rdate=LastOneHour&showrecs=err") == []
    assert len(await json(api, f"{base}&rdate=LastFourHours&showrecs=err")) == 6
    assert await json(api, f"{base}&rdate=LastMonth&showrecs=err") == [], "the month before has no failures"


async def test_the_status_as_xml_is_that_of_each_location(api: Api, history: History) -> None:
    root = await xml(api, f"sitestatus/C{history.customer}")
    assert (root.tag, root.findtext("Status"), root.findtext("Message")) == ("Response", "0", "No errors.")
    devices = [
        one for one in root.findall("DeviceStatuses/Device") if one.findtext("ObjDevice") == str(history.monitor["id"])
    ]
    names = ["ObjDevice", "Descrip", "ObjLocation", "Location", "Monitor", "LastStatus", "DtLastStatus", "DtLastError"]
    assert [field.tag for field in devices[0]] == names
    assert {one.findtext("Descrip") for one in devices} == {history.monitor["name"]}
    assert {one.findtext("Monitor") for one in devices} == {"y"}
    found = {one.findtext("LastStatus"): one for one in devices}
    assert found.keys() == {"0", "1"}, "one location passes, the other is refused"
    assert found["0"].findtext("DtLastError") == ""
    assert found["1"].findtext("DtLastError") == found["1"].findtext("DtLastStatus") != ""
    shown = await json(api, f"sitestatus/{history.customer}?api_version=2")
    [same] = [one for one in shown if one["device_id"] == history.monitor["id"]]
    assert {one["last_status"] for one in same["locations"]} == {"0", "1"}


async def test_the_status_can_be_narrowed(api: Api, history: History) -> None:
    async def shown(query: str) -> set[str | None]:
        root = await xml(api, f"sitestatus/{history.customer}?{query}")
        return {one.findtext("ObjDevice") for one in root.findall("DeviceStatuses/Device")}

    own = str(history.monitor["id"])
    assert own in await shown("")
    assert own in await shown("sitesonly=1&showsubaccounts=1&showrecs=")
    assert (await shown("txnsonly=1"), await shown("serversonly=1")) == (set(), set())
    for only, status in (("ok", {"0"}), ("err", {"1"})):
        root = await xml(api, f"sitestatus/{history.customer}?showrecs={only}")
        assert {one.findtext("LastStatus") for one in root.findall("DeviceStatuses/Device")} == status
    await api.client.patch(f"/api/smtp-monitors/{history.monitor['publicId']}", json={"status": "disabled"})
    assert own not in await shown("enabledonly=1")
    root = await xml(api, f"sitestatus/{history.customer}")
    assert {"n"} == {
        one.findtext("Monitor") for one in root.findall("DeviceStatuses/Device") if one.findtext("ObjDevice") == own
    }
    answer = await api.client.get(f"{PATH}/sitestatus/{history.customer}?sitesonly=1&txnsonly=1")
    assert messages(answer.json(), 400) == [
        "invalid_request - sitesonly must not be sent together with txnsonly or serversonly"
    ]
    assert messages((await api.client.get(f"{PATH}/sitestatus/987654321")).json(), 404) == ["Record not found"]
