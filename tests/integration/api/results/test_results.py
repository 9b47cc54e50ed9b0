"""`GET /api/results`: pages and exports hold every requested result once, in order."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest

from controller.api.v1.results.formats import COLUMNS
from controller.store.checks.results import store_results
from shared.clock import utc_now
from shared.wire.rounds import Purpose
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, Api
from tests.integration.api.outages import check_result
from tests.integration.api.stored_history import PATH, Stored, get_results, ids, page, pages, store


@pytest.fixture(scope="module")
async def stored(api: Api) -> Stored:
    return await store(api)


async def test_an_item_holds_the_fields_of_its_event_and_its_owner(api: Api, stored: Stored) -> None:
    due = stored.began + timedelta(minutes=9)
    [item] = (
        await page(
            api,
            monitor=stored.smtp["publicId"],
            location="de-nbg",
            from_=due.isoformat(),
            to=(due + timedelta(milliseconds=1)).isoformat(),
        )
    )["results"]
    result = next(one for one in stored.checks(stored.smtp) if one.due_at == due and one.location == "de-nbg")
    shown = json.loads(json.dumps(item))
    moment = due.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert shown == {
        "checkId": str(result.check_id),
        "customerId": CUSTOMER,
        "monitorId": stored.smtp["publicId"],
        "monitorName": "Outbound SMTP",
        "kind": "smtp",
        "location": "de-nbg",
        "country": "DE",
        "agent": "a",
        "purpose": "scheduled",
        "status": "failure",
        "dueAt": moment,
        "startedAt": moment,
        "durationMs": 31.2,
        "failure": {
            "kind": "refused",
            "source": "target",
            "phase": "connect",
            "detail": "refused",
            "help": "/help/refused",
        },
        "phases": [
            {"phase": "connect", "startMs": 0.5, "durationMs": 10.25},
            {"phase": "ehlo", "startMs": 11.0, "durationMs": 1.5},
            {"phase": "ehlo", "startMs": 20.0, "durationMs": 2.25},
        ],
        "timings": {"connect": 10.25, "ehlo": 3.75},
        "warnings": [],
        "address": "192.0.2.25",
        "facts": {},
        "loopLagMs": 0.0,
        "kernelRttMs": None,
        "loginWithheld": False,
        "detail": None,
        "rounded": False,
    }


@pytest.mark.parametrize("limit", [1, 7, 100, 1000])
@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_pages_hold_every_result_once_in_order(api: Api, stored: Stored, order: str, limit: int) -> None:
    names = f"{stored.smtp['publicId']},{stored.imap['publicId']}"
    found = await pages(api, order=order, limit=limit, monitor=names)
    expected = {str(one.check_id) for monitor in (stored.smtp, stored.imap) for one in stored.checks(monitor)}
    assert len(found) == 120
    assert set(ids(found)) == expected
    moments = [item["dueAt"] for item in found]
    assert moments == sorted(moments, reverse=order == "desc")


async def test_both_ways_to_read_an_organization_give_the_same_results(api: Api, stored: Stored) -> None:
    by_monitor, by_time = await pages(api, limit=1000), await pages(api, limit=2)
    assert len(by_monitor) == 180
    assert ids(by_time) == ids(by_monitor)


async def test_results_that_arrive_between_two_pages_neither_repeat_nor_hide_others(api: Api, stored: Stored) -> None:
    monitor = await api.create(name="Busy")
    before = [check_result(monitor, stored.began + timedelta(seconds=2 * number), "de-nbg") for number in range(40)]
    await store_results(api.database, before)
    found, cursor, late = list[dict[str, Any]](), None, 0
    while True:
        here = await page(api, monitor=monitor["publicId"], limit=3, **({"cursor": cursor} if cursor else {}))
        found += here["results"]
        cursor = here["nextCursor"]
        if cursor is None:
            break
        late += 1
        newer = check_result(monitor, stored.began + timedelta(seconds=2 * late + 1), "fi-hel")
        newest = check_result(monitor, utc_now().replace(microsecond=0), "fi-hel", purpose=Purpose.TRIGGERED)
        await store_results(api.database, [newer, newest])
    assert len(ids(found)) == len(set(ids(found)))
    assert {str(one.check_id) for one in before} <= set(ids(found))


@pytest.mark.parametrize(
    ("params", "count"),
    [
        pytest.param({"location": "fi-hel"}, 60, id="one location"),
        pytest.param({"location": "fi-hel,de-nbg"}, 120, id="two locations"),
        pytest.param({"country": "fi"}, 60, id="a country, in lower case"),
        pytest.param({"country": "FI", "location": "de-nbg"}, 0, id="a country and a location in another country"),
        pytest.param({"country": "BR"}, 0, id="a country without locations"),
        pytest.param({"kind": "imap"}, 60, id="one kind"),
        pytest.param({"kind": "pop3"}, 0, id="a kind without monitors"),
        pytest.param({"status": "failure"}, 6, id="failures"),
        pytest.param({"status": "failure,unknown"}, 10, id="failures and unknown results"),
        pytest.param({"status": "unknown"}, 4, id="unknown results"),
        pytest.param({"status": "success"}, 110, id="successes"),
        pytest.param({"purpose": "triggered,recheck"}, 0, id="purposes without results"),
        pytest.param({"purpose": "scheduled"}, 120, id="scheduled results"),
    ],
)
async def test_filters_select_results(api: Api, stored: Stored, params: dict[str, str], count: int) -> None:
    names = f"{stored.smtp['publicId']},{stored.imap['publicId']}"
    assert len(await pages(api, monitor=names, **params)) == count
    # The same filters without monitors, which may read the results in another way.
    window = {"from": stored.began.isoformat(), "to": (stored.began + timedelta(minutes=30)).isoformat()}
    everything = await pages(api, limit=1000, customerId=CUSTOMER, **window, **params)
    mine = {stored.smtp["publicId"], stored.imap["publicId"]}
    assert len([item for item in everything if item["monitorId"] in mine]) == count


async def test_the_period_includes_its_start_and_excludes_its_end(api: Api, stored: Stored) -> None:
    first, end = stored.began + timedelta(minutes=3), stored.began + timedelta(minutes=5)
    found = await pages(api, monitor=stored.smtp["publicId"], from_=first.isoformat(), to=end.isoformat(), order="asc")
    assert {item["dueAt"] for item in found} == {
        (first + timedelta(minutes=number)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        for number in (0, 1)
    }


async def test_a_customer_is_named_by_number_or_uuid(api: Api, stored: Stored) -> None:
    for name in (OTHER_CUSTOMER, str(api.other_customer)):
        found = await pages(api, customerId=name)
        assert {item["monitorId"] for item in found} == {stored.other["publicId"]}
        assert {item["customerId"] for item in found} == {OTHER_CUSTOMER}


async def test_a_deleted_monitor_still_has_a_history(api: Api, stored: Stored) -> None:
    monitor = await api.create(name="Gone")
    await store_results(api.database, [check_result(monitor, stored.began, "de-nbg")])
    assert (await api.client.delete(f"/api/smtp-monitors/{monitor['publicId']}")).status_code == 200
    assert len((await page(api, monitor=monitor["publicId"]))["results"]) == 1


async def test_an_export_equals_the_pages(api: Api, stored: Stored) -> None:
    params = {"from": stored.began.isoformat(), "to": (stored.began + timedelta(minutes=30)).isoformat()}
    listed = await pages(api, **params)
    for given in ({"headers": {"Accept": "application/x-ndjson"}}, {"params": {"format": "ndjson"}}):
        answer = await api.client.get(
            PATH, params={**params, **given.get("params", {})}, headers=given.get("headers", {})
        )
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson")
        assert answer.text.endswith("}\n")
        assert [json.loads(line) for line in answer.text.splitlines()] == listed

    answer = await api.client.get(PATH, params=params, headers={"Accept": "text/csv"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    name = answer.headers["content-disposition"]
    assert name == f'attachment; filename="mailprobe-results-{stored.began:%Y%m%dT%H%M%SZ}-' + (
        f'{stored.began + timedelta(minutes=30):%Y%m%dT%H%M%SZ}.csv"'
    )
    head, *rows = list(csv.reader(io.StringIO(answer.text, newline="")))
    assert tuple(head) == COLUMNS
    assert [row[0] for row in rows] == ids(listed)
    for row, item in zip(rows, listed, strict=True):
        cells = dict(zip(head, row, strict=True))
        assert cells["durationMs"] == str(item["durationMs"])
        assert cells["connectMs"] == str(item["timings"].get("connect", ""))
        assert cells["failureKind"] == (item["failure"] or {}).get("kind", "")
        assert cells["monitorName"] == ("'=Mailbox" if item["kind"] == "imap" else item["monitorName"])
    assert "\r\n" in answer.text


async def test_an_export_may_be_limited_and_may_be_empty(api: Api, stored: Stored) -> None:
    answer = await get_results(api, format="ndjson", limit=3)
    assert len(answer.text.splitlines()) == 3
    long_ago = {"from_": "2020-01-01", "to": "2020-01-02"}
    assert (await get_results(api, format="ndjson", **long_ago)).content == b""
    assert (await get_results(api, format="csv", **long_ago)).text == ",".join(COLUMNS) + "\r\n"
    found = await page(api, **long_ago)
    assert (found["results"], found["nextCursor"]) == ([], None)


async def test_a_request_that_accepts_none_of_our_formats_gets_json(api: Api) -> None:
    answer = await api.client.get(PATH, headers={"Accept": "text/html"})
    assert answer.headers["content-type"] == "application/json"
