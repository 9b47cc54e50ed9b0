"""Packages as our own API reads and answers them."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from controller.decisions.packages import LONGEST_NOTES, fields_set
from controller.http.package_fields import (
    Consecutive,
    Delay,
    IntervalMinutes,
    Locations,
    Months,
    ReminderDelay,
    ReminderInterval,
    Threshold,
    ThresholdCount,
)
from controller.http.timestamps import Timestamp, timestamp
from controller.model.packages import Package
from controller.model.values.ruled import ruled
from controller.model.values.texts import check_text

PackageKey = Annotated[
    str,
    Meta(
        description="What customers name as their `package`. It cannot be changed.",
        min_length=1,
        max_length=255,
        examples=["pro"],
        extra=ruled(check_text),
    ),
]
PackageName = Annotated[
    str,
    Meta(
        description="For people; the key when not given.",
        max_length=255,
        examples=["Professional"],
        extra=ruled(check_text),
    ),
]
PackageNotes = Annotated[str, Meta(description="For people, or null.", max_length=LONGEST_NOTES)]
EmailAlerts = Annotated[bool, Meta(description="Default true. False: its customers' e-mail channels are not used.")]
SmsAlerts = Annotated[bool, Meta(description="Default true. False: no text messages are sent.")]
WebhookAlerts = Annotated[bool, Meta(description="Default true. False: webhooks are not used.")]
IntegrationAlerts = Annotated[bool, Meta(description="Default true. False: chat and on-call services are not used.")]
MaintenanceWindows = Annotated[
    bool, Meta(description="Default true. False: no maintenance windows may be planned for its customers.")
]


class PackageBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A package to make. What is left out says nothing, as if there were no package."""

    IGNORED: ClassVar[frozenset[str]] = frozenset({"createdAt", "updatedAt"})
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "key": "pro",
        "name": "Professional",
        "notes": None,
        "checkIntervalMinutes": 1,
        "checkLocations": 3,
        "alertConsecutiveChecks": 3,
        "alertLocationThreshold": "majority",
        "alertLocationThresholdCount": None,
        "notificationDelayMinutes": 0,
        "reminderDelayMinutes": 10,
        "alertReminderInterval": 60,
        "dataRetentionMonths": 12,
        "enableEmailAlerts": True,
        "enableSmsAlerts": True,
        "enableWebhookAlerts": True,
        "enableIntegrationAlerts": True,
        "enableMaintenanceWindows": True,
    }

    key: PackageKey
    name: PackageName = ""
    notes: PackageNotes | None = None
    check_interval_minutes: IntervalMinutes = None
    check_locations: Locations = None
    alert_consecutive_checks: Consecutive = None
    alert_location_threshold: Threshold = None
    alert_location_threshold_count: ThresholdCount = None
    notification_delay_minutes: Delay = 0
    reminder_delay_minutes: ReminderDelay = None
    alert_reminder_interval: ReminderInterval = None
    data_retention_months: Months = None
    enable_email_alerts: EmailAlerts = True
    enable_sms_alerts: SmsAlerts = True
    enable_webhook_alerts: WebhookAlerts = True
    enable_integration_alerts: IntegrationAlerts = True
    enable_maintenance_windows: MaintenanceWindows = True


class PackagePatch(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """New values (RFC 7396): what is left out stays as it is, and null takes a limit away."""

    IGNORED: ClassVar[frozenset[str]] = PackageBody.IGNORED | {"key"}
    EXAMPLE: ClassVar[dict[str, Any]] = {"alertConsecutiveChecks": 2, "checkLocations": None}

    name: PackageName | UnsetType = UNSET
    notes: PackageNotes | UnsetType | None = UNSET
    check_interval_minutes: IntervalMinutes | UnsetType = UNSET
    check_locations: Locations | UnsetType = UNSET
    alert_consecutive_checks: Consecutive | UnsetType = UNSET
    alert_location_threshold: Threshold | UnsetType = UNSET
    alert_location_threshold_count: ThresholdCount | UnsetType = UNSET
    notification_delay_minutes: Delay | UnsetType = UNSET
    reminder_delay_minutes: ReminderDelay | UnsetType = UNSET
    alert_reminder_interval: ReminderInterval | UnsetType = UNSET
    data_retention_months: Months | UnsetType = UNSET
    enable_email_alerts: EmailAlerts | UnsetType = UNSET
    enable_sms_alerts: SmsAlerts | UnsetType = UNSET
    enable_webhook_alerts: WebhookAlerts | UnsetType = UNSET
    enable_integration_alerts: IntegrationAlerts | UnsetType = UNSET
    enable_maintenance_windows: MaintenanceWindows | UnsetType = UNSET


class PackageItem(PackageBody, frozen=True, kw_only=True, rename="camel"):
    """A package."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        **PackageBody.EXAMPLE,
        "createdAt": "2026-01-01T12:00:00.000Z",
        "updatedAt": "2026-01-01T12:00:00.000Z",
    }

    created_at: Timestamp
    updated_at: Timestamp


class PackagePage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """All packages, oldest first. `nextCursor` is always null."""

    items: list[PackageItem]
    next_cursor: str | None


BODIES = (PackageBody, PackagePatch, PackageItem, PackagePage)
NAMES = {"packageType": "key", "displayName": "name"}
"""Our names of fields that the operations name otherwise."""


def package_change(body: PackageBody | PackagePatch) -> dict[str, Any]:
    """The fields of PackageSettings that are sent."""
    sent = {name: value for name, value in msgspec.structs.asdict(body).items() if value is not UNSET and name != "key"}
    return {("display_name" if name == "name" else name): value for name, value in sent.items()}


def package_item(package: Package) -> PackageItem:
    """What only websites have is left out."""
    settings = fields_set(package)
    return PackageItem(
        key=package.package_type,
        name=settings.pop("display_name"),
        created_at=timestamp(package.created_at),
        updated_at=timestamp(package.updated_at),
        **{name: value for name, value in settings.items() if name in PackageItem.__struct_fields__},
    )
