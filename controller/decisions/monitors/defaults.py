"""The defaults of a new monitor of AlertSite's routes (docs/compatibility.md, A7). Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from controller.errors import InvalidError
from controller.model import Mode

_MOST_NAMED = 10
_RANGES = {
    "interval": range(1, 1440 + 1),
    "timeout": range(1, 300 + 1),
    "monitor_location_count": range(1, 1000 + 1),
}


class AccountDefaults(msgspec.Struct, frozen=True, kw_only=True):
    """The defaults of an account; these hold until the account changes them. `interval` is minutes, `timeout` seconds.

    `locations` None is every location, `home_location` None the first of them.
    """

    interval: int = 15
    timeout: int = 30
    enabled: bool = True
    resolve_dns: bool = True
    locations: list[int] | None = None
    home_location: int | None = None
    mode: Mode = Mode.GLOBAL_VERIFY
    rotate_locations: bool = False
    monitor_location_count: int = 1
    retry_on_failure: bool = True
    notify_on_error: bool = True
    traceroute_on_error: bool = False
    allow_internal_testing: bool = True


def range_problems(defaults: AccountDefaults) -> list[InvalidError]:
    """The numbers that are out of their range."""
    return [
        InvalidError(name, f"must be from {allowed[0]} to {allowed[-1]}")
        for name, allowed in _RANGES.items()
        if getattr(defaults, name) not in allowed
    ]


def home_problems(locations: Sequence[int] | None, home: int | None) -> list[InvalidError]:
    """The breach of the rule that a home location is one of the chosen locations; None are all of them."""
    if home is None or locations is None or home in locations:
        return []
    named = ", ".join(str(number) for number in locations[:_MOST_NAMED])
    more = ", ..." if len(locations) > _MOST_NAMED else ""
    return [InvalidError("home_location", f"must be one of locations ({named}{more}): {home} is not")]
