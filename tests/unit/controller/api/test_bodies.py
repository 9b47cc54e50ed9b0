"""Bodies are decoded strictly, but a whole number may be written in any way that JSON has."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Meta, UnsetType

from controller.errors import InvalidError
from controller.http.bodies import decode


class Inner(msgspec.Struct, kw_only=True):
    port: int = 0


class Body(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    count: Annotated[int, Meta(ge=1, le=10_000)] | UnsetType | None = UNSET
    customer_id: int | str | None = None
    quorum: Annotated[Literal["any", "all"] | Annotated[int, Meta(ge=1)], Meta(description="x")] | UnsetType = UNSET
    ratio: float | None = None
    either: int | float | None = None
    numbers: list[int] = []
    by_name: dict[str, int] = {}
    inner: Inner | None = None
    inners: list[Inner] = []
    config: dict[str, Any] = {}
    flag: bool | None = None
    key: UUID | None = None
    at: datetime | None = None


@pytest.mark.parametrize(
    ("field", "value", "read"),
    [
        ("count", "587.0", 587),
        ("count", "5.87e2", 587),
        ("count", "5870E-1", 587),
        ("customerId", "7.0", 7),
        ("quorum", "2.0", 2),
        ("numbers", "[1, 2.0, 3e0]", [1, 2, 3]),
        ("byName", '{"a": 1.0}', {"a": 1}),
        ("inner", '{"port": 25.0}', Inner(port=25)),
        ("inners", '[{"port": 25.0}, {}]', [Inner(port=25), Inner()]),
        ("customerId", "-0.0", 0),
    ],
)
def test_a_whole_number_is_an_integer_however_it_is_written(field: str, value: str, read: object) -> None:
    beside = '"key": "33333333-3333-4333-8333-333333333333", "at": "2026-01-01T00:00:00Z"'
    body = decode(
        f'{{"{field}": {value}, "ratio": 2.0, "either": 3.0, "config": {{"n": 4.0}}, {beside}}}'.encode(), Body
    )
    found = msgspec.to_builtins(body)[field]
    assert found == msgspec.to_builtins(read)
    assert repr(found) == repr(msgspec.to_builtins(read))
    assert [repr(value) for value in (body.ratio, body.either, body.config["n"])] == ["2.0", "3.0", "4.0"]
    assert (body.key, body.at and body.at.year) == (UUID("33333333-3333-4333-8333-333333333333"), 2026)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{"count": 587.5}', "count must be an integer from 1 to 10000 or null"),
        ('{"count": "587"}', "count must be an integer from 1 to 10000 or null"),
        ('{"count": 0.0}', "count must be an integer from 1 to 10000 or null"),
        ('{"count": 1e999}', "count is a number out of range"),
        ('{"count": true}', "count must be an integer from 1 to 10000 or null"),
        ('{"numbers": [1, 2.5]}', "numbers[1] must be an integer"),
        ('{"inner": {"port": 9007199254740992.0}}', "inner.port must be an integer"),
        ('{"flag": 1.0}', "flag must be true or false, or null"),
        ('{"count": 1.0, "unknown": 2.0}', "unknown is not a known field"),
        ('{"count": 587.0', "body must be valid JSON"),
    ],
)
def test_everything_else_is_refused_as_before(body: str, message: str) -> None:
    with pytest.raises(InvalidError) as refused:
        decode(body.encode(), Body)
    assert str(refused.value).startswith(message)


@given(st.integers(-(2**53) + 1, 2**53 - 1))
def test_every_exact_float_is_its_integer(number: int) -> None:
    class Port(msgspec.Struct):
        port: int

    assert decode(f'{{"port": {number}.0}}'.encode(), Port).port == number
