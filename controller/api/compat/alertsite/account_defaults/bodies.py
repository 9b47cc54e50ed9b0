"""The bodies of a request that changes the account defaults and of the answer that shows them."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from controller.api.compat.alertsite.account_defaults import fields
from controller.api.compat.alertsite.bodies import flag_field, number_field, text_field
from controller.api.compat.alertsite.locations import LocationBrief
from controller.model import Mode

EXAMPLE = {
    "interval": 15,
    "timeout": 30,
    "enabled": True,
    "resolve_dns": True,
    "locations": [{"id": 1, "name": "Germany", "region": 2}],
    "home_location": None,
    "mode": "Global Verify",
    "rotate_locations": False,
    "monitor_location_count": 1,
    "retry_on_failure": True,
    "notify_on_error": True,
    "traceroute_on_error": False,
    "allow_internal_testing": True,
}

_LOCATIONS = Meta(
    description="The locations to check from; an empty list stands for every location.",
    examples=[[{"id": 1}]],
    extra_json_schema={
        "type": ["array", "null"],
        "items": {"type": "object", "properties": {"id": {"type": ["integer", "string"]}}, "required": ["id"]},
    },
)


class DefaultsBody(msgspec.Struct, frozen=True, kw_only=True):
    """The values that a new monitor gets for fields that are not sent. A field left out here keeps its value."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "interval": 15,
        "timeout": 30,
        "enabled": True,
        "mode": "Global Verify",
        "retry_on_failure": True,
        "notify_on_error": True,
    }

    interval: (
        Annotated[Any, number_field("Minutes between rounds.", 1, fields.LONGEST_INTERVAL_MINUTES)] | UnsetType
    ) = UNSET
    timeout: (
        Annotated[
            Any, number_field("Seconds for one check, less than the interval.", 1, fields.LONGEST_TIMEOUT_SECONDS)
        ]
        | UnsetType
    ) = UNSET
    enabled: Annotated[Any, flag_field("Whether the monitor is checked.")] | UnsetType = UNSET
    resolve_dns: Annotated[Any, flag_field("Resolve hostname; otherwise connect to ipv4.")] | UnsetType = UNSET
    locations: Annotated[Any, _LOCATIONS] | UnsetType = UNSET
    home_location: (
        Annotated[
            Any,
            Meta(
                description="The number of the primary location, which is always one of the monitor's locations.",
                extra_json_schema={"type": ["integer", "string", "null"]},
            ),
        ]
        | UnsetType
    ) = UNSET
    mode: (
        Annotated[
            Any, text_field("Which locations check in a round, and how many of them must agree.", enum=list(Mode))
        ]
        | UnsetType
    ) = UNSET
    rotate_locations: (
        Annotated[Any, flag_field("Check from monitor_location_count of the locations in turn, not from all.")]
        | UnsetType
    ) = UNSET
    monitor_location_count: (
        Annotated[
            Any,
            number_field(
                "How many locations check in a round with rotate_locations.", 1, fields.MOST_LOCATIONS_AT_ONCE
            ),
        ]
        | UnsetType
    ) = UNSET
    retry_on_failure: (
        Annotated[Any, flag_field("After a failure, check once more from the same location.")] | UnsetType
    ) = UNSET
    notify_on_error: Annotated[Any, flag_field("Whether notifications are sent.")] | UnsetType = UNSET
    traceroute_on_error: Annotated[Any, flag_field("Stored and returned; has no effect.")] | UnsetType = UNSET
    allow_internal_testing: Annotated[Any, flag_field("Stored and returned; has no effect.")] | UnsetType = UNSET


class DefaultsObject(msgspec.Struct, frozen=True, kw_only=True):
    """The values that a new monitor gets for fields that are not sent. `interval` is minutes, `timeout` seconds."""

    interval: int
    timeout: int
    enabled: bool
    resolve_dns: bool
    locations: list[LocationBrief]
    home_location: int | None
    mode: Mode
    rotate_locations: bool
    monitor_location_count: int
    retry_on_failure: bool
    notify_on_error: bool
    traceroute_on_error: bool
    allow_internal_testing: bool
