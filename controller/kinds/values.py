"""The values inside a config, coerced for the check (docs/compatibility.md, U8). InvalidError names the field.

`section` is the object that holds the value, `field` its name in the API.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeVar

from controller.errors import InvalidError
from controller.model.values.whole_numbers import whole

Word = TypeVar("Word", bound=StrEnum)

_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})


def flag(section: dict[str, Any], key: str, field: str, *, default: bool) -> bool:
    value = section.get(key)
    if value is None:
        return default
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower() if isinstance(value, int | str) else ""
    if word not in _TRUE | _FALSE:
        raise InvalidError(f"{field}.{key}", "must be true or false")
    return word in _TRUE


def number(section: dict[str, Any], key: str, field: str, allowed: range) -> int | None:
    """A whole number, also as a string of digits. None when it is missing."""
    value = section.get(key)
    if value is None:
        return None
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 20:
        value = int(value)
    value = whole(value)
    if not isinstance(value, int) or isinstance(value, bool) or value not in allowed:
        raise InvalidError(f"{field}.{key}", f"must be a whole number from {allowed[0]} to {allowed[-1]}")
    return value


def choice(section: dict[str, Any], key: str, field: str, default: Word) -> Word:
    """One of the words of the default's enumeration, in upper or lower case."""
    value = section.get(key)
    if value is None:
        return default
    vocabulary = type(default)
    try:
        return vocabulary(value.strip().lower() if isinstance(value, str) else "")
    except ValueError:
        words = ", ".join(vocabulary)
        raise InvalidError(f"{field}.{key}", f"must be one of {words}") from None


def section(config: dict[str, Any], key: str, field: str) -> dict[str, Any]:
    value = config.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidError(f"{field}.{key}", "must be an object")
    return value


def text(section: dict[str, Any], key: str, field: str, *, forbidden: str = "", called: str = "") -> str:
    """Empty when it is missing. It must not hold the `forbidden` characters, which the error message calls `called`."""
    value = section.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidError(f"{field}.{key}", "must be a string")
    if any(character in value for character in forbidden):
        raise InvalidError(f"{field}.{key}", f"must not hold {called}")
    return value
