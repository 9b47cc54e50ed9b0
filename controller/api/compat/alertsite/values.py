"""Reads single values that AlertSite's clients send; numbers may come as strings. Each breach raises InvalidError."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Any, TypeVar

from controller.errors import InvalidError
from controller.kinds.imap_pop import StartTls
from controller.model import Mode
from controller.model.values.whole_numbers import whole

LONGEST_ALERT_NOTE = 1000
LONGEST_NOTE = 255
MOST_PROPERTIES = 100
_LONGEST_TEXT = 255
_MOST_LOCATIONS = 1000
_DIGITS = re.compile(r"[0-9]{1,18}")
_PROPERTY = ("id", "name", "value", "value_id")

Word = TypeVar("Word", Mode, StartTls)


def number(value: Any, field: str, least: int, most: int) -> int:
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    value = whole(value)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise InvalidError(field, f"must be a whole number from {least} to {most}")
    return value


def flag(value: Any, field: str) -> bool:
    if not isinstance(value, bool):
        raise InvalidError(field, "must be true or false")
    return value


def text(value: Any, field: str, *, longest: int = _LONGEST_TEXT, least: int = 0) -> str:
    """A text may hold printable characters, line breaks and tabs; no NUL."""
    if not isinstance(value, str) or not all(letter.isprintable() or letter in "\n\r\t" for letter in value):
        raise InvalidError(field, "must be a string of printable characters")
    if not least <= len(value.strip() if least else value) <= longest:
        raise InvalidError(field, f"must be {least} to {longest} characters")
    return value


def note(value: Any, field: str, *, longest: int, cut: bool = False) -> str:
    """With `cut` a text that is too long is cut off, not refused."""
    if value is None:
        return ""
    if cut and isinstance(value, str):
        value = value[:longest]
    return text(value, field, longest=longest)


def word(value: Any, field: str, words: type[Word]) -> Word:
    """Case matters."""
    if not isinstance(value, str) or value not in tuple(words):
        raise InvalidError(field, f"must be one of {', '.join(words)}")
    return words(value)


def port(value: Any) -> int | None:
    """Null and the empty string stand for the protocol's own port."""
    return None if value is None or value == "" else number(value, "port", 1, 65_535)


def ipv4(value: Any) -> str | None:
    if value is None or value == "":
        return None
    try:
        return str(IPv4Address(value if isinstance(value, str) else ""))
    except ValueError:
        raise InvalidError("ipv4", "must be an IPv4 address, as in 192.0.2.1") from None


def location(value: Any, field: str, known: Mapping[int, object]) -> int:
    location_id = number(value, field, 1, 2**31 - 1)
    if location_id not in known:
        raise InvalidError(field, f"must name known locations: {location_id} is unknown")
    return location_id


def locations(value: Any, known: Mapping[int, object]) -> list[int] | None:
    """Each location once, in the order sent; null and an empty list stand for every location."""
    if value is None:
        return None
    if not isinstance(value, list) or len(value) > _MOST_LOCATIONS:
        raise InvalidError("locations", 'must be a list as [{"id": 10}]')
    found = []
    for item in value:
        if not isinstance(item, dict) or "id" not in item:
            raise InvalidError("locations", 'must be a list as [{"id": 10}]')
        found.append(location(item["id"], "locations", known))
    return list(dict.fromkeys(found)) or None


def custom_properties(value: Any) -> list[dict[str, Any]]:
    """The properties without their empty fields."""
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > MOST_PROPERTIES:
        raise InvalidError("custom_properties", f"must be a list of at most {MOST_PROPERTIES} properties")
    found = []
    for item in value:
        if not isinstance(item, dict) or item.get("id") in (None, ""):
            raise InvalidError("custom_properties", "must hold objects with an id")
        found.append({name: _property(item[name]) for name in _PROPERTY if item.get(name) not in (None, "")})
    return found


def _property(value: Any) -> int | str:
    value = whole(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return number(value, "custom_properties", 0, 2**63 - 1)
    return text(value, "custom_properties")
