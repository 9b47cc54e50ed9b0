"""What a body changes in a monitor, or sets in a new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from controller.decisions.breaches import Breaches
from controller.decisions.monitors.monitors import DEFAULT_TIMEOUT_SECONDS
from controller.errors import InvalidError
from controller.http.monitors.settable import SettableMonitor
from controller.http.monitors.targets import AnyTarget
from controller.kinds import default_interval, kind_named
from controller.kinds.typed import TARGET, Written
from controller.model import Location, Monitor, MonitorChange, MonitorStatus
from controller.vault import Vault, VaultError, logins_of, mask
from shared.wire.targets.base import Login

ALL = frozenset(SettableMonitor.__struct_fields__)
"""The fields of a whole body."""

_NAMES = {
    "name": "name",
    "countries": "allowed_check_country_codes",
    "notification_email": "notification_email",
    "notification_phone": "notification_phone_number",
    "notes": "notes",
    "labels": "labels",
    "project": "project",
    "external_key": "external_key",
    "rotate_locations": "rotate_locations",
    "locations_per_round": "locations_per_round",
    "retry_on_failure": "retry_on_failure",
    "notify_on_error": "notify_on_error",
}
"""Fields that are stored as they are sent, and their names there."""


def change_of(
    body: SettableMonitor,
    sent: frozenset[str],
    monitor: Monitor | None,
    locations: Sequence[Location],
    vault: Vault,
    found: Breaches,
) -> MonitorChange:
    """The change that these fields of a body make; `monitor` is None for a new one. Breaches are noted in `found`;
    raises InvalidError for a target that cannot be stored.
    """
    values: dict[str, Any] = {ours: getattr(body, name) for name, ours in _NAMES.items() if name in sent}
    if "target" in sent and body.target is not UNSET:
        with found.noted():
            values |= _target_values(body.target, monitor, vault)
        if "kind" not in values:
            found.refuse(every=True)
    if sent & {"enabled", "in_maintenance"}:
        with found.noted():
            values["status"] = _status(body, sent, monitor)
    if sent & {"interval", "timeout"}:
        values |= _times(body, sent, monitor, values.get("kind"))
    with found.noted():
        values |= _places(body, sent, monitor, locations)
    return MonitorChange(**values)


def _target_values(target: AnyTarget, monitor: Monitor | None, vault: Vault) -> dict[str, Any]:
    """Raises InvalidError."""
    written = _written(target, monitor, vault)
    values: dict[str, Any] = {
        "kind": written.kind,
        "hostname": written.hostname,
        "port": written.port,
        "config": written.config,
    }
    if written.address is not None:
        return values | {"resolve_dns": False, "ipv4": written.address}
    return values | ({"resolve_dns": True} if monitor is None or monitor.address is not None else {})


def _written(target: AnyTarget, monitor: Monitor | None, vault: Vault) -> Written:
    if monitor is None:
        return target.written()
    if kind_named(str(target.__struct_config__.tag)).type == kind_named(monitor.kind).type:
        return target.written(msgspec.structs.replace(monitor, config=mask(monitor.config)))
    # Masks keep secrets in their place, and another type has other places.
    logins: Mapping[str, Login] = {}
    try:
        with suppress(InvalidError):
            logins = logins_of(monitor, vault)
    except VaultError:
        raise InvalidError(f"{TARGET}.login", "must be sent anew: the stored secret cannot be read") from None
    return target.with_kept(logins).written()


def _status(body: SettableMonitor, sent: frozenset[str], monitor: Monitor | None) -> MonitorStatus:
    """Raises InvalidError."""
    now = MonitorStatus.ACTIVE if monitor is None else monitor.status
    enabled = body.enabled if "enabled" in sent else now is not MonitorStatus.DISABLED
    if "in_maintenance" not in sent:
        kept = now if now is not MonitorStatus.DISABLED else MonitorStatus.ACTIVE
        return kept if enabled else MonitorStatus.DISABLED
    if body.in_maintenance and not enabled:
        raise InvalidError("inMaintenance", "must be false while enabled is false")
    if not enabled:
        return MonitorStatus.DISABLED
    return MonitorStatus.MAINTENANCE if body.in_maintenance else MonitorStatus.ACTIVE


def _times(
    body: SettableMonitor, sent: frozenset[str], monitor: Monitor | None, kind: str | None
) -> dict[str, int | UnsetType]:
    """In a new monitor, what is left out is for the operation to say."""
    named = {"interval_seconds": body.interval} if "interval" in sent else {}
    named |= {"timeout_seconds": body.timeout} if "timeout" in sent else {}
    if monitor is None:
        return named
    interval = named.get("interval_seconds", monitor.interval_seconds)
    if isinstance(interval, UnsetType):
        interval = named["interval_seconds"] = default_interval((kind or monitor.kind,))
    if named.get("timeout_seconds") is UNSET:
        named["timeout_seconds"] = min(DEFAULT_TIMEOUT_SECONDS, interval)
    return named


def _places(
    body: SettableMonitor, sent: frozenset[str], monitor: Monitor | None, locations: Sequence[Location]
) -> dict[str, Any]:
    """Raises InvalidError."""
    values: dict[str, Any] = {}
    chosen, home = (None, None) if monitor is None else (monitor.location_ids, monitor.home_location_id)
    before = {*(chosen or ()), *([] if home is None else [home])}
    known = {here.code: here.id for here in locations if not here.removed or here.id in before}
    if "locations" in sent:
        chosen = values["location_ids"] = [_number(code, known, "locations") for code in body.locations or ()] or None
    if "home_location" in sent:
        code = body.home_location
        home = values["home_location_id"] = None if code is None else _number(code, known, "homeLocation")
    if values and home is not None and chosen is not None and home not in chosen:
        raise InvalidError("homeLocation", "must be one of locations")
    return values


def _number(code: str, known: Mapping[str, int], field: str) -> int:
    """Raises InvalidError."""
    if code not in known:
        raise InvalidError(
            field, f"must hold codes of known locations: {msgspec.json.encode(code[:50]).decode()} is none"
        )
    return known[code]
