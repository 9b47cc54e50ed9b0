"""What a body changes in an organization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from controller.api.v1.organizations.defaults import defaults_to_store
from controller.api.v1.organizations.schemas import OrganizationPatch
from controller.model import Location
from controller.operations.accounts.organizations import OrganizationChange
from controller.operations.accounts.retention import RetentionChange
from controller.operations.accounts.settings import SettingsChange

_STORED = {
    "name": "name",
    "company_name": "company_name",
    "street": "street",
    "postal_code": "postal_code",
    "city": "city",
    "country": "country",
    "vat_id": "vat_id",
    "billing_email": "billing_email",
    "countries": "allowed_check_country_codes",
    "time_zone": "time_zone",
}


def settings_change(body: OrganizationPatch, locations: Sequence[Location]) -> SettingsChange:
    """Raises InvalidError."""
    values: dict[str, Any] = {
        stored: value for name, stored in _STORED.items() if (value := getattr(body, name)) is not UNSET
    }
    for name, switches in (
        ("default_notification_channels", body.notification_channels),
        ("default_notification_targets", body.notification_targets),
    ):
        if not isinstance(switches, UnsetType):
            values[name] = _members(switches)
    if body.notification_rules is not UNSET:
        values["default_notification_rules"] = msgspec.to_builtins(body.notification_rules)
    retention = None
    if body.keep_results_days is not UNSET or body.keep_rollups_months is not UNSET:
        retention = RetentionChange(results_days=body.keep_results_days, rollups_months=body.keep_rollups_months)
    return SettingsChange(
        organization=OrganizationChange(**values) if values else None,
        retention=retention,
        defaults={} if isinstance(body.defaults, UnsetType) else defaults_to_store(body.defaults, locations),
    )


def _members(switches: msgspec.Struct) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(switches).items() if value is not UNSET}
