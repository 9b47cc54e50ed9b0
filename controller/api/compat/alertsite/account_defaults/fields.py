"""The fields of a monitor that have an account default: what each may hold. All mistakes are reported at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from controller.api.compat.alertsite import values
from controller.errors import InvalidError, InvalidFieldsError
from controller.model import Location, Mode

LONGEST_TIMEOUT_SECONDS = 300
LONGEST_INTERVAL_MINUTES = 1440
MOST_LOCATIONS_AT_ONCE = 1000

Locations = Mapping[int, Location]
"""All locations by their numbers."""

_FLAGS = (
    "resolve_dns",
    "enabled",
    "rotate_locations",
    "retry_on_failure",
    "traceroute_on_error",
    "notify_on_error",
    "allow_internal_testing",
)


def flag_reader(name: str) -> Callable[[Any, Locations], bool]:
    return lambda value, _: values.flag(value, name)


DEFAULTS: dict[str, Callable[[Any, Locations], Any]] = {
    "interval": lambda value, _: values.number(value, "interval", 1, LONGEST_INTERVAL_MINUTES),
    "timeout": lambda value, _: values.number(value, "timeout", 1, LONGEST_TIMEOUT_SECONDS),
    "locations": values.locations,
    "home_location": lambda value, known: (
        None if value in (None, "") else values.location(value, "home_location", known)
    ),
    "mode": lambda value, _: values.word(value, "mode", Mode),
    "monitor_location_count": lambda value, _: values.number(
        value, "monitor_location_count", 1, MOST_LOCATIONS_AT_ONCE
    ),
    **{name: flag_reader(name) for name in _FLAGS},
}
"""How each field that has an account default is read."""


def default_values(sent: Mapping[str, Any], locations: Locations) -> dict[str, Any]:
    """Raises InvalidFieldsError."""
    read, problems = read_fields(sent, DEFAULTS, locations)
    if problems:
        raise InvalidFieldsError(problems)
    return read


def read_fields(
    sent: Mapping[str, Any], readers: Mapping[str, Callable[[Any, Locations], Any]], locations: Locations
) -> tuple[dict[str, Any], list[InvalidError]]:
    """The values of the fields that were sent, and what is wrong with the others."""
    problems: list[InvalidError] = []
    read: dict[str, Any] = {}
    for name, reader in readers.items():
        if name not in sent:
            continue
        try:
            read[name] = reader(sent[name], locations)
        except InvalidError as problem:
            problems.append(problem)
    return read, problems
