"""Whole numbers in JSON, which has one kind of number: 587.0 and 5.87e2 are the integer 587, as JSON Schema has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import inspect

_EXACT = 2**53
"""From here on a float may stand for several integers."""


def whole(value: Any) -> Any:
    """The integer for a float that is one; any other value as it is."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return int(value)
    return value


def with_whole_numbers(value: Any, kind: inspect.Type | None) -> Any:
    """A decoded document, with an integer for each float that is one where the type takes integers and no floats."""
    choices = choices_of(kind)
    match value:
        case float():
            takes = [type(choice) for choice in choices]
            return whole(value) if inspect.IntType in takes and inspect.FloatType not in takes else value
        case dict():
            return {name: with_whole_numbers(item, _field(choices, name)) for name, item in value.items()}
        case list():
            return [with_whole_numbers(item, _item(choices)) for item in value]
    return value


def choices_of(kind: inspect.Type | None) -> Sequence[inspect.Type]:
    """The types that a value may have, one for most types."""
    match kind:
        case None:
            return ()
        case inspect.Metadata(type=inner):
            return choices_of(inner)
        case inspect.UnionType(types=types):
            return [choice for each in types for choice in choices_of(each)]
    return (kind,)


def _field(choices: Sequence[inspect.Type], name: str) -> inspect.Type | None:
    for choice in choices:
        match choice:
            case inspect.StructType(fields=fields):
                if found := next((field.type for field in fields if field.encode_name == name), None):
                    return found
            case inspect.DictType(value_type=inner):
                return inner
    return None


def _item(choices: Sequence[inspect.Type]) -> inspect.Type | None:
    for choice in choices:
        match choice:
            case inspect.ListType(item_type=inner) | inspect.VarTupleType(item_type=inner):
                return inner
    return None
