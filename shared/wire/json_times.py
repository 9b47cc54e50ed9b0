"""JSON for programs outside, in which times are written as the API writes them: with milliseconds.

msgspec by itself writes microseconds, or no fraction at all.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import TypeVar

import msgspec
from msgspec import inspect

from shared.epoch import to_text

AnyStruct = TypeVar("AnyStruct", bound=msgspec.Struct)


def encode(message: msgspec.Struct) -> bytes:
    """The JSON of a message. Times are reached in its fields and in messages that are its fields, not in lists."""
    return msgspec.json.encode(_with_written_times(message))


def _with_written_times(message: AnyStruct) -> AnyStruct:
    """The message with the JSON of each time in its place: only the encoder may read it."""
    written: dict[str, object] = {}
    for name in fields_with_times(type(message)):
        value = getattr(message, name)
        if isinstance(value, datetime):
            written[name] = msgspec.Raw(f'"{to_text(value)}"'.encode())
        elif value is not None:
            written[name] = _with_written_times(value)
    return msgspec.structs.replace(message, **written)


@cache
def fields_with_times(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """The names of the fields that are a time, or a message in which there is one."""
    found = inspect.type_info(kind)
    assert isinstance(found, inspect.StructType)  # noqa: S101 - narrows the type
    return tuple(field.name for field in found.fields if _has_times(field.type))


def _has_times(kind: inspect.Type) -> bool:
    match kind:
        case inspect.Metadata():
            return _has_times(kind.type)
        case inspect.UnionType():
            return any(map(_has_times, kind.types))
        case inspect.StructType():
            return bool(fields_with_times(kind.cls))
    return isinstance(kind, inspect.DateTimeType)
