"""What a customer's package means for its monitors, its notifications and its maintenance windows. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from controller.decisions.breaches import Breaches
from controller.decisions.evaluation.policy import MOST, Policy, from_thresholds
from controller.errors import InvalidError
from controller.model.packages import PackageSettings
from controller.model.values.field_names import camel
from controller.model.values.texts import check_text

LONGEST_NOTES = 2000
THRESHOLDS = ("any", "majority", "all")
RANGES = {
    "check_interval_minutes": range(1, 1440 + 1),
    "check_locations": range(1, MOST + 1),
    "alert_consecutive_checks": range(1, MOST + 1),
    "alert_location_threshold_count": range(1, MOST + 1),
    "notification_delay_minutes": range(1440 + 1),
    "reminder_delay_minutes": range(10_080 + 1),
    "alert_reminder_interval": range(1, 10_080 + 1),
    "data_retention_months": range(1, 1200 + 1),
    "max_urls": range(1_000_000 + 1),
}
"""From which number to which each number of a package may be."""

_REQUIRED = frozenset({"notification_delay_minutes"})
_GATES = {
    "email": "enable_email_alerts",
    "sms": "enable_sms_alerts",
    "webhook": "enable_webhook_alerts",
    "integrations": "enable_integration_alerts",
}


def check_package(settings: PackageSettings, *, every: bool = False) -> None:
    """Raises InvalidError, with `every` breach of a rule or the first."""
    found = Breaches()
    for name, allowed in RANGES.items():
        with found.noted():
            _check_number(camel(name), getattr(settings, name), allowed, required=name in _REQUIRED)
    with found.noted():
        if settings.alert_location_threshold not in (None, *THRESHOLDS):
            raise InvalidError("alertLocationThreshold", f"must be one of {', '.join(THRESHOLDS)}, or null")
    with found.noted():
        check_text(settings.display_name, field="displayName")
    with found.noted():
        notes = settings.notes
        if notes is not None and (len(notes) > LONGEST_NOTES or "\0" in notes):
            raise InvalidError("notes", f"must be at most {LONGEST_NOTES:,} characters without NUL, or null")
    found.refuse(every=every)


def check_package_type(package_type: str) -> None:
    """Raises InvalidError."""
    if not package_type.strip():
        raise InvalidError("packageType", "is required")
    check_text(package_type, field="packageType")
    if "/" in package_type:
        raise InvalidError("packageType", "must have no slash, because it is a part of paths")


def check_known(package_type: str | None, known: Collection[str]) -> None:
    """A customer's package must be one of the organization's, unless it has none at all. Raises InvalidError."""
    if package_type is not None and known and package_type not in known:
        raise InvalidError("packageType", f"must be one of {', '.join(sorted(known))}, or null")


def fields_set(settings: PackageSettings) -> dict[str, Any]:
    """What is set of a package, without its keys, by the names of PackageSettings."""
    return {name: getattr(settings, name) for name in PackageSettings.__struct_fields__}


def policy_of(settings: PackageSettings) -> Policy | None:
    """The policy that the thresholds stand for; None when none of them is set."""
    checks, threshold = settings.alert_consecutive_checks, settings.alert_location_threshold
    count = settings.alert_location_threshold_count
    if checks is None and threshold is None and count is None:
        return None
    return from_thresholds(checks or 1, threshold, count)


def closed_channels(package: dict[str, Any]) -> frozenset[str]:
    """The kinds of channels that a package does not include: `email`, `sms`, `webhook`, `integrations`. `package` has
    the fields of one; a field that it lacks closes nothing.
    """
    return frozenset(kind for kind, gate in _GATES.items() if package.get(gate) is False)


def _check_number(field: str, value: int | None, allowed: range, *, required: bool) -> None:
    if value is None and not required:
        return
    if value not in allowed:
        rest = "" if required else ", or null"
        raise InvalidError(field, f"must be from {allowed[0]} to {allowed[-1]}{rest}")
