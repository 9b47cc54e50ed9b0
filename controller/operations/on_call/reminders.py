"""Read and change whether and when receivers are reminded, of an organization or of one customer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from controller.decisions.on_call.reminders import ReminderTimes, check_reminders, in_force
from controller.model import Principal
from controller.model.audit import AuditAction
from controller.model.notification.on_call import Reminders
from controller.operations.accounts.settings import SettingOwner, customer_owner, organization_owner
from controller.operations.audit.recording import record_about
from controller.store.accounts import organizations
from controller.store.on_call import due
from controller.store.on_call import settings as store
from controller.store.platform.pool import Database


class RemindersView(msgspec.Struct, frozen=True):
    """What is set for an owner, and what holds."""

    own: Reminders
    times: ReminderTimes


async def organization_reminders(database: Database, principal: Principal, public_id: UUID) -> RemindersView:
    """Raises NotFoundError, ForbiddenError."""
    return await _view(database, await organization_owner(database, principal, public_id))


async def customer_reminders(database: Database, principal: Principal, public_id: UUID) -> RemindersView:
    """Raises NotFoundError, ForbiddenError."""
    return await _view(database, await customer_owner(database, principal, public_id))


async def set_organization_reminders(
    database: Database, principal: Principal, public_id: UUID, new: Reminders
) -> RemindersView:
    """Raises InvalidError, NotFoundError, ForbiddenError."""
    return await _set(database, principal, await organization_owner(database, principal, public_id), new)


async def set_customer_reminders(
    database: Database, principal: Principal, public_id: UUID, new: Reminders
) -> RemindersView:
    """What is None is as the organization says. Raises InvalidError, NotFoundError, ForbiddenError."""
    return await _set(database, principal, await customer_owner(database, principal, public_id), new)


async def _view(database: Database, owner: SettingOwner) -> RemindersView:
    async with database.connection() as connection:
        organization, customers = await store.reminders_of(connection, owner.organization_id)
    if owner.customer_id is None:
        return RemindersView(organization or Reminders(), in_force(organization))
    own = customers.get(owner.customer_id)
    return RemindersView(own or Reminders(), in_force(organization, own))


async def _set(database: Database, principal: Principal, owner: SettingOwner, new: Reminders) -> RemindersView:
    check_reminders(new, field="")
    async with database.one_transaction() as own:
        await organizations.lock(own, owner.organization_id)
        before = await _view(own, owner)
        async with own.connection() as connection:
            await store.set_reminders(connection, owner.organization_id, owner.customer_id, new)
            await due.review_all(connection, owner.organization_id)
        is_customer = owner.customer_id is not None
        action = AuditAction.CUSTOMER_CHANGED if is_customer else AuditAction.ORGANIZATION_CHANGED
        await record_about(own, principal, action, owner.what, before=_fields(before.own), after=_fields(new))
        return await _view(own, owner)


def _fields(reminders: Reminders) -> dict[str, Any]:
    return {"reminders": msgspec.to_builtins(reminders)}
