"""What Uptimeify's clients read: monitors, checks and triggers in that shape (api.md, rules 1, 9, 10, 16, 17)."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from controller.api.moments import Moment, moment, moment_or_none
from controller.model import CheckRecord, Monitor
from controller.operations.checks import Triggered
from shared.failures import CheckWarning, Failure

_SECONDS_PER_MINUTE = 60


class MonitorAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`checkInterval` is `checkIntervalSeconds` in minutes, rounded up."""

    id: int
    public_id: UUID
    organization_id: int
    customer_id: int
    name: str
    hostname: str
    port: int | None
    status: str
    check_interval: int
    check_interval_seconds: int
    timeout_seconds: int
    allowed_check_country_codes: list[str] | None
    notification_email: str | None
    notification_phone_number: str | None
    last_checked_at: Moment | None
    created_at: Moment
    updated_at: Moment
    config: dict[str, Any]


class ListedMonitor(MonitorAnswer, frozen=True, kw_only=True, rename="camel"):
    customer_name: str


class SmtpMonitorAnswer(MonitorAnswer, frozen=True, kw_only=True, rename="camel"):
    """The answer to who created or changed the monitor: `config` and `smtpConfig` are the same, secrets in clear."""

    smtp_config: dict[str, Any]


class SmtpMonitorDetail(SmtpMonitorAnswer, frozen=True, kw_only=True, rename="camel"):
    """A monitor as it is read: secrets are ********."""

    customer_name: str


class MonitorPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    items: list[ListedMonitor]
    total: int
    page: int
    per_page: int


class TriggerAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    success: bool
    message: str
    smtp_monitor_id: int
    location_codes: list[str]
    queue_names: list[str]


class DeleteAnswer(msgspec.Struct, frozen=True, kw_only=True):
    success: bool


class HistoryItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One check. `timingSmtp` is whole milliseconds in all, `timings` milliseconds by phase; `status` is unknown where
    the fault was our own.
    """

    id: UUID
    status: str
    error_message: str | None
    warning_message: str | None
    timing_smtp: int
    diagnostics: dict[str, Any] | None
    checked_at: Moment
    location_id: int
    location_name: str
    location_code: str
    country_code: str
    timings: dict[str, float]
    failure: Failure | None
    warnings: list[CheckWarning]
    scheduled_at: Moment
    purpose: str


class History(msgspec.Struct, frozen=True, kw_only=True):
    data: list[HistoryItem]


def monitor_fields(monitor: Monitor, config: dict[str, Any]) -> dict[str, Any]:
    """What all answers share; `config` as this caller may see it."""
    return {
        "id": monitor.id,
        "public_id": monitor.public_id,
        "organization_id": monitor.organization_id,
        "customer_id": monitor.customer_id,
        "name": monitor.name,
        "hostname": monitor.hostname,
        "port": monitor.port,
        "status": monitor.status.value,
        "check_interval": -(-monitor.interval_seconds // _SECONDS_PER_MINUTE),
        "check_interval_seconds": monitor.interval_seconds,
        "timeout_seconds": monitor.timeout_seconds,
        "allowed_check_country_codes": monitor.allowed_check_country_codes,
        "notification_email": monitor.notification_email,
        "notification_phone_number": monitor.notification_phone_number,
        "last_checked_at": moment_or_none(monitor.last_checked_at),
        "created_at": moment(monitor.created_at),
        "updated_at": moment(monitor.updated_at),
        "config": config,
    }


def trigger_answer(triggered: Triggered) -> TriggerAnswer:
    codes = [location.code for location in triggered.locations]
    return TriggerAnswer(
        success=True,
        message="Checks triggered successfully",
        smtp_monitor_id=triggered.monitor_id,
        location_codes=codes,
        queue_names=[f"smtp-monitor-checks-{code}" for code in codes],
    )


def history_item(check: CheckRecord) -> HistoryItem:
    timings: dict[str, float] = defaultdict(float)
    for timing in check.phases:
        timings[timing.phase.value] += timing.duration_ms
    return HistoryItem(
        id=check.check_id,
        status=check.status.value,
        error_message=(check.failure.detail or check.failure.kind.value) if check.failure else None,
        warning_message="; ".join(warning.detail or warning.kind.value for warning in check.warnings) or None,
        timing_smtp=round(check.duration_ms),
        diagnostics=_diagnostics(check),
        checked_at=moment(check.started_at + timedelta(milliseconds=check.duration_ms)),
        location_id=check.location_id,
        location_name=check.location_name,
        location_code=check.location_code,
        country_code=check.country_code,
        timings={phase: round(milliseconds, 3) for phase, milliseconds in timings.items()},
        failure=check.failure,
        warnings=check.warnings,
        scheduled_at=moment(check.due_at),
        purpose=check.purpose.value,
    )


def _diagnostics(check: CheckRecord) -> dict[str, Any] | None:
    return {**({"address": check.address} if check.address else {}), **check.facts} or None
