"""A monitor with new values, checked against all rules."""

from __future__ import annotations

from typing import TypeAlias, TypeVar

import msgspec
from msgspec import UNSET

from controller.decisions.breaches import Breaches
from controller.decisions.monitors import monitors as rules
from controller.decisions.monitors.keys import check_keys
from controller.decisions.monitors.labels import check_labels
from controller.decisions.monitors.texts import check_texts
from controller.kinds import config_field, kind_for, kind_named, target_of
from controller.kinds.kind import MonitorKind
from controller.model import Monitor, MonitorChange
from controller.model.values.countries import country_list
from controller.store.monitors.monitors import NewMonitor
from controller.vault import Vault

Kinds: TypeAlias = tuple[str, ...]
"""The kinds of one type of monitor, as controller.kinds.IMAP_POP, or all kinds. Operations find and create only
monitors of these kinds.
"""

M = TypeVar("M", Monitor, NewMonitor)


class Strictness(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between groups of routes: the longest timeout in seconds, None as the kind says, and whether every
    breach of a rule is reported with those that were `found` before, or the first alone. `least_minutes` is the
    shortest interval that the customer's package allows, None when it says nothing.
    """

    longest_timeout_seconds: int | None = None
    found: Breaches | None = None
    least_minutes: int | None = None


def changed_monitor(monitor: M, kinds: Kinds, change: MonitorChange, vault: Vault, strictness: Strictness) -> M:
    """The monitor with its new values, of the kind that the change names, or that its config says. Raises InvalidError,
    where `hostname`, `checkIntervalSeconds` and others are Uptimeify's names.
    """
    found = strictness.found or Breaches()
    values = change.values()
    if "allowed_check_country_codes" in values:
        with found.noted():
            values["allowed_check_country_codes"] = country_list(
                values["allowed_check_country_codes"], field="allowedCheckCountryCodes"
            )
    if change.hostname not in (UNSET, monitor.hostname):
        values.setdefault("resolve_dns", True)  # the address of the old host is not that of the new one
    changed = msgspec.structs.replace(monitor, **values)
    with found.noted():
        rules.check_name(changed.name)
    with found.noted():
        rules.check_port(changed.port)
    kind: MonitorKind | None = None
    with found.noted():
        rules.check_config(changed.config, field=config_field(changed.kind))
        kind = _kind(monitor, kinds, change, changed)
    if kind is not None:
        changed = msgspec.structs.replace(
            changed, kind=kind.name, evaluation_deadline_seconds=kind.evaluation_deadline_seconds
        )
        _check_times(monitor, changed, kind, strictness, found)
    with found.noted():
        rules.check_email(changed.notification_email)
    with found.noted():
        rules.check_phone_number(changed.notification_phone_number)
    with found.noted():
        check_texts(changed)
    if changed.labels != monitor.labels:
        with found.noted():
            check_labels(changed.labels)
    with found.noted():
        check_keys(changed.project, changed.external_key)
    if kind is not None:
        with found.noted():
            target_of(changed)
        if change.config is not UNSET:
            with found.noted():
                config = vault.conceal(change.config, monitor.config, field=config_field(kind.name))
                changed = msgspec.structs.replace(changed, config=config)
    found.refuse(every=strictness.found is not None)
    return changed


def _kind(monitor: Monitor | NewMonitor, kinds: Kinds, change: MonitorChange, changed: M) -> MonitorKind:
    """Raises InvalidError."""
    if change.kind is not UNSET:
        return kind_named(change.kind)
    now = kind_named(monitor.kind).type
    return kind_named(kind_for([name for name in kinds if kind_named(name).type is now], changed.config))


def _check_times(
    monitor: Monitor | NewMonitor,
    changed: Monitor | NewMonitor,
    kind: MonitorKind,
    strictness: Strictness,
    found: Breaches,
) -> None:
    # A value that another group of routes has set stays when it is sent back, and while another field is changed.
    if changed.timeout_seconds != monitor.timeout_seconds:
        with found.noted():
            rules.check_timeout(
                changed.timeout_seconds, longest=strictness.longest_timeout_seconds or kind.longest_timeout_seconds
            )
    new = isinstance(monitor, NewMonitor) or changed.kind != monitor.kind
    if new or changed.interval_seconds != monitor.interval_seconds:
        with found.noted():
            kind.check_interval(changed.interval_seconds)
            rules.check_package_interval(changed.interval_seconds, strictness.least_minutes)
    with found.noted():
        rules.check_timeout_ends(changed.timeout_seconds, changed.interval_seconds)
