"""Requests that `GET /api/results` refuses: wrong parameters, monitors out of reach, cursors of other callers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.admin_client import UNKNOWN_ID
from tests.integration.api.conftest import STRANGE_CUSTOMER, Api
from tests.integration.api.stored_history import PATH, Stored, get_results, page, store


@pytest.fixture(scope="module")
async def stored(api: Api) -> Stored:
    return await store(api)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"limit": 1001}, "limit must be at most 1000 for a page; an export may have more"),
        ({"limit": 0}, "limit must be an integer of at least 1"),
        ({"status": "ok"}, "status must be one of success, failure, unknown"),
        ({"kind": "ldap"}, "kind must be one of smtp, imap, pop3"),
        ({"purpose": "x"}, "purpose must be one of scheduled, triggered, recheck"),
        ({"purpose": "canary"}, "purpose must be one of scheduled, triggered, recheck"),
        ({"order": "up"}, "order must be one of asc, desc"),
        ({"format": "xml"}, "format must be one of json, ndjson, csv"),
        ({"location": "xx"}, 'location must hold codes of locations: "xx" is not one'),
        ({"country": "XX"}, 'country must hold ISO 3166-1 alpha-2 country codes: "XX" is not one'),
        ({"monitor": "17"}, "monitor must hold the public UUIDs of monitors, separated by commas"),
        ({"monitor": ""}, "monitor must hold one value or several, separated by commas"),
        ({"customerId": "x"}, "Invalid Customer identifier"),
        ({"customerId": UNKNOWN_ID}, "Invalid Customer identifier"),
        ({"customerId": STRANGE_CUSTOMER}, "Invalid Customer identifier"),
        ({"from": "2026-01-02", "to": "2026-01-02"}, "from must be before to"),
        ({"from": "2999-01-01"}, "from must be before now, where to is not given"),
        (
            {"from": "yesterday"},
            "from must be a moment in ISO 8601, as 2026-01-31T12:00:00Z (in a URL, write + as %2B)",
        ),
        ({"cursor": "abc"}, "cursor must be the nextCursor of an answer of this route"),
        ({"cursor": "ä" * 10}, "cursor must be the nextCursor of an answer of this route"),
        ({"cursor": ""}, "cursor must be the nextCursor of an answer of this route"),
    ],
)
async def test_a_wrong_parameter_is_refused_by_name(
    api: Api, stored: Stored, params: dict[str, Any], message: str
) -> None:
    answer = await get_results(api, **params)
    assert (answer.status_code, answer.json()["message"]) == (400, message)


async def test_an_unknown_or_repeated_parameter_is_refused(api: Api) -> None:
    answer = await get_results(api, custmerId="1")
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("custmerId is not a parameter of this route: country, cursor, ")
    answer = await api.client.get(f"{PATH}?status=failure&status=unknown")
    assert answer.json()["message"] == "status is given more than once: separate several values by commas"


async def test_monitors_out_of_reach_are_not_read(api: Api, stored: Stored) -> None:
    for name in (UNKNOWN_ID, stored.strange["publicId"]):
        answer = await get_results(api, monitor=f"{stored.smtp['publicId']},{name}")
        assert (answer.status_code, answer.json()["message"]) == (404, "Monitor not found")
    answer = await get_results(api, monitor=stored.other["publicId"], token=api.customer_token)
    assert answer.status_code == 403


async def test_a_cursor_is_valid_only_for_the_same_query_and_caller(api: Api, stored: Stored) -> None:
    cursor = (await page(api, limit=2))["nextCursor"]
    wrong = "cursor belongs to another query: send it with the same parameters and token"
    for params in (
        {"status": "success"},
        {"order": "asc"},
        {"from": stored.began.isoformat()},
        {"token": api.customer_token},
        {"token": api.strange_token},
    ):
        answer = await get_results(api, cursor=cursor, **params)
        assert (answer.status_code, answer.json()["message"]) == (400, wrong), params
    middle = len(cursor) // 2
    tampered = cursor[:middle] + ("A" if cursor[middle] != "A" else "B") + cursor[middle + 1 :]
    for text in (tampered, cursor[:-4], api.vault.encrypt({"a": 1}), api.vault.encrypt("hunter2")):
        answer = await get_results(api, cursor=text)
        assert (answer.status_code, answer.json()["message"]) == (
            400,
            "cursor must be the nextCursor of an answer of this route",
        )
    assert len((await page(api, cursor=cursor, limit=5))["results"]) == 5
