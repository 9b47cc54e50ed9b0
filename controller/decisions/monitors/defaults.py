"""What a new monitor of AlertSite's routes takes where its maker says nothing (api.md, AlertSite rule 7). Pure."""

from __future__ import annotations

import msgspec

from controller.model import Mode


class AccountDefaults(msgspec.Struct, frozen=True, kw_only=True):
    """The account's; until it changes them they are these. `interval` is minutes, `timeout` seconds.

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
