"""What AlertSite's clients read of monitors (docs/compatibility.md, A11 and A13)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from controller.api.compat.alertsite.lists import Metadata
from controller.api.compat.alertsite.locations import LocationBrief, location_brief
from controller.api.compat.alertsite.monitors import properties
from controller.api.compat.alertsite.monitors.changes import hostname_of
from controller.api.compat.alertsite.monitors.kinds import TYPES
from controller.api.compat.alertsite.monitors.security import security_of
from controller.decisions.schedule.rotation import chosen
from controller.model import Location, Mode, Monitor, MonitorStatus


class Identified(msgspec.Struct, frozen=True, kw_only=True):
    """The number of the monitor that was created or changed, as a string."""

    id: str


class MonitorObject(msgspec.Struct, frozen=True, kw_only=True):
    """A monitor; with `select` only the fields that it names. `mode` is null where a policy decides instead, as for
    monitors that were created through another group of routes. `public_id`, `customer_id`, `user`, `starttls` and
    `verify_certificate` are additions of Mailprobe. A password is never shown.
    """

    id: int | UnsetType = UNSET
    type: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    hostname: str | UnsetType = UNSET
    port: int | UnsetType = UNSET
    ipv4: str | UnsetType = UNSET
    resolve_dns: bool | UnsetType = UNSET
    interval: int | UnsetType = UNSET
    timeout: int | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    locations: list[LocationBrief] | UnsetType = UNSET
    home_location: int | UnsetType | None = UNSET
    mode: Mode | UnsetType | None = UNSET
    rotate_locations: bool | UnsetType = UNSET
    monitor_location_count: int | UnsetType = UNSET
    retry_on_failure: bool | UnsetType = UNSET
    traceroute_on_error: bool | UnsetType = UNSET
    notify_on_error: bool | UnsetType = UNSET
    billing_plancode: str | UnsetType = UNSET
    alert_note: str | UnsetType = UNSET
    note: str | UnsetType = UNSET
    allow_internal_testing: bool | UnsetType = UNSET
    custom_properties: list[dict[str, Any]] | UnsetType = UNSET
    access_type: str | UnsetType = UNSET
    blackout_ids: list[str] | UnsetType = UNSET
    has_performance_alerts: bool | UnsetType = UNSET
    has_active_performance_alerts: bool | UnsetType = UNSET
    has_sla: bool | UnsetType = UNSET
    sla_id: int | UnsetType | None = UNSET
    public_id: UUID | UnsetType = UNSET
    customer_id: int | UnsetType = UNSET
    user: str | UnsetType | None = UNSET
    starttls: str | UnsetType = UNSET
    verify_certificate: bool | UnsetType = UNSET


class MonitorList(msgspec.Struct, frozen=True, kw_only=True):
    metadata: Metadata
    results: list[MonitorObject]


def monitor_object(
    monitor: Monitor,
    locations: Mapping[int, Location],
    *,
    writable: bool,
    blackouts: Mapping[int, Sequence[str]] = MappingProxyType({}),
) -> MonitorObject:
    """`writable` is whether the caller may change monitors; `blackouts` are the ids of blackouts by their monitors."""
    security = security_of(monitor)
    kept = monitor.alertsite
    listed = monitor.location_ids
    pool = chosen((here for here in locations.values() if here.enabled or listed), listed, monitor.home_location_id)
    return MonitorObject(
        id=monitor.id,
        type=TYPES[monitor.kind],
        name=monitor.name,
        hostname=hostname_of(monitor, tls=security.tls),
        port=security.port,
        ipv4=monitor.ipv4 or "",
        resolve_dns=monitor.resolve_dns,
        interval=-(-monitor.interval_seconds // 60),
        timeout=monitor.timeout_seconds,
        enabled=monitor.status is not MonitorStatus.DISABLED,
        locations=[location_brief(here) for here in pool],
        home_location=pool[0].id if pool else monitor.home_location_id,
        mode=monitor.mode,
        rotate_locations=monitor.rotate_locations,
        monitor_location_count=monitor.locations_per_round,
        retry_on_failure=monitor.retry_on_failure,
        traceroute_on_error=kept.get("traceroute_on_error", False),
        notify_on_error=monitor.notify_on_error,
        billing_plancode=kept.get("billing_plancode", ""),
        alert_note=kept.get("alert_note", ""),
        note=kept.get("note", ""),
        allow_internal_testing=kept.get("allow_internal_testing", True),
        custom_properties=properties.shown(kept, monitor.labels),
        access_type="Edit" if writable else "View",
        blackout_ids=list(blackouts.get(monitor.id, ())),
        has_performance_alerts=False,
        has_active_performance_alerts=False,
        has_sla=False,
        sla_id=None,
        public_id=monitor.public_id,
        customer_id=monitor.customer_id,
        user=security.user,
        starttls=security.starttls.value,
        verify_certificate=security.verify_certificate,
    )


def selected(shown: MonitorObject, select: Sequence[str] | None) -> MonitorObject:
    """Only the fields that `select` names: None selects all, an empty list none; unknown names are ignored."""
    if select is None:
        return shown
    return MonitorObject(**{name: value for name, value in msgspec.structs.asdict(shown).items() if name in select})
