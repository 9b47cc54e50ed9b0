"""The fields of an e-mail server monitor (reference 1.2), as they are sent: what each may hold, told all at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from controller.api.compat.alertsite.monitors import values
from controller.decisions.monitors import monitors as rules
from controller.errors import InvalidError, InvalidFieldsError
from controller.kinds.imap_pop import StartTls
from controller.model import Location, Mode
from controller.model.values.servers import server_of

REQUIRED = ("billing_plancode", "name", "hostname")
LONGEST_TIMEOUT_SECONDS = 300
LONGEST_INTERVAL_MINUTES = 1440
MOST_LOCATIONS_AT_ONCE = 1000
_LARGEST_NUMBER = 2**63 - 1
_FEWEST_LOCATIONS = {Mode.ROUND_ROBIN: 2, Mode.SLA: 2}

Locations = Mapping[int, Location]
"""The locations there are, by their numbers."""

_FLAGS = (
    "resolve_dns",
    "enabled",
    "rotate_locations",
    "retry_on_failure",
    "traceroute_on_error",
    "notify_on_error",
    "allow_internal_testing",
)


def _flag(name: str) -> Callable[[Any, Locations], bool]:
    return lambda value, _: values.flag(value, name)


_DEFAULTS: dict[str, Callable[[Any, Locations], Any]] = {
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
    **{name: _flag(name) for name in _FLAGS},
}
"""Those that have a default of the account."""

_OTHERS: dict[str, Callable[[Any, Locations], Any]] = {
    "billing_plancode": lambda value, _: values.text(value, "billing_plancode", least=1),
    "name": lambda value, _: _name(value),
    "port": lambda value, _: values.port(value),
    "ipv4": lambda value, _: values.ipv4(value),
    "alert_note": lambda value, _: values.note(value, "alert_note", longest=values.LONGEST_ALERT_NOTE, cut=True),
    "note": lambda value, _: values.note(value, "note", longest=values.LONGEST_NOTE),
    "custom_properties": lambda value, _: values.custom_properties(value),
    "user": lambda value, _: values.note(value, "user", longest=1000),
    "password": lambda value, _: values.note(value, "password", longest=10_000),
    "starttls": lambda value, _: values.word(value, "starttls", StartTls),
    "verify_certificate": _flag("verify_certificate"),
    "customer_id": lambda value, _: customer_identifier(value),
}


def monitor_values(
    sent: Mapping[str, Any], kind: str, locations: Locations
) -> tuple[dict[str, Any], list[InvalidError]]:
    """The fields that may be written, each in its own type (a Server in `hostname`, numbers in `locations`), and what
    is wrong with the others. What is not known or only read is left out.
    """
    readers = {"hostname": lambda value, _: server_of(_hostname(value), kind), **_OTHERS, **_DEFAULTS}
    return _read(sent, readers, locations)


def default_values(sent: Mapping[str, Any], locations: Locations) -> dict[str, Any]:
    """Raises InvalidFieldsError."""
    read, problems = _read(sent, _DEFAULTS, locations)
    if problems:
        raise InvalidFieldsError(problems)
    return read


def required(sent: Mapping[str, Any]) -> list[InvalidError]:
    """What a new monitor misses."""
    return [InvalidError(name, "is required") for name in REQUIRED if sent.get(name) is None]


def customer_identifier(value: Any) -> int | UUID:
    """A number, also in a string, or a public UUID. Raises InvalidError."""
    try:
        return UUID(value) if isinstance(value, str) and "-" in value else values.number(value, "", 1, _LARGEST_NUMBER)
    except ValueError:
        raise InvalidError("customer_id", "must be the number or the UUID of a customer") from None


def together(
    *, interval_seconds: int, timeout_seconds: int, mode: Mode | None, location_count: int, address_missing: bool
) -> list[InvalidError]:
    """What is wrong with values that are right each by itself."""
    problems = []
    if timeout_seconds >= interval_seconds:
        problems.append(InvalidError("timeout", f"must be shorter than the interval ({interval_seconds} s)"))
    fewest = _FEWEST_LOCATIONS.get(mode, 0) if mode else 0
    if location_count < fewest:
        problems.append(InvalidError("locations", f"must be at least {fewest} for the mode {mode}"))
    if address_missing:
        problems.append(InvalidError("ipv4", "is required when resolve_dns is false"))
    return problems


def _read(
    sent: Mapping[str, Any], readers: Mapping[str, Callable[[Any, Locations], Any]], locations: Locations
) -> tuple[dict[str, Any], list[InvalidError]]:
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


def _name(value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidError("name", "must be a string")
    rules.check_name(value)
    return value


def _hostname(value: Any) -> str:
    return values.text(value, "hostname", least=1, longest=300).strip()
