"""The fields of an e-mail server monitor (docs/compatibility.md, A11): what each may hold. All mistakes are reported at
once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from controller.api.compat.alertsite import values
from controller.api.compat.alertsite.account_defaults.fields import DEFAULTS, Locations, flag_reader, read_fields
from controller.decisions.monitors import monitors as rules
from controller.errors import InvalidError
from controller.kinds.imap_pop import StartTls
from controller.model import Mode
from controller.model.values.servers import server_of

REQUIRED = ("billing_plancode", "name", "hostname")
_LARGEST_NUMBER = 2**63 - 1
_FEWEST_LOCATIONS = {Mode.ROUND_ROBIN: 2, Mode.SLA: 2}


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
    "verify_certificate": flag_reader("verify_certificate"),
    "customer_id": lambda value, _: customer_identifier(value),
}


def monitor_values(
    sent: Mapping[str, Any], kind: str, locations: Locations
) -> tuple[dict[str, Any], list[InvalidError]]:
    """The fields that may be written, each in its own type (a ServerAddress in `hostname`, numbers in `locations`), and
    what is wrong with the others. Unknown and read-only fields are left out.
    """
    readers = {"hostname": lambda value, _: server_of(_hostname(value), kind), **_OTHERS, **DEFAULTS}
    return read_fields(sent, readers, locations)


def missing_fields(sent: Mapping[str, Any]) -> list[InvalidError]:
    """The required fields that were not sent for a new monitor."""
    return [InvalidError(name, "is required") for name in REQUIRED if sent.get(name) is None]


def customer_identifier(value: Any) -> int | UUID:
    """A number, also in a string, or a public UUID. Raises InvalidError."""
    try:
        return UUID(value) if isinstance(value, str) and "-" in value else values.number(value, "", 1, _LARGEST_NUMBER)
    except ValueError:
        raise InvalidError("customer_id", "must be the number or the UUID of a customer") from None


def combined_problems(
    *, interval_seconds: int, timeout_seconds: int, mode: Mode | None, location_count: int, address_missing: bool
) -> list[InvalidError]:
    """Breaches of rules over several fields, whose values are each valid."""
    problems = []
    if timeout_seconds >= interval_seconds:
        problems.append(InvalidError("timeout", f"must be shorter than the interval ({interval_seconds} s)"))
    fewest = _FEWEST_LOCATIONS.get(mode, 0) if mode else 0
    if location_count < fewest:
        problems.append(InvalidError("locations", f"must be at least {fewest} for the mode {mode}"))
    if address_missing:
        problems.append(InvalidError("ipv4", "is required when resolve_dns is false"))
    return problems


def _name(value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidError("name", "must be a string")
    rules.check_name(value)
    return value


def _hostname(value: Any) -> str:
    return values.text(value, "hostname", least=1, longest=300).strip()
