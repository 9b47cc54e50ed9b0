"""Whose settings are read or changed: an organization's, or those of one of its customers."""

from __future__ import annotations

from uuid import UUID

import msgspec

from controller.decisions.access import Permission, limits_to
from controller.errors import NotFoundError
from controller.model import Principal
from controller.model.audit import AuditObject, ObjectKind
from controller.operations.access import require
from controller.operations.accounts.customers import customer_for
from controller.store.accounts import organizations
from controller.store.platform.pool import Database


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
