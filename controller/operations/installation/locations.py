"""Disable, enable and remove locations, and say whether their results must be signed."""

from __future__ import annotations

from controller.model import Location
from controller.model.audit import AuditAction
from controller.operations.audit.recording import operator, record_about
from controller.operations.audit.states import object_of
from controller.store.locations import locations as store
from controller.store.locations import signatures
from controller.store.platform.pool import Database


async def switch_location(database: Database, code: str, *, enabled: bool) -> Location | None:
    """None when there is no such location. Raises StoreUnavailableError."""
    action = AuditAction.LOCATION_ENABLED if enabled else AuditAction.LOCATION_DISABLED
    async with database.one_transaction() as own:
        here = await store.set_enabled(own, code, enabled=enabled)
        if here is not None:
            await record_about(own, operator(), action, object_of(here))
    return here


async def remove_location(database: Database, here: Location) -> bool:
    """Remove a disabled location; False when it is enabled, or gone. Raises StoreUnavailableError."""
    async with database.one_transaction() as own:
        if not await store.remove(own, here.code):
            return False
        await record_about(own, operator(), AuditAction.LOCATION_REMOVED, object_of(here))
    return True


async def require_signatures(database: Database, code: str, *, required: bool) -> bool:
    """Refuse unsigned results of a location from now on, or accept them; False when there is no such location.

    Raises StoreUnavailableError.
    """
    action = AuditAction.LOCATION_UNSIGNED_REFUSED if required else AuditAction.LOCATION_UNSIGNED_ALLOWED
    here = await store.by_code(database, code)
    if here is None:
        return False
    async with database.one_transaction() as own:
        if not await signatures.require_signatures(own, code, required=required):
            return False
        await record_about(own, operator(), action, object_of(here))
    return True
