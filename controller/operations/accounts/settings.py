"""Everything that is set for an organization as a whole: its data, what new monitors take, and how long history is
kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from controller.decisions.access import Permission, limits_to
from controller.decisions.breaches import Breaches
from controller.decisions.monitors.defaults import AccountDefaults
from controller.errors import InvalidError, InvalidFieldsError, NotFoundError
from controller.model import Principal
from controller.model.audit import AuditObject, ObjectKind
from controller.operations.access import require
from controller.operations.accounts.customers import customer_for
from controller.operations.accounts.defaults import change_defaults
from controller.operations.accounts.organizations import OrganizationChange, update_organization
from controller.operations.accounts.retention import (
    OrganizationRetention,
    RetentionChange,
    change_retention,
    get_retention,
)
from controller.store.accounts import defaults as defaults_store
from controller.store.accounts import organizations
from controller.store.platform.pool import Database


class OrganizationSettings(msgspec.Struct, frozen=True, kw_only=True):
    """An organization with how long it keeps its history, and the defaults of its new monitors."""

    retention: OrganizationRetention
    defaults: AccountDefaults


class SettingsChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is changed together. None and an empty map change nothing. `defaults` are fields of AccountDefaults."""

    organization: OrganizationChange | None = None
    retention: RetentionChange | None = None
    defaults: Mapping[str, Any] = {}


async def get_settings(
    database: Database, principal: Principal, public_id: UUID, now: datetime
) -> OrganizationSettings:
    """Raises NotFoundError."""
    retention = await get_retention(database, principal, public_id, now)
    defaults = await defaults_store.defaults_of(database, retention.organization.id)
    return OrganizationSettings(retention=retention, defaults=defaults)


async def change_settings(
    database: Database,
    principal: Principal,
    public_id: UUID,
    change: SettingsChange,
    expect: Callable[[OrganizationSettings], None],
    now: datetime,
) -> OrganizationSettings:
    """Change all of it or nothing. `expect` looks at the settings as they are, while they are locked, and raises what
    it will. Raises InvalidFieldsError for every breach of a rule, NotFoundError, ForbiddenError.
    """
    organization = await organizations.by_public_id(database, limits_to(principal), public_id)
    if organization is None:
        raise NotFoundError
    require(principal, Permission.MANAGE_ORGANIZATION, organization.id, None)
    here = msgspec.structs.replace(principal, works_in=organization.id)
    found = Breaches()
    async with database.one_transaction() as own:
        await organizations.lock(own, organization.id)
        expect(await get_settings(own, here, public_id, now))
        if change.organization is not None:
            with found.noted():
                await update_organization(own, here, change.organization, every_breach=True)
        if change.defaults:
            with found.noted():
                try:
                    await change_defaults(own, here, change.defaults)
                except InvalidError as error:
                    raise InvalidFieldsError(list(map(_by_code, error.fields))) from error
        if change.retention is not None:
            with found.noted():
                await change_retention(own, here, public_id, change.retention, dry_run=False, now=now)
        found.refuse(every=True)
        return await get_settings(own, here, public_id, now)


def _by_code(error: InvalidError) -> InvalidError:
    """The rule of a home location names locations by numbers, which our own callers do not know."""
    return InvalidError("home_location", "must be one of locations") if error.field == "home_location" else error


async def try_settings(
    database: Database, principal: Principal, public_id: UUID, change: SettingsChange, now: datetime
) -> OrganizationSettings:
    """How long history would be kept; nothing is changed. Raises InvalidError, NotFoundError, ForbiddenError."""
    if change.organization is not None or change.defaults:
        raise InvalidError("dryRun", "is for keepResultsDays and keepRollupsMonths alone")
    held = await get_settings(database, principal, public_id, now)
    retention = await change_retention(
        database, principal, public_id, change.retention or RetentionChange(), dry_run=True, now=now
    )
    return msgspec.structs.replace(held, retention=retention)


class SettingOwner(msgspec.Struct, frozen=True):
    """An organization or, with its number, a customer; `what` names it in the audit log."""

    organization_id: int
    customer_id: int | None
    what: AuditObject


async def organization_owner(database: Database, principal: Principal, public_id: UUID) -> SettingOwner:
    """Whoever manages its channels may. Raises NotFoundError, ForbiddenError."""
    found = await organizations.by_public_id(database, limits_to(principal), public_id)
    if found is None:
        raise NotFoundError
    require(principal, Permission.MANAGE_CHANNELS, found.id, None)
    what = AuditObject(kind=ObjectKind.ORGANIZATION, id=str(found.public_id), name=found.name, organization_id=found.id)
    return SettingOwner(found.id, None, what)


async def customer_owner(database: Database, principal: Principal, public_id: UUID) -> SettingOwner:
    """Whoever manages its channels may. Raises NotFoundError, ForbiddenError."""
    found = await customer_for(database, principal, Permission.MANAGE_CHANNELS, public_id)
    what = AuditObject(
        kind=ObjectKind.CUSTOMER, id=str(found.public_id), name=found.name, organization_id=found.organization_id
    )
    return SettingOwner(found.organization_id, found.id, what)
