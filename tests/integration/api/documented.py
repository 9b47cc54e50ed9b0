"""Documented statements as rows: the request, its caller, and the expected answer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.integration.api.conftest import Api, client_of

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
UUID_TEXT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Row:
    """`caller` is a key of the test's `people`. Path, body and query may refer to objects of the test, as `{monitor}`.

    `answer` is the expected body: an object lists the keys that must be present, each with a value, a type or a
    pattern. A string is the message of an error.
    """

    title: str
    method: str
    path: str
    status: int = 200
    answer: Any = field(default_factory=dict)
    caller: str = "admin token"
    body: Any = None
    query: dict[str, str] | None = None


async def send(api: Api, row: Row, people: dict[str, dict[str, str]], made: dict[str, Any]) -> httpx.Response:
    async with client_of(api.application) as client:
        return await client.request(
            row.method,
            row.path.format(**made),
            headers=people[row.caller],
            json=_filled(row.body, made),
            params=row.query,
        )


def assert_answers(row: Row, answer: httpx.Response) -> None:
    assert answer.status_code == row.status, answer.text
    assert answer.headers["content-type"].partition(";")[0] == "application/json"
    found = answer.json()
    if isinstance(row.answer, str):
        assert found["message"] == row.answer
        assert (found["statusCode"], type(found["statusMessage"])) == (row.status, str)
    else:
        assert_holds(found, row.answer)


def assert_holds(found: Any, expected: Any, where: str = "answer") -> None:
    if isinstance(expected, type):
        assert type(found) is expected, where
    elif isinstance(expected, re.Pattern):
        assert isinstance(found, str), where
        assert expected.fullmatch(found), f"{where}: {found}"
    elif isinstance(expected, dict):
        assert isinstance(found, dict), where
        for key, value in expected.items():
            assert key in found, f"{where}.{key} is missing"
            assert_holds(found[key], value, f"{where}.{key}")
    elif isinstance(expected, list):
        assert isinstance(found, list), where
        assert len(found) == len(expected), where
        for number, (one, other) in enumerate(zip(found, expected, strict=True)):
            assert_holds(one, other, f"{where}[{number}]")
    else:
        assert (type(found), found) == (type(expected), expected), where


def _filled(value: Any, made: dict[str, Any]) -> Any:
    """A string that is only `{name}` becomes that object, which may be a number; other strings stay as they are."""
    if isinstance(value, str) and (alone := re.fullmatch(r"\{(\w+)\}", value)):
        return made[alone[1]]
    if isinstance(value, dict):
        return {key: _filled(inner, made) for key, inner in value.items()}
    return [_filled(inner, made) for inner in value] if isinstance(value, list) else value
