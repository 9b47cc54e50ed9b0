"""Turns the fields of a request into the change of a monitor (docs/compatibility.md, A2 to A8)."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

import msgspec
from msgspec import UNSET

from controller.api.compat.alertsite.monitors import fields, properties
from controller.api.compat.alertsite.monitors.security import config_with, security_of
from controller.api.compat.alertsite.values import MOST_PROPERTIES
from controller.decisions.monitors.defaults import AccountDefaults, home_problems
from controller.errors import InvalidError, InvalidFieldsError
from controller.model import Location, Monitor, MonitorChange, MonitorStatus
from controller.model.values.servers import ServerAddress, server_of, written_of
from controller.vault import mask

KEPT = ("billing_plancode", "alert_note", "note", "traceroute_on_error", "allow_internal_testing")
"""Fields that have no effect: they are stored in `Monitor.alertsite` and returned."""

_SECURITY = ("starttls", "verify_certificate", "user", "password")
_SAME_NAME = ("name", "ipv4", "resolve_dns", "mode", "rotate_locations", "retry_on_failure", "notify_on_error")
_OTHER_NAME = {
    "timeout": "timeout_seconds",
    "locations": "location_ids",
    "home_location": "home_location_id",
    "monitor_location_count": "locations_per_round",
}


def change_to_create(
    sent: Mapping[str, Any], kind: str, defaults: AccountDefaults, locations: Mapping[int, Location]
) -> MonitorChange:
    """Raises InvalidFieldsError, which lists every mistake."""
    given = {name: value for name, value in sent.items() if value is not None}
    read, problems = fields.monitor_values(given, kind, locations)
    problems = fields.missing_fields(given) + problems
    values = {**msgspec.structs.asdict(defaults), **read}
    if read.get("locations", ()) is None:  # an empty list stands for the account's locations
        values["locations"] = defaults.locations
    if "home_location" not in read and home_problems(values["locations"], values["home_location"]):
        values["home_location"] = None  # the account's home location is not one of the monitor's locations
    if "timeout" not in read:
        values["timeout"] = max(1, min(defaults.timeout, values["interval"] * 60 - 1))
    server: ServerAddress | None = read.get("hostname")
    problems += fields.combined_problems(
        interval_seconds=values["interval"] * 60,
        timeout_seconds=values["timeout"],
        mode=values["mode"],
        location_count=_count(values["locations"], values["home_location"], locations),
        address_missing=server is not None and _misses_address(server.host, values["resolve_dns"], read.get("ipv4")),
    )
    problems += home_problems(values["locations"], values["home_location"])
    if problems or server is None:
        raise InvalidFieldsError(problems)
    if values.get("port") is None:
        values["port"] = server.port
    return _written(_change(values, {}, kind, {}, {}), {}, given["hostname"])


def change_to_update(
    sent: Mapping[str, Any], shown: Mapping[str, Any], monitor: Monitor, locations: Mapping[int, Location]
) -> MonitorChange:
    """`shown` is the monitor as its readers see it: a value that is sent back unchanged has no effect, even one that
    only another group of routes would accept. Raises InvalidFieldsError, which lists every mistake.
    """
    new = {name: value for name, value in sent.items() if name not in shown or not _same(shown[name], value)}
    for changed_name, beside in (("hostname", "port"), ("locations", "home_location")):
        if changed_name in new and beside in sent:
            new[beside] = sent[beside]
    values, problems = fields.monitor_values(new, monitor.kind, locations)
    changed = _change(values, mask(monitor.config), monitor.kind, monitor.alertsite, monitor.labels)
    if "hostname" in values:
        changed = msgspec.structs.replace(
            _written(changed, monitor.alertsite, new["hostname"]),
            port=_port(values, monitor),
            resolve_dns=values.get("resolve_dns", monitor.resolve_dns),
        )
    problems += _combined_problems(values, changed, monitor, locations)
    if problems:
        raise InvalidFieldsError(problems)
    return changed


def hostname_of(monitor: Monitor, *, tls: bool) -> str:
    """The host name as the caller wrote it, as long as that text still describes what is stored."""
    written = monitor.alertsite.get("hostname")
    if isinstance(written, str):
        try:
            server = server_of(written.strip(), monitor.kind)
        except InvalidError:
            pass  # it has the scheme of another protocol: another group of routes may change the protocol
        else:
            if (server.host, server.tls) == (monitor.hostname, tls) and server.port in (None, monitor.port):
                return written
    return written_of(monitor.hostname, monitor.kind, tls=tls)


def _change(
    values: Mapping[str, Any], config: dict[str, Any], kind: str, kept: dict[str, Any], labels: dict[str, str]
) -> MonitorChange:
    """The change for the values that were sent. `config`, `kept` and `labels` are what the monitor has now."""
    named = {name: values[name] for name in _SAME_NAME if name in values}
    named |= {ours: values[name] for name, ours in _OTHER_NAME.items() if name in values}
    if "interval" in values:
        named["interval_seconds"] = values["interval"] * 60
    if "enabled" in values:
        named["status"] = MonitorStatus.ACTIVE if values["enabled"] else MonitorStatus.DISABLED
    if "port" in values:
        named["port"] = values["port"]
    security = {name: values[name] for name in _SECURITY if name in values}
    server = values.get("hostname")
    if server is not None:
        named["hostname"] = server.host
        security["tls"] = server.tls
    if security:
        named["config"] = config_with(config, kind, security)
    if any(name in values for name in KEPT):
        named["alertsite"] = kept = {**kept, **{name: values[name] for name in KEPT if name in values}}
    if "custom_properties" in values:
        stored = properties.changed(kept, labels, values["custom_properties"])
        named["alertsite"] = stored.kept
        if stored.labels != labels:
            named["labels"] = stored.labels
    return MonitorChange(**named)


def _written(change: MonitorChange, before: Mapping[str, Any], hostname: str) -> MonitorChange:
    """The change with the host name as the caller wrote it; `before` are the fields kept so far."""
    kept = before if change.alertsite is UNSET else change.alertsite
    return msgspec.structs.replace(change, alertsite={**kept, "hostname": hostname})


def _port(values: Mapping[str, Any], monitor: Monitor) -> int | None:
    """The port of a new server: the port sent, else the port in its name, else the old port, unless that stood in the
    name of the old server.
    """
    server: ServerAddress = values["hostname"]
    if values.get("port") is not None or server.port is not None:
        port: int | None = values.get("port") or server.port
        return port
    written = hostname_of(monitor, tls=security_of(monitor).tls)
    return None if "port" in values or server_of(written, monitor.kind).port is not None else monitor.port


def _combined_problems(
    values: Mapping[str, Any], change: MonitorChange, monitor: Monitor, locations: Mapping[int, Location]
) -> list[InvalidError]:
    """Breaches of rules over several fields, for the fields of this change: the monitor may keep what another group of
    routes allowed.
    """
    after = msgspec.structs.replace(monitor, **change.values())
    problems = fields.combined_problems(
        interval_seconds=after.interval_seconds,
        timeout_seconds=after.timeout_seconds,
        mode=after.mode,
        location_count=_count(after.location_ids, after.home_location_id, locations),
        address_missing=_misses_address(after.hostname, after.resolve_dns, after.ipv4),
    )
    problems += home_problems(after.location_ids, after.home_location_id)
    if len(properties.shown(after.alertsite, after.labels)) > MOST_PROPERTIES:
        problems.append(InvalidError("custom_properties", f"must not become more than {MOST_PROPERTIES}"))
    touched = {
        "timeout": {"interval", "timeout"},
        "locations": {"mode", "locations", "home_location"},
        "home_location": {"locations", "home_location"},
        "ipv4": {"ipv4", "resolve_dns", "hostname"},
        "custom_properties": {"custom_properties"},
    }
    return [problem for problem in problems if touched[problem.field] & values.keys()]


def _count(chosen: list[int] | None, home: int | None, locations: Mapping[int, Location]) -> int:
    enabled = {here.id for here in locations.values() if here.enabled}
    return len(enabled if chosen is None else {*chosen, *([] if home is None else [home])})


def _same(shown: Any, value: Any) -> bool:
    """Whether both are equal and of the same type: 1 is not true."""
    return type(shown) is type(value) and bool(shown == value)


def _misses_address(host: str, resolve_dns: bool, ipv4: str | None) -> bool:
    if resolve_dns or ipv4 is not None:
        return False
    try:
        ip_address(host)
    except ValueError:
        return True
    return False
