"""Query parameters of AlertSite's routes, and the numbers in their paths."""

from __future__ import annotations

import re
from typing import Annotated

from litestar.params import PathParameter, QueryParameter

from controller.api.compat.alertsite.monitors.kinds import KINDS
from controller.errors import InvalidError, NotFoundError
from controller.model.values.json_rules import quoted

_TYPES = frozenset(
    {
        "api",
        "bitbar",
        "dejaclick",
        "email-imap",
        "email-pop",
        "email-round-trip",
        "email-smtp",
        "ftp",
        "ftp-ssl",
        "name-server",
        "ping",
        "selenium",
        "serveragent",
        "tcp",
        "website",
        "website-api",
        "website-ssl",
        "website-ssl-api",
    }
)
_NUMBER = re.compile(r"[0-9]{1,18}")
_MOST_NUMBERS = 1000

MonitorNumber = Annotated[
    str, PathParameter(name="id", description="The monitor's number.", schema_extra={"pattern": "^[0-9]+$"})
]
Types = Annotated[
    str | None,
    QueryParameter(name="type", description="Types of monitors, separated by commas; all types when not given."),
]
Select = Annotated[
    str | None,
    QueryParameter(description="Fields to show, separated by commas; all fields when not given, none when empty."),
]


def kinds_of(types: str | None) -> tuple[str, ...]:
    """The kinds of these types; a type of AlertSite's that Mailprobe lacks matches nothing. Raises InvalidError."""
    if not types:
        return tuple(KINDS.values())
    names = types.split(",")
    for name in names:
        if name not in _TYPES:
            raise InvalidError("type", f"must be one of {', '.join(sorted(_TYPES))}, not {quoted(name[:30])}")
    return tuple(KINDS[name] for name in names if name in KINDS)


def fields_of(select: str | None) -> list[str] | None:
    return None if select is None else select.split(",")


def number_of(text: str) -> int:
    """Raises NotFoundError when the text is not a number, because then no monitor has it."""
    if not _NUMBER.fullmatch(text):
        raise NotFoundError
    return int(text)


def numbers_of(text: str | None, field: str) -> list[int] | None:
    """Numbers separated by commas; None when there are none. Raises InvalidError."""
    if not text:
        return None
    numbers = text.split(",")
    if len(numbers) > _MOST_NUMBERS or not all(map(_NUMBER.fullmatch, numbers)):
        raise InvalidError(field, f"must be at most {_MOST_NUMBERS} numbers separated by commas")
    return [int(number) for number in numbers]
