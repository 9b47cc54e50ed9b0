"""Monitors as Uptimeify's clients send them, and the change that a body stands for (docs/compatibility.md, U3 to U8,
U14 and U22).

Unknown fields are ignored, because vendors' clients send more than their pages name.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from msgspec import UNSET, Meta, UnsetType

from controller.api.compat.uptimeify.made_structs import made_struct
from controller.api.compat.uptimeify.monitors.fields import MINUTES, STATUSES, MonitorFields, changed_fields
from controller.decisions.monitors.monitors import check_interval
from controller.errors import InvalidError
from controller.model import MonitorChange, MonitorStatus

Name = Annotated[str, Meta(description="1 to 255 printable characters.", examples=["Outbound SMTP"])]
Hostname = Annotated[
    str,
    Meta(description="A host name or an IP address; no protocol, no path, no port.", examples=["smtp.example.com"]),
]
_CHANGE = {"status": "maintenance", "checkIntervalSeconds": 300, "notes": "Moves to the new rack tonight"}


class UptimeifyNewMonitor(MonitorFields, frozen=True, kw_only=True, rename="camel"):
    """A monitor to create. `customerId` is the customer's number or public UUID."""

    customer_id: Annotated[int | str, Meta(examples=["11111111-1111-4111-8111-111111111111"])]
    name: Name
    hostname: Hostname


class UptimeifyMonitorChange(MonitorFields, frozen=True, kw_only=True, rename="camel"):
    """New values; a field that is left out keeps its value."""

    OF_A_MONITOR: ClassVar[bool] = True

    name: Name | UnsetType = UNSET
    hostname: Hostname | UnsetType = UNSET


def bodies_of(
    stem: str,
    config_field: str,
    *,
    needs_hostname: bool,
    port: Any,
    config: Any,
    interval: Any,
    timeout: Any,
    example: dict[str, Any],
) -> tuple[type[UptimeifyNewMonitor], type[UptimeifyMonitorChange]]:
    """The bodies that create and change a monitor of a group of routes, with the types of the fields that differ."""
    types = {"port": port, config_field: config, "check_interval_seconds": interval, "timeout_seconds": timeout}
    own = {name: (kind | UnsetType, UNSET) for name, kind in types.items()}
    hostname = {} if needs_hostname else {"hostname": (Hostname | UnsetType, UNSET)}
    return (
        made_struct(f"New{stem}Monitor", UptimeifyNewMonitor, own | hostname, example=example),
        made_struct(f"{stem}MonitorChange", UptimeifyMonitorChange, own, example=_CHANGE),
    )


def port_type(rule: str, example: int | None) -> Any:
    examples = None if example is None else [example]
    bounds = {"minimum": 1, "maximum": 65535}
    return Annotated[int | None, Meta(description=rule, examples=examples, extra_json_schema=bounds)]


def config_type(rule: str, example: dict[str, Any]) -> Any:
    return Annotated[dict[str, Any] | None, Meta(description=rule, examples=[example] if example else None)]


def interval_type(shortest: int) -> Any:
    rule = f"Seconds between checks, {shortest} to 86400; wins over checkInterval."
    return Annotated[int, Meta(description=rule, extra_json_schema={"minimum": shortest, "maximum": 86400})]


def timeout_type(longest: int) -> Any:
    rule = f"Seconds for the whole check, 1 to {longest} and at most the interval. On create 30, or the interval."
    bounds = {"minimum": 1, "maximum": longest}
    return Annotated[int, Meta(description=rule, examples=[30], extra_json_schema=bounds)]


def change_of(
    body: UptimeifyNewMonitor | UptimeifyMonitorChange, own_config: dict[str, Any] | UnsetType | None
) -> MonitorChange:
    """`own_config` is the config in the group's own field. Raises InvalidError."""
    return MonitorChange(
        **changed_fields(body),
        name=body.name,
        hostname=body.hostname,
        status=_status(body.status),
        interval_seconds=_interval(body.check_interval, body.check_interval_seconds),
        # Absent and null both keep the stored config. The group's own field wins over `config`.
        config=next((config for config in (own_config, body.config) if isinstance(config, dict)), UNSET),
    )


def _status(word: str | UnsetType) -> MonitorStatus | UnsetType:
    if word is UNSET:
        return UNSET
    status = STATUSES.get(word)
    if status is None:
        raise InvalidError("status", f"must be one of {', '.join(STATUSES)}", message="Invalid status")
    return status


def _interval(minutes: int | UnsetType, seconds: int | UnsetType) -> int | UnsetType:
    if seconds is not UNSET:
        check_interval(seconds, field="checkIntervalSeconds")
        return seconds
    if minutes is UNSET:
        return UNSET
    if minutes not in MINUTES:
        raise InvalidError("checkInterval", f"must be from {MINUTES[0]} to {MINUTES[-1]} minutes")
    return minutes * 60
