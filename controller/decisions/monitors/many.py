"""One change of many monitors: what it makes of each. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import UNSET, UnsetType

from controller.decisions.monitors.labels import check_labels, merged_labels, renamed_labels
from controller.decisions.monitors.monitors import check_timeout_ends
from controller.model import Monitor, MonitorStatus


class SettingsOfMany(msgspec.Struct, frozen=True, kw_only=True):
    """New settings; one that is unset stays. `labels` are merged: None removes one. `renamed_labels` give labels
    other names before: from old to new.
    """

    enabled: bool | UnsetType = UNSET
    in_maintenance: bool | UnsetType = UNSET
    labels: Mapping[str, str | None] | UnsetType = UNSET
    renamed_labels: Mapping[str, str] = {}
    countries: Sequence[str] | UnsetType | None = UNSET
    interval_seconds: int | UnsetType = UNSET
    notify_on_error: bool | UnsetType = UNSET

    def fields(self) -> set[str]:
        """The fields of a monitor that it changes."""
        own = ("labels", "countries", "interval_seconds", "notify_on_error")
        changed = {name for name in own if getattr(self, name) is not UNSET}
        changed |= {"labels"} if self.renamed_labels else set()
        return changed | ({"status"} if {self.enabled, self.in_maintenance} != {UNSET} else set())


def with_settings(monitor: Monitor, new: SettingsOfMany) -> Monitor:
    """The monitor with its new settings. Raises InvalidError."""
    values: dict[str, object] = {"status": status_after(monitor.status, new)}
    if new.labels is not UNSET or new.renamed_labels:
        renamed = renamed_labels(monitor.labels, new.renamed_labels)
        values["labels"] = labels = renamed if new.labels is UNSET else merged_labels(renamed, new.labels)
        check_labels(labels)
    if new.countries is not UNSET:
        values["allowed_check_country_codes"] = new.countries
    if new.interval_seconds is not UNSET:
        values["interval_seconds"] = new.interval_seconds
        check_timeout_ends(monitor.timeout_seconds, new.interval_seconds)
    if new.notify_on_error is not UNSET:
        values["notify_on_error"] = new.notify_on_error
    return msgspec.structs.replace(monitor, **values)


def status_after(status: MonitorStatus, new: SettingsOfMany) -> MonitorStatus:
    """A monitor that is not enabled, and shall not become so, stays disabled: there is nothing to keep quiet."""
    enabled = status is not MonitorStatus.DISABLED if new.enabled is UNSET else new.enabled
    if not enabled:
        return MonitorStatus.DISABLED
    quiet = status is MonitorStatus.MAINTENANCE if new.in_maintenance is UNSET else new.in_maintenance
    return MonitorStatus.MAINTENANCE if quiet else MonitorStatus.ACTIVE
