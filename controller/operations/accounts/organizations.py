"""Read and change the organization that a principal works in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from controller.decisions.access import GLOBAL, Permission, Reach, limits_to, reaches
from controller.decisions.breaches import Breaches
from controller.decisions.maintenance.time_zones import check_time_zone
from controller.decisions.monitors.monitors import check_email, check_name
from controller.decisions.notification.rules import check_rules, with_rules
from controller.errors import ForbiddenError, NotFoundError
from controller.kinds import check_types
from controller.model import Organization, Principal
from controller.model.audit import AuditAction
from controller.model.values.countries import country_list
from controller.model.values.texts import check_text
from controller.operations.audit.recording import Deciding, record
from controller.store.accounts import organizations as store
from controller.store.platform.pool import Database

_TEXTS = {
    "company_name": "companyName",
    "street": "street",
    "postal_code": "postalCode",
    "city": "city",
    "country": "country",
    "vat_id": "vatId",
}


class OrganizationChange(msgspec.Struct, frozen=True, kw_only=True):
    """New values; a field that is unset keeps its value. Of the defaults for notifications only the given
    keys are replaced; None removes one.
    """

    name: str | UnsetType = UNSET
    company_name: str | UnsetType | None = UNSET
    street: str | UnsetType | None = UNSET
    postal_code: str | UnsetType | None = UNSET
    city: str | UnsetType | None = UNSET
    country: str | UnsetType | None = UNSET
    vat_id: str | UnsetType | None = UNSET
    billing_email: str | UnsetType | None = UNSET
    allowed_check_country_codes: list[str] | UnsetType | None = UNSET
    default_notification_channels: dict[str, Any] | UnsetType = UNSET
    default_notification_targets: dict[str, Any] | UnsetType = UNSET
    default_notification_rules: Mapping[str, Any] | UnsetType | None = UNSET
    time_zone: str | UnsetType = UNSET


async def get_organization(database: Database, principal: Principal, public_id: UUID | None = None) -> Organization:
    """The principal's organization, or the one with this public id. Raises NotFoundError."""
    if public_id is None:
        found = await store.by_id(database, principal.organization_id)
    else:
        found = await store.by_public_id(database, limits_to(principal), public_id)
    if found is None:
        raise NotFoundError
    return found


async def organization_names(database: Database, principal: Principal) -> list[tuple[int, str]]:
    """Number and name of every organization, for those who may work in any. Raises ForbiddenError."""
    if principal.role not in GLOBAL:
        raise ForbiddenError
    return await store.names(database)


async def update_organization(
    database: Database, principal: Principal, change: OrganizationChange, *, every_breach: bool = False
) -> Organization:
    """Raises InvalidError, with `every_breach` of a rule or the first, and ForbiddenError."""
    number = principal.organization_id
    if reaches(principal, Permission.MANAGE_ORGANIZATION, organization_id=number) is not Reach.ALLOWED:
        raise ForbiddenError
    deciding = Deciding[Organization](lambda organization: _changed(organization, change, every=every_breach))
    async with database.one_transaction() as own:
        changed = await store.change(own, number, deciding)
        if changed is None:
            raise NotFoundError
        await record(own, principal, AuditAction.ORGANIZATION_CHANGED, before=deciding.before, after=changed)
    return changed


def _changed(organization: Organization, change: OrganizationChange, *, every: bool) -> Organization:
    found = Breaches()
    values = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not UNSET}
    if "allowed_check_country_codes" in values:
        codes = values["allowed_check_country_codes"]
        with found.noted():
            values["allowed_check_country_codes"] = country_list(codes, field="allowedCheckCountryCodes")
    if "name" in values:
        values["name"] = values["name"].strip()
    for defaults in ("default_notification_channels", "default_notification_targets"):
        if defaults in values:
            merged = (getattr(organization, defaults) or {}) | values[defaults]
            values[defaults] = {name: value for name, value in merged.items() if value is not None}
    if "default_notification_rules" in values:
        sent = values.pop("default_notification_rules")
        with found.noted():
            check_rules(sent, check_types(), field="defaultNotificationRules")
            values["default_notification_rules"] = with_rules(organization.default_notification_rules, sent)
    changed = msgspec.structs.replace(organization, **values)
    with found.noted():
        check_name(changed.name)
    for name, field in _TEXTS.items():
        with found.noted():
            check_text(getattr(changed, name), field=field)
    with found.noted():
        check_email(changed.billing_email, field="billingEmail")
    with found.noted():
        check_time_zone(changed.time_zone)
    found.refuse(every=every)
    return changed


async def time_zone_of(database: Database, organization_id: int) -> str:
    """The name of the zone in which the organization reads times."""
    found = await store.by_id(database, organization_id)
    return found.time_zone if found else "UTC"
