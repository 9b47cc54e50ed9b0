"""The values that an organization's new monitors take, as our own API reads and answers them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from controller.decisions.monitors.defaults import AccountDefaults
from controller.model import Location, Mode
from controller.operations.accounts.defaults import stored_defaults

_MINUTE = 60

DefaultInterval = Annotated[
    int, Meta(description="Seconds between rounds, whole minutes; 900.", ge=60, le=86_400, multiple_of=60)
]
DefaultTimeout = Annotated[int, Meta(description="Seconds for a whole check; 30.", ge=1, le=300)]
DefaultEnabled = Annotated[bool, Meta(description="Whether they are checked; true.")]
DefaultResolve = Annotated[
    bool, Meta(description="Whether their host is resolved, not connected to by an address; true.")
]
DefaultLocations = Annotated[
    list[Annotated[str, Meta(min_length=1, max_length=50)]],
    Meta(description="The codes of their locations; null: all.", max_length=1000, examples=[["de-nbg"]]),
]
DefaultHome = Annotated[
    str, Meta(description="The code of their home location, one of the locations; null: the first.", max_length=50)
]
DefaultPreset = Annotated[
    Mode, Meta(description="Which locations check in a round, and how many must agree; Global Verify.")
]
DefaultRotation = Annotated[bool, Meta(description="Whether rounds use the locations in turn; false.")]
DefaultPerRound = Annotated[int, Meta(description="How many locations a round uses, if they rotate; 1.", ge=1, le=1000)]
DefaultRetry = Annotated[bool, Meta(description="Whether a failed check is repeated at once; true.")]
DefaultNotify = Annotated[bool, Meta(description="Whether anybody is told of their incidents; true.")]


class MonitorDefaults(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a new monitor of AlertSite's routes takes for what a request leaves out."""

    interval: DefaultInterval
    timeout: DefaultTimeout
    enabled: DefaultEnabled
    resolve_dns: DefaultResolve
    locations: DefaultLocations | None
    home_location: DefaultHome | None
    policy_preset: DefaultPreset
    rotate_locations: DefaultRotation
    locations_per_round: DefaultPerRound
    retry_on_failure: DefaultRetry
    notify_on_error: DefaultNotify


class MonitorDefaultsPatch(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """New values: what is left out stays as it is, and null brings back the installation's."""

    interval: DefaultInterval | UnsetType | None = UNSET
    timeout: DefaultTimeout | UnsetType | None = UNSET
    enabled: DefaultEnabled | UnsetType | None = UNSET
    resolve_dns: DefaultResolve | UnsetType | None = UNSET
    locations: DefaultLocations | UnsetType | None = UNSET
    home_location: DefaultHome | UnsetType | None = UNSET
    policy_preset: DefaultPreset | UnsetType | None = UNSET
    rotate_locations: DefaultRotation | UnsetType | None = UNSET
    locations_per_round: DefaultPerRound | UnsetType | None = UNSET
    retry_on_failure: DefaultRetry | UnsetType | None = UNSET
    notify_on_error: DefaultNotify | UnsetType | None = UNSET


EXAMPLE: dict[str, Any] = {
    "interval": 900,
    "timeout": 30,
    "enabled": True,
    "resolveDns": True,
    "locations": None,
    "homeLocation": None,
    "policyPreset": "Global Verify",
    "rotateLocations": False,
    "locationsPerRound": 1,
    "retryOnFailure": True,
    "notifyOnError": True,
}


def monitor_defaults(found: AccountDefaults, locations: Sequence[Location]) -> MonitorDefaults:
    codes = {location.id: location.code for location in locations}
    return MonitorDefaults(
        interval=found.interval * _MINUTE,
        timeout=found.timeout,
        enabled=found.enabled,
        resolve_dns=found.resolve_dns,
        locations=None if found.locations is None else [codes[number] for number in found.locations if number in codes],
        home_location=None if found.home_location is None else codes.get(found.home_location),
        policy_preset=found.mode,
        rotate_locations=found.rotate_locations,
        locations_per_round=found.monitor_location_count,
        retry_on_failure=found.retry_on_failure,
        notify_on_error=found.notify_on_error,
    )


def defaults_to_store(patch: MonitorDefaultsPatch | None, locations: Sequence[Location]) -> dict[str, Any]:
    """Fields of AccountDefaults; without a patch all of them as the installation has them. Raises InvalidError."""
    if patch is None:
        return stored_defaults(None, locations)
    named = {name: value for name, value in msgspec.structs.asdict(patch).items() if value is not UNSET}
    return stored_defaults(named, locations)
