"""The defaults of a new monitor of AlertSite's routes (docs/compatibility.md, A7). Pure."""

from __future__ import annotations

import msgspec

from controller.model import Mode


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
