"""What msgspec refuses is said in the words of JSON, by the path of the value."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pytest
from msgspec import UNSET, Meta, UnsetType

from controller.model.values.json_rules import breach_of, quoted

PYTHON = re.compile(r"\b(str|int|bool|float|dict|NoneType|None|Expected|enum)\b|`")


class Color(StrEnum):
    RED = "red"
    BLUE = "blue"


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    size: int
    names: list[str] | UnsetType = UNSET


class Document(msgspec.Struct, rename="camel"):
    interval: int | UnsetType | None = UNSET
    count: Annotated[int, Meta(ge=1, le=5)] | UnsetType = UNSET
    least: Annotated[int, Meta(ge=1)] | UnsetType = UNSET
    most: Annotated[float, Meta(le=2)] | UnsetType = UNSET
    flag: bool | UnsetType | None = UNSET
    short: Annotated[str, Meta(max_length=3)] | UnsetType = UNSET
    ranged: Annotated[str, Meta(min_length=1, max_length=3, description="x")] | UnsetType = UNSET
    country: Annotated[str, Meta(max_length=2, pattern="^[A-Z]*$")] | UnsetType = UNSET
    long_name: Annotated[str, Meta(min_length=2)] | UnsetType = UNSET
    identifier: int | str | UnsetType | None = UNSET
    quorum: Literal["all", "any"] | Annotated[int, Meta(ge=1, le=100)] | UnsetType = UNSET
    color: Color | UnsetType | None = UNSET
    only: Literal["home"] | UnsetType = UNSET
    public_id: UUID | UnsetType = UNSET
    free: dict[str, Any] | UnsetType | None = UNSET
    numbers: dict[str, int] | UnsetType = UNSET
    keyed: dict[Literal["a"], int] | UnsetType = UNSET
    inner: Inner | UnsetType | None = UNSET
    inners: list[Inner] | UnsetType = UNSET


CASES = [
    pytest.param("[]", "", "must be an object", id="no object"),
    pytest.param("null", "", "must be an object", id="null"),
    pytest.param('{"interval":"5"}', "interval", "must be an integer or null", id="a number in quotes"),
    pytest.param('{"interval":1.5}', "interval", "must be an integer or null", id="a fraction"),
    pytest.param('{"count":9}', "count", "must be an integer from 1 to 5", id="too large"),
    pytest.param('{"count":null}', "count", "must be an integer from 1 to 5", id="null where none may be"),
    pytest.param('{"least":0}', "least", "must be an integer of at least 1", id="too small"),
    pytest.param('{"most":3}', "most", "must be a number of at most 2", id="too large a number"),
    pytest.param('{"flag":"true"}', "flag", "must be true or false, or null", id="no boolean"),
    pytest.param('{"short":"abcd"}', "short", "must be a string of at most 3 characters", id="too long"),
    pytest.param('{"ranged":""}', "ranged", "must be a string of 1 to 3 characters", id="empty"),
    pytest.param('{"longName":"a"}', "longName", "must be a string of at least 2 characters", id="too short"),
    pytest.param(
        '{"country":"de"}', "country", "must be a string of at most 2 characters that matches ^[A-Z]*$", id="no match"
    ),
    pytest.param('{"identifier":[]}', "identifier", "must be an integer, a string, or null", id="three types"),
    pytest.param('{"quorum":"most"}', "quorum", "must be an integer from 1 to 100 or one of all, any", id="no word"),
    pytest.param('{"quorum":0}', "quorum", "must be an integer from 1 to 100 or one of all, any", id="no such number"),
    pytest.param('{"color":"green"}', "color", "must be one of red, blue, or null", id="none of the words"),
    pytest.param('{"color":1}', "color", "must be one of red, blue, or null", id="no word but a number"),
    pytest.param('{"only":"all"}', "only", "must be home", id="the only word"),
    pytest.param('{"publicId":"1"}', "publicId", "must be a UUID", id="no UUID"),
    pytest.param('{"free":[]}', "free", "must be an object or null", id="an array for an object"),
    pytest.param('{"free":{"x":1e999}}', "free[...]", "is a number out of range", id="beyond a double"),
    pytest.param('{"numbers":{"x":""}}', "numbers[...]", "must be an integer", id="a value of a map"),
    pytest.param('{"keyed":{"b":1}}', "keyed", "must not hold a key that is not known", id="a key of a map"),
    pytest.param('{"inner":{}}', "inner.size", "is required", id="a field is missing"),
    pytest.param('{"inner":{"size":1,"q":2}}', "inner.q", "is not a known field", id="an unknown field"),
    pytest.param('{"inners":[{"size":1,"names":[2]}]}', "inners[0].names[0]", "must be a string", id="deep inside"),
    pytest.param('{"inners":{}}', "inners", "must be an array", id="an object for an array"),
]


@pytest.mark.parametrize(("text", "field", "rule"), CASES)
def test_a_refusal_names_the_path_and_the_json_type(text: str, field: str, rule: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(text, type=Document)
    found = breach_of(caught.value, Document)
    assert found == (field, rule)
    assert not PYTHON.search(" ".join(found))


def test_a_long_name_of_an_unknown_field_is_cut() -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(msgspec.json.encode({"size": 1, "x" * 1000: 1}), type=Inner)
    assert breach_of(caught.value, Inner) == ("x" * 50, "is not a known field")


def test_a_text_is_quoted_as_in_json() -> None:
    assert quoted("a'b\"c\0ä") == '"a\'b\\"c\\u0000ä"'
