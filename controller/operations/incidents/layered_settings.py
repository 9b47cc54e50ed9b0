"""Settings of an organization, with what differs for a customer: one way to read and change all of their kind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

import msgspec

from controller.model import Principal
from controller.model.audit import AuditAction
from controller.operations.accounts.settings import SettingOwner
from controller.operations.audit.recording import record_about
from controller.store.accounts import organizations
from controller.store.incidents import layered_settings as store
from controller.store.incidents.layered_settings import LayeredColumn
from controller.store.platform.pool import Connection, Database

__all__ = ["LayeredColumn", "LayeredSettings", "LayeredView", "change_settings", "read_settings"]

Own = TypeVar("Own", bound=msgspec.Struct)
InForce = TypeVar("InForce")


class LayeredSettings(msgspec.Struct, Generic[Own, InForce], frozen=True, kw_only=True):
    """One kind of such settings. `own` is what may be set for one owner: each field has a default, which says that the
    owner above decides. `in_force` makes of what is set for the organization and for the customer what holds; `check`
    raises InvalidError for what may not be set. `changed` is called with the organization, in the transaction of a
    change.
    """

    column: LayeredColumn
    own: type[Own]
    in_force: Callable[[Own, Own], InForce]
    check: Callable[[Own], None]
    changed: Callable[[Connection, int], Awaitable[None]] | None = None


class LayeredView(msgspec.Struct, Generic[Own, InForce], frozen=True):
    """What is set for an owner, and what holds for it."""

    own: Own
    in_force: InForce


async def read_settings(
    database: Database, settings: LayeredSettings[Own, InForce], owner: SettingOwner
) -> LayeredView[Own, InForce]:
    """Of an owner that the caller may manage."""
    async with database.connection() as connection:
        found = await store.stored(connection, settings.column, owner.organization_id, owner.customer_id)
    organization, customer = (msgspec.convert(one, settings.own) for one in found)
    own = organization if owner.customer_id is None else customer
    return LayeredView(own, settings.in_force(organization, customer))


async def change_settings(
    database: Database,
    principal: Principal,
    settings: LayeredSettings[Own, InForce],
    owner: SettingOwner,
    new: Own,
    *,
    require_state: Callable[[LayeredView[Own, InForce]], None] | None = None,
) -> LayeredView[Own, InForce]:
    """Have this, and nothing else, set for an owner that the caller may manage. `require_state` may refuse what is now,
    by an error. Raises InvalidError.
    """
    settings.check(new)
    async with database.one_transaction() as own:
        await organizations.lock(own, owner.organization_id)
        before = await read_settings(own, settings, owner)
        if require_state is not None:
            require_state(before)
        async with own.connection() as connection:
            await store.store(
                connection, settings.column, owner.organization_id, owner.customer_id, msgspec.to_builtins(new)
            )
            if settings.changed is not None:
                await settings.changed(connection, owner.organization_id)
        is_customer = owner.customer_id is not None
        action = AuditAction.CUSTOMER_CHANGED if is_customer else AuditAction.ORGANIZATION_CHANGED
        await record_about(
            own,
            principal,
            action,
            owner.what,
            before=_fields(settings, before.own),
            after=_fields(settings, new),
        )
        return await read_settings(own, settings, owner)


def _fields(settings: LayeredSettings[Any, Any], own: msgspec.Struct) -> dict[str, Any]:
    return {settings.column.value: msgspec.to_builtins(own)}
