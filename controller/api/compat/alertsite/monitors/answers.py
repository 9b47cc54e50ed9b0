"""What AlertSite's clients read: monitors (reference 1.2 and 5), lists in their envelope, locations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from iso3166 import countries_by_alpha2
from msgspec import UNSET, UnsetType

from controller.api.compat.alertsite.monitors.changes import hostname_of
from controller.api.compat.alertsite.security import security_of
from controller.decisions.schedule.rotation import chosen
from controller.kinds import IMAP_POP, SMTP
from controller.model import Location, Mode, Monitor, MonitorStatus

TYPES = dict(zip((*SMTP, *IMAP_POP), ("email-smtp", "email-imap", "email-pop"), strict=True))
"""What this vendor calls each kind."""

KINDS = {name: kind for kind, name in TYPES.items()}

_NORTH_AMERICA = ("US", "CA")
_MAY_READ, _MAY_WRITE = 4, 7

T = TypeVar("T")


class Identified(msgspec.Struct, frozen=True, kw_only=True):
    """The number of what was made or changed, as a string."""

    id: str


class LocationBrief(msgspec.Struct, frozen=True, kw_only=True):
    """`region` 1 is the United States and Canada, 2 is everywhere else."""

    id: int
    name: str
    region: int


class MonitorObject(msgspec.Struct, frozen=True, kw_only=True):
    """A monitor; with `select` only the fields it names. `mode` is null where the rules of the customer decide, as for
    monitors made through the other group of routes; `public_id`, `customer_id`, `user`, `starttls` and
    `verify_certificate` are ours. A password is never shown.
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


class Permissions(msgspec.Struct, frozen=True, kw_only=True):
    """`acl` 7: the caller may change what is listed; 4: read it."""

    acl: int


class ResultSet(msgspec.Struct, frozen=True, kw_only=True):
    """`count` is how many results this answer holds; `total`, ours, how many match. `limit` is null where none was
    sent.
    """

    count: int
    limit: str | None
    offset: str
    total: int


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    permissions: Permissions = msgspec.field(name="__permissions")
    resultset: ResultSet


class MonitorList(msgspec.Struct, frozen=True, kw_only=True):
    metadata: Metadata
    results: list[MonitorObject]


class LocationObject(LocationBrief, frozen=True, kw_only=True):
    """`code`, `country_code` and `enabled` are ours."""

    country: str
    code: str
    country_code: str
    enabled: bool


class LocationList(msgspec.Struct, frozen=True, kw_only=True):
    metadata: Metadata
    results: list[LocationObject]


def metadata(*, writable: bool, count: int, total: int, limit: int | None = None, offset: int = 0) -> Metadata:
    return Metadata(
        permissions=Permissions(acl=_MAY_WRITE if writable else _MAY_READ),
        resultset=ResultSet(count=count, limit=None if limit is None else str(limit), offset=str(offset), total=total),
    )


def monitor_object(monitor: Monitor, locations: Mapping[int, Location], *, writable: bool) -> MonitorObject:
    """`writable`: the caller may change it."""
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
        custom_properties=kept.get("custom_properties", []),
        access_type="Edit" if writable else "View",
        blackout_ids=[],
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
    """Only the fields named; unknown names are ignored, None is all, an empty list none."""
    if select is None:
        return shown
    return MonitorObject(**{name: value for name, value in msgspec.structs.asdict(shown).items() if name in select})


def location_brief(location: Location) -> LocationBrief:
    return LocationBrief(id=location.id, name=location.name, region=_region(location))


def location_object(location: Location) -> LocationObject:
    country = countries_by_alpha2.get(location.country_code)
    return LocationObject(
        id=location.id,
        name=location.name,
        region=_region(location),
        country=country.apolitical_name if country else location.country_code,
        code=location.code,
        country_code=location.country_code,
        enabled=location.enabled,
    )


def _region(location: Location) -> int:
    return 1 if location.country_code in _NORTH_AMERICA else 2
