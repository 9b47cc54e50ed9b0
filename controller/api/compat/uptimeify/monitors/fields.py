"""The fields of a monitor that all groups of Uptimeify's routes share, as bodies bring them and answers show them. A
field of the same name and type in the body, in the answer and in controller.model needs no other line here.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from controller.http.identifiers import INVALID_CUSTOMER
from controller.http.timestamps import Timestamp, timestamp, timestamp_or_none
from controller.model import Monitor, MonitorChange, MonitorStatus
from controller.model.monitor_settings import Notes

MINUTES = range(1, 1440 + 1)
_SECONDS_PER_MINUTE = 60

STATUSES = {
    "active": MonitorStatus.ACTIVE,
    "maintenance": MonitorStatus.MAINTENANCE,
    "disabled": MonitorStatus.DISABLED,
    "paused": MonitorStatus.DISABLED,
    "inactive": MonitorStatus.DISABLED,
}

Status = Annotated[
    str,
    Meta(
        description="paused and inactive are stored and returned as disabled.",
        examples=["active"],
        extra_json_schema={"enum": list(STATUSES)},
    ),
]
Minutes = Annotated[
    int,
    Meta(
        description="Minutes between checks, 1 to 1440. On create 30 when not given.",
        examples=[60],
        extra_json_schema={"minimum": MINUTES[0], "maximum": MINUTES[-1]},
    ),
]
Countries = Annotated[
    list[str] | None,
    Meta(description="ISO 3166-1 alpha-2 codes; an empty list is null: no restriction here.", examples=[["DE", "US"]]),
]
ConfigAlias = Annotated[
    dict[str, Any] | None, Meta(description="Another name of the config of this type, which wins over it.")
]
Email = Annotated[str | None, Meta(description="Null: the customer's.")]
PhoneNumber = Annotated[str | None, Meta(description="E.164; null: the customer's.", examples=["+4930123456"])]


class MonitorFields(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The fields that create and update of all groups share."""

    REFUSALS: ClassVar[dict[str, str]] = {
        "customerId": INVALID_CUSTOMER,
        "status": "Invalid status",
    }

    port: int | UnsetType | None = UNSET
    status: Status | UnsetType = UNSET
    check_interval: Minutes | UnsetType = UNSET
    check_interval_seconds: int | UnsetType = UNSET
    timeout_seconds: int | UnsetType = UNSET
    allowed_check_country_codes: Countries | UnsetType = UNSET
    config: ConfigAlias | UnsetType = UNSET
    notification_email: Email | UnsetType = UNSET
    notification_phone_number: PhoneNumber | UnsetType = UNSET
    notes: Notes | UnsetType | None = UNSET


class UptimeifyMonitorAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`checkInterval` is `checkIntervalSeconds` in minutes, rounded up."""

    id: int
    public_id: UUID
    organization_id: int
    customer_id: int
    name: str
    hostname: str
    port: int | None
    status: str
    check_interval: int
    check_interval_seconds: int
    timeout_seconds: int
    allowed_check_country_codes: list[str] | None
    notification_email: str | None
    notification_phone_number: str | None
    notes: Notes | None
    last_checked_at: Timestamp | None
    created_at: Timestamp
    updated_at: Timestamp
    config: dict[str, Any]


EXAMPLE: dict[str, Any] = {
    "status": "active",
    "timeoutSeconds": 30,
    "allowedCheckCountryCodes": None,
    "notificationEmail": None,
    "notificationPhoneNumber": None,
    "notes": "Behind the load balancer",
}
"""These fields in the examples of answers."""

_CONVERTED = frozenset({"status", "config"})
"""Fields whose values differ between a body and a change."""

_CHANGED = tuple(
    name
    for name in MonitorFields.__struct_fields__
    if name in MonitorChange.__struct_fields__ and name not in _CONVERTED
)
_SHOWN = tuple(name for name in UptimeifyMonitorAnswer.__struct_fields__ if name in Monitor.__struct_fields__)


def changed_fields(body: MonitorFields) -> dict[str, Any]:
    """The fields of a change that a body brings as they are."""
    return {name: getattr(body, name) for name in _CHANGED}


def monitor_fields(monitor: Monitor, config: dict[str, Any]) -> dict[str, Any]:
    """The fields that all answers share, with `config` as this caller may see it."""
    return {
        **{name: getattr(monitor, name) for name in _SHOWN},
        "status": monitor.status.value,
        "check_interval": -(-monitor.interval_seconds // _SECONDS_PER_MINUTE),
        "check_interval_seconds": monitor.interval_seconds,
        "last_checked_at": timestamp_or_none(monitor.last_checked_at),
        "created_at": timestamp(monitor.created_at),
        "updated_at": timestamp(monitor.updated_at),
        "config": config,
    }
