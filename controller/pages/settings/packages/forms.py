"""The form of a package, and what it changes. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from controller.decisions.breaches import Breaches
from controller.decisions.packages import RANGES
from controller.errors import InvalidError
from controller.model.packages import Package
from controller.model.values.field_names import camel

BOXES = (
    "enable_email_alerts",
    "enable_sms_alerts",
    "enable_webhook_alerts",
    "enable_integration_alerts",
    "enable_maintenance_windows",
)
NUMBERS = (
    "check_interval_minutes",
    "check_locations",
    "alert_consecutive_checks",
    "alert_location_threshold_count",
    "notification_delay_minutes",
    "reminder_delay_minutes",
    "alert_reminder_interval",
)
NAMES = {camel(name): name for name in ("package_type", "display_name", "alert_location_threshold", *NUMBERS)}
"""The form's names of fields that operations name otherwise."""

THRESHOLD_OPTIONS = [
    ("", "as the policy says"),
    ("any", "one of them"),
    ("majority", "most of them"),
    ("all", "all of them"),
]


class PackageForm(msgspec.Struct, frozen=True, kw_only=True):
    """As submitted: texts, and boxes that are "on" or empty."""

    package_type: str = ""
    display_name: str = ""
    notes: str = ""
    check_interval_minutes: str = ""
    check_locations: str = ""
    alert_consecutive_checks: str = ""
    alert_location_threshold: str = ""
    alert_location_threshold_count: str = ""
    notification_delay_minutes: str = ""
    reminder_delay_minutes: str = ""
    alert_reminder_interval: str = ""
    enable_email_alerts: str = ""
    enable_sms_alerts: str = ""
    enable_webhook_alerts: str = ""
    enable_integration_alerts: str = ""
    enable_maintenance_windows: str = ""
    version: str = ""


FIELDS = frozenset(PackageForm.__struct_fields__)
NEW = PackageForm(notification_delay_minutes="0", **dict.fromkeys(BOXES, "on"))


def form_of_package(package: Package) -> PackageForm:
    """The form as the package fills it in."""
    numbers = {name: getattr(package, name) for name in NUMBERS}
    return PackageForm(
        package_type=package.package_type,
        display_name=package.display_name,
        notes=package.notes or "",
        alert_location_threshold=package.alert_location_threshold or "",
        **{name: "" if value is None else str(value) for name, value in numbers.items()},
        **{name: "on" if getattr(package, name) else "" for name in BOXES},
    )


def package_change_of(form: PackageForm) -> dict[str, Any]:
    """The fields of PackageSettings. Raises InvalidFieldsError for what is no number; other rules are the
    operation's.
    """
    found, numbers = Breaches(), dict[str, int | None]()
    for name in NUMBERS:
        with found.noted():
            numbers[name] = _number(getattr(form, name), name)
    found.refuse(every=True)
    numbers["notification_delay_minutes"] = numbers["notification_delay_minutes"] or 0
    return {
        **numbers,
        "display_name": form.display_name.strip(),
        "notes": form.notes.strip() or None,
        "alert_location_threshold": form.alert_location_threshold or None,
        **{name: getattr(form, name) == "on" for name in BOXES},
    }


def _number(text: str, name: str) -> int | None:
    text = text.strip()
    if text and not (text.isdecimal() and text.isascii() and len(text) < 10):
        allowed = RANGES[name]
        raise InvalidError(name, f"must be from {allowed[0]} to {allowed[-1]}, or empty")
    return int(text) if text else None
