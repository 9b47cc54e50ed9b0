"""Documented statements as rows: what is asked, by whom, and what the answer says."""

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
    """`who` is a key of the test's people; path, body and query may name what the test made, as `{monitor}`.

    `answer` is what the answer must hold: of objects these keys at least; a pattern, a type or a value. A text is the
    message of an error.
    """

    says: str
    method: str
    path: str
    status: int = 200
    answer: Any = field(default_factory=dict)
    who: str = "admin token"
    body: Any = None
    query: dict[str, str] | None = None


async def ask(api: Api, row: Row, people: dict[str, dict[str, str]], made: dict[str, Any]) -> httpx.Response:
    async with client_of(api.application) as client:
        return await client.request(
            row.method,
            row.path.format(**made),
            headers=people[row.who],
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


def assert_holds(found: Any, wanted: Any, where: str = "answer") -> None:
    if isinstance(wanted, type):
        assert type(found) is wanted, where
    elif isinstance(wanted, re.Pattern):
        assert isinstance(found, str), where
        assert wanted.fullmatch(found), f"{where}: {found}"
    elif isinstance(wanted, dict):
        assert isinstance(found, dict), where
        for key, value in wanted.items():
            assert key in found, f"{where}.{key} is missing"
            assert_holds(found[key], value, f"{where}.{key}")
    elif isinstance(wanted, list):
        assert isinstance(found, list), where
        assert len(found) == len(wanted), where
        for number, (one, other) in enumerate(zip(found, wanted, strict=True)):
            assert_holds(one, other, f"{where}[{number}]")
    else:
        assert (type(found), found) == (type(wanted), wanted), where


def _filled(value: Any, made: dict[str, Any]) -> Any:
    """`{name}` alone is what was made, a number too; inside a text it is filled in."""
    if isinstance(value, str) and (alone := re.fullmatch(r"\{(\w+)\}", value)):
        return made[alone[1]]
    if isinstance(value, dict):
        return {key: _filled(inner, made) for key, inner in value.items()}
    return [_filled(inner, made) for inner in value] if isinstance(value, list) else value
