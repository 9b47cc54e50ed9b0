"""The rules for the plain values of every monitor, whatever its kind. Pure; each violation raises InvalidError."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from controller.errors import InvalidError

DEFAULT_INTERVAL_SECONDS = 1800
DEFAULT_TIMEOUT_SECONDS = 30
_INTERVAL_SECONDS = range(10, 86_400 + 1)
_PORTS = range(1, 65_535 + 1)
_LONGEST_NAME = 255
_LONGEST_EMAIL = 254
_DEEPEST = 20
_INTEGER_BITS = 63

# Only the mail server interprets the local part (RFC 5321 section 2.3.11): one @, no white space, nothing unprintable.
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def check_name(name: str, *, field: str = "name") -> None:
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise InvalidError(field, f"must be 1 to {_LONGEST_NAME} printable characters")


def check_port(port: int | None) -> None:
    if port is not None and port not in _PORTS:
        raise InvalidError("port", "must be from 1 to 65535, or null")


def check_interval(seconds: int, *, field: str) -> None:
    if seconds not in _INTERVAL_SECONDS:
        raise InvalidError(field, f"must be from {_INTERVAL_SECONDS[0]} to {_INTERVAL_SECONDS[-1]}")


def check_timeout(seconds: int, *, longest: int) -> None:
    """The timeout is one deadline for the whole check."""
    if not 1 <= seconds <= longest:
        raise InvalidError("timeoutSeconds", f"must be from 1 to {longest}")


def check_package_interval(seconds: int, least_minutes: int | None) -> None:
    """`least_minutes` is what the customer's package says. Raises InvalidError."""
    if least_minutes is not None and seconds < least_minutes * 60:
        rule = f"must be at least {least_minutes * 60} by the package of the customer"
        raise InvalidError("checkIntervalSeconds", rule)


def check_timeout_ends(seconds: int, interval_seconds: int) -> None:
    """A check must end before the next round is due."""
    if seconds > interval_seconds:
        raise InvalidError("timeoutSeconds", f"must not be longer than the interval ({interval_seconds} s)")


def is_email(text: str) -> bool:
    return len(text) <= _LONGEST_EMAIL and text.isprintable() and _EMAIL.fullmatch(text) is not None


def check_email(address: str | None, *, field: str = "notificationEmail") -> None:
    if address is not None and not is_email(address):
        raise InvalidError(field, "must be an e-mail address, or null")


def check_phone_number(number: str | None, *, field: str = "notificationPhoneNumber") -> None:
    if number is not None and not _E164.fullmatch(number):
        raise InvalidError(field, "must be a number as in +4930123456 (E.164), or null")


def check_config(config: dict[str, Any], *, field: str) -> None:
    """Accept what any JSON reader and PostgreSQL can store and return unchanged, however deep a caller nested it."""
    for depth, value in _walk(config, 1):
        if depth > _DEEPEST:
            raise InvalidError(field, f"must not be nested deeper than {_DEEPEST} levels")
        if isinstance(value, str) and "\0" in value:
            raise InvalidError(field, "must not hold NUL characters")
        if isinstance(value, int) and value.bit_length() > _INTEGER_BITS:
            raise InvalidError(field, "must not hold whole numbers beyond 64 bits")
        if isinstance(value, float) and not math.isfinite(value):
            raise InvalidError(field, "must not hold numbers that are not finite")


def _walk(value: Any, depth: int) -> Iterator[tuple[int, Any]]:
    """Every value and key with its depth; a value that is too deep is yielded, but not entered."""
    yield depth, value
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        for name, item in value.items():
            yield depth, name
            yield from _walk(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from _walk(item, depth + 1)
