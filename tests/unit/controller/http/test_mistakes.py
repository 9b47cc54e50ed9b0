"""All mistakes of a body are reported at once, each with its path and rule."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Meta

from controller.errors import InvalidError
from controller.http.documents.mistakes import mistakes_in
from controller.model.values.ruled import ruled


def must_be_odd(value: list[int] | int, *, field: str) -> None:
    if (value if isinstance(value, int) else sum(value)) % 2 == 0:
        raise InvalidError(field, "must be odd")


Odd = Annotated[int, Meta(extra=ruled(must_be_odd))]


class Login(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    user_name: str
    age: Annotated[int, Meta(ge=1, le=9)] = 1


class Near(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="near"):
    host: str
    login: Login | None = None


class Far(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="far"):
    port: int


class Thing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    name: Annotated[str, Meta(max_length=5)]
    target: Annotated[Near | Far, Meta(description="What it looks at.")]
    tags: list[str] = []
    numbers: Annotated[list[Annotated[int, Meta(extra=ruled(must_be_odd))]], Meta(extra=ruled(must_be_odd))] | None = (
        None
    )
    valid_until: str | None = None


def mistakes(document: Any) -> dict[str, str]:
    return {each.field: each.rule for each in mistakes_in(document, Thing)}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param({"name": "a", "target": {"kind": "far", "port": 1}}, {}, id="none"),
        pytest.param({}, {"name": "is required", "target": "is required"}, id="everything is missing"),
        pytest.param(
            {
                "name": 5,
                "colour": "red",
                "validUntil": 7,
                "tags": [1, "a", None],
                "target": {"kind": "near", "host": None, "login": {"age": 10, "userName": "u", "x": 1}},
            },
            {
                "name": "must be a string of at most 5 characters",
                "colour": "is not a known field",
                "validUntil": "must be a string or null",
                "tags[0]": "must be a string",
                "tags[2]": "must be a string",
                "target.host": "must be a string",
                "target.login.age": "must be an integer from 1 to 9",
                "target.login.x": "is not a known field",
            },
            id="at every depth",
        ),
        pytest.param(
            {"name": "toolong", "target": {"kind": "middle"}},
            {"name": "must be a string of at most 5 characters", "target.kind": "must be one of near, far"},
            id="an unknown kind",
        ),
        pytest.param(
            {"name": "toolong", "target": {"kind": "far", "port": 1}, "numbers": [1, 2, 3]},
            {
                "name": "must be a string of at most 5 characters",
                "numbers": "must be odd",
                "numbers[1]": "must be odd",
            },
            id="rules of values",
        ),
        pytest.param(
            {"target": {"kind": "far", "port": 1}, "numbers": ["1", 2]},
            {"name": "is required", "numbers[0]": "must be an integer", "numbers[1]": "must be odd"},
            id="rules of other values than those of a wrong type",
        ),
        pytest.param(
            {"target": {"kind": "far", "port": 1}, "numbers": None}, {"name": "is required"}, id="no rule for null"
        ),
        pytest.param([], {"body": "must be an object"}, id="no object"),
    ],
)
def test_every_mistake_is_found(document: Any, expected: dict[str, str]) -> None:
    found = mistakes(document)
    assert found.keys() == expected.keys()
    for field, rule in expected.items():
        assert rule in found[field], field


def test_of_an_array_the_first_hundred_are_listed() -> None:
    assert len(mistakes_in({"name": "a", "target": {"kind": "far", "port": 1}, "tags": [1] * 5000}, Thing)) == 100
