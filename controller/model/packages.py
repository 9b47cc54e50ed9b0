"""Packages: what an organization offers its customers, chosen by a customer's `packageType`."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

import msgspec

LocationThreshold: TypeAlias = Literal["any", "majority", "all"]


class PackageSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What can be set of a package. None says nothing: what holds without a package holds."""

    display_name: str = ""
    notes: str | None = None
    check_interval_minutes: int | None = None
    check_locations: int | None = None
    alert_consecutive_checks: int | None = None
    alert_location_threshold: LocationThreshold | None = None
    alert_location_threshold_count: int | None = None
    notification_delay_minutes: int = 0
    reminder_delay_minutes: int | None = None
    alert_reminder_interval: int | None = None
    data_retention_months: int | None = None
    max_urls: int | None = None
    enable_email_alerts: bool = True
    enable_sms_alerts: bool = True
    enable_webhook_alerts: bool = True
    enable_integration_alerts: bool = True
    enable_maintenance_windows: bool = True
    enable_pdf_reports: bool = True
    enable_post_request_escalation: bool = True
    enable_ssl_check: bool = True
    enable_https_check: bool = True
    enable_status_check: bool = True
    enable_size_check: bool = True
    enable_response_time_check: bool = True
    enable_keyword_check: bool = True


class Package(PackageSettings, frozen=True, kw_only=True):
    """A package. `package_type` is the key by which customers name it."""

    id: int
    organization_id: int
    package_type: str
    created_at: datetime
    updated_at: datetime


class UsedPackage(NamedTuple):
    """A package, and how many customers have it."""

    package: Package
    used: int
