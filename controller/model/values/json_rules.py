"""What msgspec refuses, in the words of JSON: `must be an integer or null`, where msgspec names types of Python."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import inspect

from controller.model.values.whole_numbers import choices_of

_AT = re.compile(r"(?P<text>.*) - at (?P<key>`key` in )?`\$\.?(?P<path>.*)`", re.DOTALL)
_FIELD = re.compile(r"Object (?P<breach>missing required|contains unknown) field `(?P<name>.*)`", re.DOTALL)
_STEP = re.compile(r"\[[^\]]*\]|[^.\[]+")
_LONGEST_NAME = 50

_SCALARS: dict[type[inspect.Type], str] = {
    inspect.NoneType: "null",
    inspect.BoolType: "true or false",
    inspect.UUIDType: "a UUID",
    inspect.DateTimeType: "a date and time in ISO 8601",
    inspect.DateType: "a date in ISO 8601",
}
_OBJECTS = (inspect.StructType, inspect.DictType, inspect.TypedDictType, inspect.DataclassType)
_ARRAYS = (inspect.ListType, inspect.VarTupleType, inspect.TupleType, inspect.SetType, inspect.FrozenSetType)


class Breach(NamedTuple):
    """A value that breaks a rule. `field` is its path in the document, empty for the whole document."""

    field: str
    rule: str


def breach_of(error: msgspec.ValidationError, kind: Any) -> Breach:
    """What was wrong when a document was decoded as `kind`."""
    text, path, in_key = str(error), "", False
    if at := _AT.fullmatch(text):
        text, path, in_key = at["text"], at["path"], at["key"] is not None
    if found := _FIELD.fullmatch(text):
        field = ".".join(filter(None, (path, found["name"][:_LONGEST_NAME])))
        return Breach(field, "is required" if found["breach"] == "missing required" else "is not a known field")
    if in_key:
        return Breach(path, "must not hold a key that is not known")
    if text.endswith("out of range"):
        return Breach(path, "is a number out of range")
    return Breach(path, rule_of(_at(inspect.type_info(kind), path)))


def rule_of(kind: inspect.Type | None, *, nullable: bool = True) -> str:
    """What a value of this type must be. Without `nullable` null is not offered, as for query parameters."""
    words, others = _alternatives(kind)
    parts = [*others, *([f"one of {', '.join(words)}"] if len(words) > 1 else words)]
    if "null" in parts:
        parts = [part for part in parts if part != "null"] + ["null"] * nullable
    return f"must be {_any_of(parts)}" if parts else "is not valid"


def quoted(text: str) -> str:
    """A text that a caller sent, in the quotes and escapes of JSON."""
    return json.dumps(text, ensure_ascii=False)


def _at(kind: inspect.Type | None, path: str) -> inspect.Type | None:
    """The type at a path as msgspec prints it, `names[0]` or `config[...]`; None when it is not known."""
    for step in _STEP.findall(path):
        kind = next((inner for choice in choices_of(kind) if (inner := _inside(choice, step)) is not None), None)
    return kind


def _inside(kind: inspect.Type, step: str) -> inspect.Type | None:
    match kind:
        case inspect.StructType(fields=fields):
            return next((field.type for field in fields if field.encode_name == step), None)
        case inspect.DictType(value_type=inner) if step.startswith("["):
            return inner
        case inspect.ListType(item_type=inner) | inspect.VarTupleType(item_type=inner) if step.startswith("["):
            return inner
    return None


def _alternatives(kind: inspect.Type | None) -> tuple[list[str], list[str]]:
    """The words that are allowed, and descriptions of all other values that are."""
    words: list[str] = []
    others: list[str] = []
    for choice in choices_of(kind):
        match choice:
            case inspect.LiteralType(values=values):
                words += map(str, values)
            case inspect.EnumType(cls=vocabulary):
                words += [str(member.value) for member in vocabulary]
            case inspect.IntType():
                others.append("an integer" + _bounds(choice.ge, choice.le))
            case inspect.FloatType():
                others.append("a number" + _bounds(choice.ge, choice.le))
            case inspect.StrType():
                words_of_pattern = f" that matches {choice.pattern}" if choice.pattern else ""
                others.append(
                    "a string" + _length(choice.min_length, choice.max_length, "characters") + words_of_pattern
                )
            case inspect.ListType():
                others.append("an array" + _length(choice.min_length, choice.max_length, "items"))
            case inspect.DictType():
                others.append("an object" + _length(choice.min_length, choice.max_length, "members"))
            case _ if isinstance(choice, _ARRAYS):
                others.append("an array")
            case _ if isinstance(choice, _OBJECTS):
                others.append("an object")
            case _ if type(choice) in _SCALARS:
                others.append(_SCALARS[type(choice)])
    return words, list(dict.fromkeys(others))


def _bounds(least: float | None, most: float | None) -> str:
    match least, most:
        case None, None:
            return ""
        case _, None:
            return f" of at least {least}"
        case None, _:
            return f" of at most {most}"
    return f" from {least} to {most}"


def _length(least: int | None, most: int | None, of: str) -> str:
    if least and most is not None:
        return f" of {least} to {most} {of}"
    if least:
        return f" of at least {least} {of}"
    return "" if most is None else f" of at most {most} {of}"


def _any_of(parts: Sequence[str]) -> str:
    *before, last = parts
    if not before:
        return last
    comma = "," if len(before) > 1 or any("," in part or " or " in part for part in before) else ""
    return f"{', '.join(before)}{comma} or {last}"
