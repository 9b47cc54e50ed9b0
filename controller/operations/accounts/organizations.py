"""Read and change the organization that a principal works in."""

from __future__ import annotations

from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

import msgspec
from msgspec import UNSET, UnsetType

from controller.decisions.access import GLOBAL, Permission, Reach, limits_to, reaches
from controller.decisions.monitors.monitors import check_name, is_email
from controller.errors import ForbiddenError, InvalidError, NotFoundError
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
    """New values; a field that is unset keeps its value. Of the two defaults only the given keys are replaced."""

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


async def update_organization(database: Database, principal: Principal, change: OrganizationChange) -> Organization:
    """Raises InvalidError, ForbiddenError."""
    number = principal.organization_id
    if reaches(principal, Permission.MANAGE_ORGANIZATION, organization_id=number) is not Reach.ALLOWED:
        raise ForbiddenError
    deciding = Deciding[Organization](lambda organization: _changed(organization, change))
    async with database.one_transaction() as own:
        changed = await store.change(own, number, deciding)
        if changed is None:
            raise NotFoundError
        await record(own, principal, AuditAction.ORGANIZATION_CHANGED, before=deciding.before, after=changed)
    return changed


def _changed(organization: Organization, change: OrganizationChange) -> Organization:
    values = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not UNSET}
    if "allowed_check_country_codes" in values:
        codes = values["allowed_check_country_codes"]
        values["allowed_check_country_codes"] = country_list(codes, field="allowedCheckCountryCodes")
    for defaults in ("default_notification_channels", "default_notification_targets"):
        if defaults in values:
            values[defaults] = (getattr(organization, defaults) or {}) | values[defaults]
    changed = msgspec.structs.replace(organization, **values)
    check_name(changed.name)
    for name, field in _TEXTS.items():
        check_text(getattr(changed, name), field=field)
    if changed.billing_email is not None and not is_email(changed.billing_email):
        raise InvalidError("billingEmail", "must be an e-mail address, or null")
    if changed.time_zone not in available_timezones():
        raise InvalidError("timeZone", "must be the name of a time zone, as Europe/Berlin")
    return changed
