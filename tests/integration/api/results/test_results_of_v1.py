"""Results in our own API: over all monitors, of one monitor with its dialogues, and as a file."""

from __future__ import annotations

from typing import Any

import pytest

from controller.model import Role
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, STRANGE_CUSTOMER, Api, client_of
from tests.integration.api.people import organization_of, person
from tests.integration.api.stored_history import Stored, ids, page, store

LIST = "/api/v1/results"


@pytest.fixture(scope="module")
async def stored(api: Api) -> Stored:
    return await store(api)


def of_one(monitor: dict[str, Any]) -> str:
    return f"/api/v1/monitors/{monitor['publicId']}/results"


async def read(api: Api, path: str, **query: Any) -> dict[str, Any]:
    answer = await api.client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def every(api: Api, path: str, **query: Any) -> list[dict[str, Any]]:
    found, cursor = list[dict[str, Any]](), None
    while True:
        here = await read(api, path, **query, **({"cursor": cursor} if cursor else {}))
        found += here["items"]
        cursor = here["nextCursor"]
        if cursor is None:
            return found


async def test_the_list_is_that_of_the_older_path(api: Api, stored: Stored) -> None:
    old = await page(api, limit=1000)
    new = await read(api, LIST, limit=1000)
    assert new["items"] == old["results"]
    assert new["keptSince"] == old["keptSince"]
    assert len((await read(api, LIST))["items"]) == 50


@pytest.mark.parametrize("sort", ["dueAt", "-dueAt"])
async def test_pages_of_one_monitor_hold_each_result_once_in_order(api: Api, stored: Stored, sort: str) -> None:
    found = await every(api, of_one(stored.smtp), sort=sort, limit=7)
    assert set(ids(found)) == {str(one.check_id) for one in stored.checks(stored.smtp)}
    moments = [item["dueAt"] for item in found]
    assert len(moments) == 60
    assert moments == sorted(moments, reverse=sort == "-dueAt")


async def test_dialogues_come_only_when_they_are_wanted(api: Api, stored: Stored) -> None:
    plain = await every(api, of_one(stored.smtp), limit=100)
    assert all("transcript" not in item for item in plain)
    assert plain == await every(api, LIST, monitor=stored.smtp["publicId"], limit=100)
    whole = await every(api, of_one(stored.smtp), limit=100, transcript="true")
    assert [{name: item[name] for name in item if name != "transcript"} for item in whole] == plain
    for item in whole:
        texts = [line["text"] for line in item["transcript"]]
        assert texts == (["192.0.2.25: connection refused"] if item["status"] == "failure" else [])


async def test_filters_and_fields(api: Api, stored: Stored) -> None:
    assert {item["customerId"] for item in await every(api, LIST, customer=OTHER_CUSTOMER)} == {OTHER_CUSTOMER}
    assert {item["kind"] for item in await every(api, LIST, customer=CUSTOMER, kind="imap")} == {"imap"}
    failed = await read(api, of_one(stored.imap), status="failure", location="de-nbg", fields="checkId,status")
    assert [set(item) for item in failed["items"]] == [{"checkId", "status"}] * 3
    assert {item["status"] for item in failed["items"]} == {"failure"}


@pytest.mark.parametrize("form", ["ndjson", "csv"])
async def test_a_file_is_that_of_the_older_path(api: Api, stored: Stored, form: str) -> None:
    query = {"format": form, "monitor": stored.smtp["publicId"]}
    answers = [await api.client.get(path, params=query) for path in ("/api/results", LIST)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert len(answers[0].text.splitlines()) >= 60
    assert answers[1].headers["X-Kept-Since"]


async def test_a_global_role_reads_the_results_of_a_monitor_in_any_organization(api: Api, stored: Stored) -> None:
    strange = await organization_of(api, "Strange")
    supporter = await person(api, Role.GLOBAL_SUPPORTER, organization=strange)
    async with client_of(api.application) as client:
        answer = await client.get(of_one(stored.smtp), headers=supporter.headers, params={"limit": 2})
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["items"]) == 2


async def test_others_find_nothing(api: Api, stored: Stored) -> None:
    assert (await api.client.get(of_one(stored.strange))).status_code == 404
    assert (await api.client.get(LIST, params={"customer": STRANGE_CUSTOMER})).status_code == 404
    assert (await api.client.get(LIST, params={"monitor": stored.strange["publicId"]})).status_code == 404
    limited = {"Authorization": f"Bearer {api.customer_token}"}
    assert (await api.client.get(of_one(stored.other), headers=limited)).status_code == 403


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("sort=asc", "sort"),
        ("customer=7", "customer"),
        ("limit=1001", "limit"),
        ("limit=0", "limit"),
        ("status=bad", "status"),
        ("status=failure&status=unknown", "status"),
        ("cursor=x", "cursor"),
        ("order=asc", "order"),
        ("fields=checkId,x", "fields"),
        ("from=2026-01-02&to=2026-01-01", "from"),
    ],
)
async def test_a_wrong_parameter_is_named(api: Api, stored: Stored, query: str, field: str) -> None:
    for path in (LIST, of_one(stored.smtp)):
        if field == "customer" and path != LIST:
            continue
        answer = await api.client.get(f"{path}?{query}")
        assert answer.status_code == 400, (path, answer.text)
        assert [error["field"] for error in answer.json()["errors"]] == [field]
    wrong = await api.client.get(f"{of_one(stored.smtp)}?transcript=perhaps")
    assert wrong.json()["errors"][0]["field"] == "transcript"
