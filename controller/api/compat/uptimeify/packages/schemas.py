"""Package configs as Uptimeify's clients send and read them."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from controller.decisions.packages import RANGES, fields_set
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
from controller.model.packages import Package, UsedPackage

MaxUrls = Annotated[
    int | None,
    Meta(
        description="Kept and returned: there are no websites here.",
        extra_json_schema={"minimum": RANGES["max_urls"][0], "maximum": RANGES["max_urls"][-1]},
    ),
]
WithoutEffect = Annotated[bool, Meta(description="Kept and returned; it has no effect.")]
WebsiteOnly = Annotated[bool, Meta(description="Kept and returned: there are no websites here.")]


class PackageConfigUpdate(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """New values; what is left out stays as it is, or has its default in a new package."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "displayName": "Professional",
        "alertConsecutiveChecks": 3,
        "alertLocationThreshold": "majority",
        "checkIntervalMinutes": 1,
    }

    display_name: Annotated[str | UnsetType, Meta(description="The key when not given.")] = UNSET
    notes: str | UnsetType | None = UNSET
    check_interval_minutes: IntervalMinutes | UnsetType = UNSET
    check_locations: Locations | UnsetType = UNSET
    alert_consecutive_checks: Consecutive | UnsetType = UNSET
    alert_location_threshold: Threshold | UnsetType = UNSET
    alert_location_threshold_count: ThresholdCount | UnsetType = UNSET
    notification_delay_minutes: Delay | UnsetType = UNSET
    reminder_delay_minutes: ReminderDelay | UnsetType = UNSET
    alert_reminder_interval: ReminderInterval | UnsetType = UNSET
    data_retention_months: Months | UnsetType = UNSET
    max_urls: MaxUrls | UnsetType = UNSET
    enable_email_alerts: bool | UnsetType = UNSET
    enable_sms_alerts: bool | UnsetType = UNSET
    enable_webhook_alerts: bool | UnsetType = UNSET
    enable_integration_alerts: bool | UnsetType = UNSET
    enable_maintenance_windows: bool | UnsetType = UNSET
    enable_pdf_reports: WithoutEffect | UnsetType = UNSET
    enable_post_request_escalation: WithoutEffect | UnsetType = UNSET
    enable_ssl_check: WebsiteOnly | UnsetType = UNSET
    enable_https_check: WebsiteOnly | UnsetType = UNSET
    enable_status_check: WebsiteOnly | UnsetType = UNSET
    enable_size_check: WebsiteOnly | UnsetType = UNSET
    enable_response_time_check: WebsiteOnly | UnsetType = UNSET
    enable_keyword_check: WebsiteOnly | UnsetType = UNSET


class PackageConfigAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A package. What is null is not limited."""

    id: int
    organization_id: int
    package_type: str
    display_name: str
    notes: str | None
    check_interval_minutes: IntervalMinutes
    check_locations: Locations
    alert_consecutive_checks: Consecutive
    alert_location_threshold: Threshold
    alert_location_threshold_count: ThresholdCount
    notification_delay_minutes: Delay
    reminder_delay_minutes: ReminderDelay
    alert_reminder_interval: ReminderInterval
    data_retention_months: Months
    max_urls: MaxUrls
    enable_email_alerts: bool
    enable_sms_alerts: bool
    enable_webhook_alerts: bool
    enable_integration_alerts: bool
    enable_maintenance_windows: bool
    enable_pdf_reports: WithoutEffect
    enable_post_request_escalation: WithoutEffect
    enable_ssl_check: WebsiteOnly
    enable_https_check: WebsiteOnly
    enable_status_check: WebsiteOnly
    enable_size_check: WebsiteOnly
    enable_response_time_check: WebsiteOnly
    enable_keyword_check: WebsiteOnly
    created_at: Timestamp
    updated_at: Timestamp


class ListedPackageConfig(PackageConfigAnswer, frozen=True, kw_only=True, rename="camel"):
    """A package, and how many customers have it."""

    used_by_customer_count: int


BODIES = (PackageConfigUpdate, PackageConfigAnswer, ListedPackageConfig)

EXAMPLE: dict[str, Any] = {
    "id": 1,
    "organizationId": 1,
    "packageType": "pro",
    "displayName": "Professional",
    "notes": None,
    "checkIntervalMinutes": 1,
    "checkLocations": 3,
    "alertConsecutiveChecks": 3,
    "alertLocationThreshold": "majority",
    "alertLocationThresholdCount": 2,
    "notificationDelayMinutes": 0,
    "reminderDelayMinutes": 10,
    "alertReminderInterval": 60,
    "dataRetentionMonths": 12,
    "maxUrls": 100,
    "enableEmailAlerts": True,
    "enableSmsAlerts": True,
    "enableWebhookAlerts": True,
    "enableIntegrationAlerts": True,
    "enableMaintenanceWindows": True,
    "enablePdfReports": True,
    "enablePostRequestEscalation": True,
    "enableSslCheck": True,
    "enableHttpsCheck": True,
    "enableStatusCheck": True,
    "enableSizeCheck": True,
    "enableResponseTimeCheck": True,
    "enableKeywordCheck": True,
    "createdAt": "2026-01-01T12:00:00.000Z",
    "updatedAt": "2026-01-01T12:00:00.000Z",
}


def package_change(body: PackageConfigUpdate) -> dict[str, Any]:
    """The fields of PackageSettings that are sent."""
    return {name: value for name, value in msgspec.structs.asdict(body).items() if value is not UNSET}


def package_answer(package: Package) -> PackageConfigAnswer:
    return PackageConfigAnswer(**_fields(package))


def listed_package(found: UsedPackage) -> ListedPackageConfig:
    return ListedPackageConfig(**_fields(found.package), used_by_customer_count=found.used)


def _fields(package: Package) -> dict[str, Any]:
    return {
        "id": package.id,
        "organization_id": package.organization_id,
        "package_type": package.package_type,
        **fields_set(package),
        "created_at": timestamp(package.created_at),
        "updated_at": timestamp(package.updated_at),
    }
