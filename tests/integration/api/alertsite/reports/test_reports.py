"""The reports about a time: the detail report as documented ([D] in the reference, 2.9), outage and sla."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.clock import utc_now
from tests.integration.api.alertsite.client import messages
from tests.integration.api.conftest import CUSTOMER, Api
from tests.integration.api.past_outages import PastOutage, store_past

PATH = "/api/v3/report-api"


class History:
    """A monitor, its customer, and three failing rounds two hours ago at both locations."""

    def __init__(self, monitor: dict[str, Any], customer: int) -> None:
        self.monitor = monitor
        self.customer = customer


@pytest.fixture
async def history(api: Api) -> History:
    monitor = await api.create()
    await store_past(api, monitor, [PastOutage(hours_ago=2, rounds=3)])
    return History(monitor, await api.value("SELECT id FROM customer WHERE public_id = $1::uuid", CUSTOMER))


async def outage(api: Api, history: History) -> None:
    """Three minutes that began two hours ago, as the evaluator stores them."""
    incident = await api.value(
        "INSERT INTO incident (organization_id, customer_id, monitor_id, severity, reason, evidence,"
        " outage_started_at, started_at, resolved_at)"
        " SELECT organization_id, customer_id, id, 'down', 'cannot connect: refused', 'null'::json, $2::timestamptz,"
        " $2::timestamptz, $2::timestamptz + interval '3 minutes' FROM monitor WHERE id = $1 RETURNING id",
        history.monitor["id"],
        utc_now() - timedelta(hours=2),
    )
    await api.value(
        "INSERT INTO incident_change (incident_id, kind, severity, reason, at)"
        " SELECT id, 'opened', 'down', reason, started_at FROM incident WHERE id = $1"
        " UNION ALL SELECT id, 'resolved', 'down', reason, resolved_at FROM incident WHERE id = $1",
        incident,
    )


async def report(api: Api, history: History, endpoint: str, query: str = "") -> list[dict[str, Any]]:
    path = f"{PATH}/{endpoint}/C{history.customer}?api_version=2&obj_device={history.monitor['id']}{query}"
    answer = await api.client.get(path)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


async def test_the_detail_report_has_every_result_newest_first(api: Api, history: History) -> None:
    found = await report(api, history, "detail")
    assert list(found[0]) == [
        *("obj_device", "descrip", "obj_location", "location", "dt_status", "status", "status_desc", "resptime"),
    ]
    assert {one["obj_device"] for one in found} == {history.monitor["id"]}
    assert [one["dt_status"] for one in found] == sorted((one["dt_status"] for one in found), reverse=True)
    failed = [one for one in found if one["status"] != "0"]
    assert len(failed) == 6
    assert {(one["status"], one["status_desc"]) for one in failed} == {("1", "TCP connection failed")}


async def test_records_are_chosen_by_outcome_location_and_number(api: Api, history: History) -> None:
    place = await api.value("SELECT id FROM location WHERE code = 'fi-hel'")
    everything = await report(api, history, "detail")
    assert len(await report(api, history, "detail", "&showrecs=err")) == 6
    assert len(await report(api, history, "detail", "&showrecs=ok")) == len(everything) - 6
    found = await report(api, history, "detail", f"&showrecs=err&obj_location={place}")
    assert {one["obj_location"] for one in found} == {place}
    assert len(found) == 3
    assert len(await report(api, history, "detail", "&limit=2")) == 2


async def test_times_are_days_and_moments(api: Api, history: History) -> None:
    now = utc_now()
    began = (now - timedelta(hours=2)).replace(second=0, microsecond=0)
    ends = began + timedelta(minutes=1)
    found = await report(api, history, "detail", f"&from={began:%Y-%m-%d %H:%M:%S}&to={ends:%Y-%m-%d %H:%M:%S}")
    assert 2 <= len(found) <= 4
    long_ago = now - timedelta(days=5)
    assert await report(api, history, "detail", f"&rdate={long_ago:%Y-%m-%d}") == []


async def test_a_time_of_which_only_passed_checks_are_kept_is_not_shown_as_all_green(
    api: Api, history: History
) -> None:
    path = f"{PATH}/detail/C{history.customer}?obj_device={history.monitor['id']}"
    now = utc_now()
    for days, is_noted in ((29, False), (31, True), (60, True)):
        time = f"&from={now - timedelta(days=days):%Y-%m-%d}&to={now - timedelta(days=days - 1):%Y-%m-%d}"
        answer = await api.client.get(f"{path}{time}&api_version=2")
        since = f"{now - timedelta(days=30):%Y-%m-%dT00:00:00.000Z}"
        note = f"Failed checks due before {since} are not kept any more: only those that passed are listed."
        assert answer.json().get("note") == (note if is_noted else None)
        text = (await api.client.get(f"{path}{time}&format=xml")).text
        assert (f'note="{note}"' in text) is is_noted


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("obj_device=x", "obj_device must be at most 1000 numbers separated by commas"),
        ("obj_location=987654", "obj_location must name known locations: 987654 is unknown"),
        ("rdate=yesterday", "rdate must be a time as YYYY-MM-DD, or the name of a time as LastWeek"),
        ("from=x&to=y", "to must be a time as YYYY-MM-DD or YYYY-MM-DD HH:MM:SS"),
        ("api_version=3", "api_version must be one of 1, 2"),
        ("format=csv", "format must be one of JSON, XML, json, xml"),
        ("rdate=2026-01-01&from=2026-01-01", "rdate must not be sent together with from and to"),
        ("from=2026-01-01", "to is required where the other one is sent"),
        ("from=2026-01-02&to=2026-01-01 00:00:00", "from must be before to"),
        ("from=2026-01-01&to=2026-03-01", "from must be at most 31 days before to"),
        ("rdate=2098-01-01", "rdate must be in the past"),
        ("showrecs=all", "showrecs must be one of ok, err"),
    ],
)
async def test_what_is_wrong_is_named(api: Api, history: History, query: str, message: str) -> None:
    answer = await api.client.get(f"{PATH}/detail/{history.customer}?{query}")
    assert messages(answer.json(), 400) == [f"invalid_request - {message}"]


async def test_what_is_unknown_is_404(api: Api, history: History) -> None:
    for path in ("detail/987654321", "outage/x", f"sla/{history.customer}?obj_device=987654321"):
        assert messages((await api.client.get(f"{PATH}/{path}")).json(), 404) == ["Record not found"]


async def test_the_outage_report_has_what_lasted_within_the_time(api: Api, history: History) -> None:
    await outage(api, history)
    [found] = await report(api, history, "outage")
    assert (found["obj_device"], found["minutes"], found["severity"]) == (history.monitor["id"], 3.0, "down")
    assert found["info_msg"] == "cannot connect: refused"
    assert await report(api, history, "outage", f"&rdate={utc_now() - timedelta(days=9):%Y-%m-%d}") == []


async def test_the_sla_report_says_how_much_of_the_time_was_down(api: Api, history: History) -> None:
    await outage(api, history)
    [found] = await report(api, history, "sla")
    assert found["obj_device"] == history.monitor["id"]
    assert found["judged_minutes"] > 30
    assert 0 < found["down_minutes"] < found["judged_minutes"]
    share = 100 * (1 - found["down_minutes"] / found["judged_minutes"])
    assert found["availability"] == pytest.approx(share, abs=0.5)
