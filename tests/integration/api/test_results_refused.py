"""What `GET /api/results` does not answer: wrong parameters, monitors out of reach, cursors of somebody else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.conftest import STRANGE_CUSTOMER, Api
from tests.integration.api.history import PATH, Stored, ask, page, store
from tests.integration.api.office import NOBODY


@pytest.fixture(scope="module")
async def stored(api: Api) -> Stored:
    return await store(api)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"limit": 1001}, "limit must be at most 1000 for a page; an export may have more"),
        ({"limit": 0}, "limit: Expected `int` >= 1"),
        ({"status": "ok"}, "status must be of success, failure, unknown"),
        ({"kind": "ldap"}, "kind must be of smtp, imap, pop3"),
        ({"purpose": "x"}, "purpose must be of scheduled, triggered, recheck"),
        ({"order": "up"}, "order must be of asc, desc"),
        ({"format": "xml"}, "format must be one of json, ndjson, csv"),
        ({"location": "xx"}, "location must hold codes of locations: 'xx' is not one"),
        ({"country": "XX"}, "country must hold ISO 3166-1 alpha-2 country codes: 'XX' is not one"),
        ({"monitor": "17"}, "monitor must hold the public UUIDs of monitors, separated by commas"),
        ({"monitor": ""}, "monitor must hold one value or several, separated by commas"),
        ({"customerId": "x"}, "Invalid Customer identifier"),
        ({"customerId": NOBODY}, "Invalid Customer identifier"),
        ({"customerId": STRANGE_CUSTOMER}, "Invalid Customer identifier"),
        ({"from": "2026-01-02", "to": "2026-01-02"}, "from must be before to"),
        ({"from": "2999-01-01"}, "from must be before now, where to is not given"),
        (
            {"from": "yesterday"},
            "from must be a moment in ISO 8601, as 2026-01-31T12:00:00Z (a + is written %2B in an address)",
        ),
        ({"cursor": "abc"}, "cursor is not one of this route's answers"),
        ({"cursor": "ä" * 10}, "cursor is not one of this route's answers"),
        ({"cursor": ""}, "cursor is not one of this route's answers"),
    ],
)
async def test_what_is_wrong_is_named(api: Api, stored: Stored, params: dict[str, Any], message: str) -> None:
    answer = await ask(api, **params)
    assert (answer.status_code, answer.json()["message"]) == (400, message)


async def test_a_parameter_that_is_not_known_is_refused(api: Api) -> None:
    answer = await ask(api, custmerId="1")
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("custmerId is not a parameter of this route: country, cursor, ")
    answer = await api.client.get(f"{PATH}?status=failure&status=unknown")
    assert answer.json()["message"] == "status is given more than once: separate several values by commas"


async def test_monitors_out_of_reach_are_not_read(api: Api, stored: Stored) -> None:
    for name in (NOBODY, stored.strange["publicId"]):
        answer = await ask(api, monitor=f"{stored.smtp['publicId']},{name}")
        assert (answer.status_code, answer.json()["message"]) == (404, "Monitor not found")
    answer = await ask(api, monitor=stored.other["publicId"], token=api.customer_token)
    assert answer.status_code == 403


async def test_a_cursor_serves_nobody_else_and_nothing_else(api: Api, stored: Stored) -> None:
    cursor = (await page(api, limit=2))["nextCursor"]
    wrong = "cursor belongs to another question: send it with the same parameters and token"
    for params in (
        {"status": "success"},
        {"order": "asc"},
        {"from": stored.began.isoformat()},
        {"token": api.customer_token},
        {"token": api.strange_token},
    ):
        answer = await ask(api, cursor=cursor, **params)
        assert (answer.status_code, answer.json()["message"]) == (400, wrong), params
    middle = len(cursor) // 2
    tampered = cursor[:middle] + ("A" if cursor[middle] != "A" else "B") + cursor[middle + 1 :]
    for text in (tampered, cursor[:-4], api.vault.encrypt({"a": 1}), api.vault.encrypt("hunter2")):
        answer = await ask(api, cursor=text)
        assert (answer.status_code, answer.json()["message"]) == (400, "cursor is not one of this route's answers")
    assert len((await page(api, cursor=cursor, limit=5))["results"]) == 5
