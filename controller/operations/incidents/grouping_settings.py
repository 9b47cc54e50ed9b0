"""Read and change how incidents of one cause are reported together, of an organization or of one customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from controller.decisions.access import Permission, limits_to
from controller.decisions.notification.grouping import GroupingSettings, settings_of
from controller.errors import NotFoundError
from controller.model import Principal
from controller.model.audit import AuditAction, AuditObject, ObjectKind
from controller.operations.access import require
from controller.operations.accounts.customers import customer_for
from controller.operations.audit.recording import record_about
from controller.store.accounts import organizations
from controller.store.incidents import groups as store
from controller.store.platform.pool import Database


class GroupingView(msgspec.Struct, frozen=True):
    """What is set for an owner, by the names of GroupingSettings, and what holds."""

    own: Mapping[str, Any]
    settings: GroupingSettings


class _Owner(msgspec.Struct, frozen=True):
    organization_id: int
    customer_id: int | None
    what: AuditObject


async def organization_grouping(database: Database, principal: Principal, public_id: UUID) -> GroupingView:
    """Raises NotFoundError, ForbiddenError."""
    return await _view(database, await _organization(database, principal, public_id))


async def customer_grouping(database: Database, principal: Principal, public_id: UUID) -> GroupingView:
    """Raises NotFoundError, ForbiddenError."""
    return await _view(database, await _customer(database, principal, public_id))


async def set_organization_grouping(
    database: Database, principal: Principal, public_id: UUID, new: Mapping[str, Any]
) -> GroupingView:
    """Raises NotFoundError, ForbiddenError."""
    return await _set(database, principal, await _organization(database, principal, public_id), new)


async def set_customer_grouping(
    database: Database, principal: Principal, public_id: UUID, new: Mapping[str, Any]
) -> GroupingView:
    """What is left out is as the organization says. Raises NotFoundError, ForbiddenError."""
    return await _set(database, principal, await _customer(database, principal, public_id), new)


async def _organization(database: Database, principal: Principal, public_id: UUID) -> _Owner:
    found = await organizations.by_public_id(database, limits_to(principal), public_id)
    if found is None:
        raise NotFoundError
    require(principal, Permission.MANAGE_CHANNELS, found.id, None)
    what = AuditObject(kind=ObjectKind.ORGANIZATION, id=str(found.public_id), name=found.name, organization_id=found.id)
    return _Owner(found.id, None, what)


async def _customer(database: Database, principal: Principal, public_id: UUID) -> _Owner:
    found = await customer_for(database, principal, Permission.MANAGE_CHANNELS, public_id)
    what = AuditObject(
        kind=ObjectKind.CUSTOMER, id=str(found.public_id), name=found.name, organization_id=found.organization_id
    )
    return _Owner(found.organization_id, found.id, what)


async def _view(database: Database, owner: _Owner) -> GroupingView:
    async with database.connection() as connection:
        organization, customer = await store.stored_settings(connection, owner.organization_id, owner.customer_id)
    return GroupingView(organization if owner.customer_id is None else customer, settings_of(organization, customer))


async def _set(database: Database, principal: Principal, owner: _Owner, new: Mapping[str, Any]) -> GroupingView:
    async with database.one_transaction() as own:
        await organizations.lock(own, owner.organization_id)
        before = await _view(own, owner)
        async with own.connection() as connection:
            await store.set_settings(connection, owner.organization_id, owner.customer_id, new)
        is_customer = owner.customer_id is not None
        action = AuditAction.CUSTOMER_CHANGED if is_customer else AuditAction.ORGANIZATION_CHANGED
        await record_about(
            own, principal, action, owner.what, before={"grouping": dict(before.own)}, after={"grouping": dict(new)}
        )
        return await _view(own, owner)
