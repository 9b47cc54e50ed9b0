"""Read and change how incidents of one cause are reported together, of an organization or of one customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from controller.decisions.notification.grouping import GroupingSettings, settings_of
from controller.model import Principal
from controller.model.audit import AuditAction
from controller.operations.accounts.settings import SettingOwner, customer_owner, organization_owner
from controller.operations.audit.recording import record_about
from controller.store.accounts import organizations
from controller.store.incidents import groups as store
from controller.store.platform.pool import Database


class GroupingView(msgspec.Struct, frozen=True):
    """What is set for an owner, by the names of GroupingSettings, and what holds."""

    own: Mapping[str, Any]
    settings: GroupingSettings


async def organization_grouping(database: Database, principal: Principal, public_id: UUID) -> GroupingView:
    """Raises NotFoundError, ForbiddenError."""
    return await _view(database, await organization_owner(database, principal, public_id))


async def customer_grouping(database: Database, principal: Principal, public_id: UUID) -> GroupingView:
    """Raises NotFoundError, ForbiddenError."""
    return await _view(database, await customer_owner(database, principal, public_id))


async def set_organization_grouping(
    database: Database, principal: Principal, public_id: UUID, new: Mapping[str, Any]
) -> GroupingView:
    """Raises NotFoundError, ForbiddenError."""
    return await _set(database, principal, await organization_owner(database, principal, public_id), new)


async def set_customer_grouping(
    database: Database, principal: Principal, public_id: UUID, new: Mapping[str, Any]
) -> GroupingView:
    """What is left out is as the organization says. Raises NotFoundError, ForbiddenError."""
    return await _set(database, principal, await customer_owner(database, principal, public_id), new)


async def _view(database: Database, owner: SettingOwner) -> GroupingView:
    async with database.connection() as connection:
        organization, customer = await store.stored_settings(connection, owner.organization_id, owner.customer_id)
    return GroupingView(organization if owner.customer_id is None else customer, settings_of(organization, customer))


async def _set(database: Database, principal: Principal, owner: SettingOwner, new: Mapping[str, Any]) -> GroupingView:
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
