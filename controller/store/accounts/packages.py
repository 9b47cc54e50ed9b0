"""Packages of customers. Every read names an organization, so that no caller reaches into another one by mistake."""

from __future__ import annotations

from controller.decisions.packages import fields_set, policy_of
from controller.model.packages import Package, PackageSettings, UsedPackage
from controller.store.monitors.policies import stored_policy
from controller.store.platform.pool import Connection

MOST = 200
"""How many packages an organization may have."""

_ONE = """
SELECT id, organization_id, package_type, display_name, notes, check_interval_minutes, check_locations,
  alert_consecutive_checks, alert_location_threshold, alert_location_threshold_count, notification_delay_minutes,
  reminder_delay_minutes, alert_reminder_interval, data_retention_months, max_urls, enable_email_alerts,
  enable_sms_alerts, enable_webhook_alerts, enable_integration_alerts, enable_maintenance_windows, enable_pdf_reports,
  enable_post_request_escalation, enable_ssl_check, enable_https_check, enable_status_check, enable_size_check,
  enable_response_time_check, enable_keyword_check, created_at, updated_at
FROM package WHERE organization_id = $1 AND package_type = $2
"""
_ALL = """
SELECT id, organization_id, package_type, display_name, notes, check_interval_minutes, check_locations,
  alert_consecutive_checks, alert_location_threshold, alert_location_threshold_count, notification_delay_minutes,
  reminder_delay_minutes, alert_reminder_interval, data_retention_months, max_urls, enable_email_alerts,
  enable_sms_alerts, enable_webhook_alerts, enable_integration_alerts, enable_maintenance_windows, enable_pdf_reports,
  enable_post_request_escalation, enable_ssl_check, enable_https_check, enable_status_check, enable_size_check,
  enable_response_time_check, enable_keyword_check, created_at, updated_at,
  (
    SELECT count(*) FROM customer
    WHERE customer.organization_id = package.organization_id AND customer.package_type = package.package_type
  ) AS used
FROM package WHERE organization_id = $1 ORDER BY id
"""
_PUT = """
INSERT INTO package (organization_id, package_type, policy, display_name, notes, check_interval_minutes,
  check_locations, alert_consecutive_checks, alert_location_threshold, alert_location_threshold_count,
  notification_delay_minutes, reminder_delay_minutes, alert_reminder_interval, data_retention_months, max_urls,
  enable_email_alerts, enable_sms_alerts, enable_webhook_alerts, enable_integration_alerts,
  enable_maintenance_windows, enable_pdf_reports, enable_post_request_escalation, enable_ssl_check,
  enable_https_check, enable_status_check, enable_size_check, enable_response_time_check, enable_keyword_check)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
  $25, $26, $27, $28)
ON CONFLICT (organization_id, package_type) DO UPDATE SET
  policy = $3, display_name = $4, notes = $5, check_interval_minutes = $6, check_locations = $7,
  alert_consecutive_checks = $8, alert_location_threshold = $9, alert_location_threshold_count = $10,
  notification_delay_minutes = $11, reminder_delay_minutes = $12, alert_reminder_interval = $13,
  data_retention_months = $14, max_urls = $15, enable_email_alerts = $16, enable_sms_alerts = $17,
  enable_webhook_alerts = $18, enable_integration_alerts = $19, enable_maintenance_windows = $20,
  enable_pdf_reports = $21, enable_post_request_escalation = $22, enable_ssl_check = $23, enable_https_check = $24,
  enable_status_check = $25, enable_size_check = $26, enable_response_time_check = $27, enable_keyword_check = $28,
  retention_since = CASE WHEN package.data_retention_months IS DISTINCT FROM $14 THEN clock_timestamp()
    ELSE package.retention_since END,
  updated_at = clock_timestamp()
RETURNING id, organization_id, package_type, created_at, updated_at
"""


async def packages_of(connection: Connection, organization_id: int) -> list[UsedPackage]:
    """Oldest first."""
    rows = [dict(row) for row in await connection.fetch(_ALL, organization_id)]
    return [UsedPackage(used=row.pop("used"), package=Package(**row)) for row in rows]


async def by_type(connection: Connection, organization_id: int, package_type: str | None) -> Package | None:
    """None when the organization has no such package."""
    row = await connection.fetchrow(_ONE, organization_id, package_type)
    return Package(**row) if row else None


async def types_of(connection: Connection, organization_id: int) -> list[str]:
    """The keys of the organization's packages."""
    rows = await connection.fetch("SELECT package_type FROM package WHERE organization_id = $1", organization_id)
    return [row["package_type"] for row in rows]


async def least_minutes(connection: Connection, customer_id: int) -> int | None:
    """The shortest interval between checks that the customer's package allows; None when it says nothing."""
    minutes: int | None = await connection.fetchval(
        """
        SELECT check_interval_minutes FROM customer JOIN package USING (organization_id, package_type)
        WHERE customer.id = $1
        """,
        customer_id,
    )
    return minutes


async def without_maintenance(connection: Connection, organization_id: int, customer_ids: list[int]) -> bool:
    """Whether the package of one of these customers includes no maintenance windows."""
    refused: bool = await connection.fetchval(
        """
        SELECT EXISTS (
          SELECT FROM customer JOIN package USING (organization_id, package_type)
          WHERE organization_id = $1 AND customer.id = ANY ($2::bigint[]) AND NOT enable_maintenance_windows
        )
        """,
        organization_id,
        customer_ids,
    )
    return refused


async def put(connection: Connection, organization_id: int, package_type: str, settings: PackageSettings) -> Package:
    """Make the package, or replace what is set of it."""
    values = fields_set(settings)
    policy = stored_policy(policy_of(settings))
    row = await connection.fetchrow(_PUT, organization_id, package_type, policy, *values.values())
    assert row is not None  # noqa: S101 - it is inserted or updated
    await _announce(connection, organization_id)
    return Package(**values, **row)


async def delete(connection: Connection, package: Package) -> None:
    await connection.execute("DELETE FROM package WHERE id = $1", package.id)
    await _announce(connection, package.organization_id)


async def customers_with(connection: Connection, package: Package) -> int:
    """How many customers have the package."""
    count: int = await connection.fetchval(
        "SELECT count(*) FROM customer WHERE organization_id = $1 AND package_type = $2",
        package.organization_id,
        package.package_type,
    )
    return count


async def _announce(connection: Connection, organization_id: int) -> None:
    """The scheduler plans anew, because a package says from how many locations monitors are checked."""
    await connection.execute("SELECT pg_notify('mailprobe_change', $1)", f"organization:{organization_id}")
