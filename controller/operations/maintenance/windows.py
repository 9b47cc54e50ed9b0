"""Plan maintenance windows: make, read, change and delete them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from controller.decisions.access import Permission, permits
from controller.decisions.maintenance.rules import EARLIEST, MOST_WINDOWS, check_window
from controller.errors import ForbiddenError, InvalidError, InvalidFieldsError
from controller.model import Principal
from controller.model.audit import AuditAction
from controller.model.maintenance import Effect, MaintenanceWindow, NewWindow, Recurrence, TargetNumbers
from controller.operations.audit.recording import record
from controller.operations.maintenance.changing import as_new, changing, found_window, settle_monitors, written
from controller.operations.maintenance.targets import Owned, WindowTargetsChange, named, resolve
from controller.store.accounts import organizations
from controller.store.maintenance import borders
from controller.store.maintenance import windows as store
from controller.store.platform.pool import Database

T = TypeVar("T")


class WindowChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent of a window. What is left out stays as it is; a new window needs `name`, `start`, `end` (None:
    without an end) and `targets`. Its `time_zone` is the organization's unless it is sent. With `customer` (a number or
    public id) the window is only for monitors of that customer.
    """

    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    time_zone: str | UnsetType = UNSET
    start: datetime | UnsetType = UNSET
    end: datetime | UnsetType | None = UNSET
    recurrence: Recurrence | UnsetType | None = UNSET
    effect: Effect | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    targets: WindowTargetsChange | UnsetType = UNSET
    customer: int | UUID | UnsetType | None = UNSET


async def create_window(database: Database, principal: Principal, change: WindowChange) -> MaintenanceWindow:
    """Make a window. Raises InvalidFieldsError with the fields of `/api/v1/maintenance-windows`, UnknownCustomerError,
    ForbiddenError, OrganizationRequiredError.
    """
    organization_id = principal.organization_id
    async with database.one_transaction() as own, own.connection() as connection:
        new = await planned(own, principal, change)
        if await store.how_many(connection, organization_id) >= MOST_WINDOWS:
            raise InvalidError("organization", f"must have at most {MOST_WINDOWS} maintenance windows")
        number = await store.insert(connection, new)
        made = await written(own, organization_id, number, anew=True)
        await record(own, principal, AuditAction.MAINTENANCE_CREATED, after=made)
    return made


async def planned(
    database: Database, principal: Principal, change: WindowChange, before: MaintenanceWindow | None = None
) -> NewWindow:
    """What `change` makes of a window, or of a new one; nothing is stored. Raises what `create_window` raises."""
    if not permits(principal, Permission.PLAN_MAINTENANCE):
        raise ForbiddenError
    if before is None:
        missing = [name for name in ("name", "start", "end", "targets") if getattr(change, name) is UNSET]
        if missing:
            raise InvalidFieldsError([InvalidError(name, "is required") for name in missing])
        window = await _empty(database, principal)
    else:
        window = as_new(before)
    owned = Owned(window.targets, window.customer_id)
    if change.targets is not UNSET or change.customer is not UNSET:
        customer = _or(change.customer, window.customer_id if change.targets is UNSET else None)
        meant = named(before) if before is not None else WindowTargetsChange()
        owned = await resolve(database, principal, window.organization_id, _or(change.targets, meant), customer)
    new = _with(window, change, owned)
    if before is None or new != window:
        check_window(new)
    return new


async def change_window(
    database: Database,
    principal: Principal,
    identifier: int | UUID,
    change: WindowChange | Callable[[MaintenanceWindow], WindowChange],
    *,
    on_found: Callable[[MaintenanceWindow], None] = lambda _: None,
) -> MaintenanceWindow:
    """Change what is sent, or what a caller decides by the stored window, which is locked then. `on_found` may
    refuse it. Raises what `create_window` raises, and NotFoundError.
    """
    async with changing(database, principal, identifier) as (own, before):
        on_found(before)
        if not isinstance(change, WindowChange):
            change = change(before)
        new = await planned(own, principal, change, before)
        if new == as_new(before):
            return before
        if before.of_status is not None:
            raise InvalidError(
                "status", "is what this window stands for: change that of the monitor, or end the window"
            )
        async with own.connection() as connection:
            affected = await borders.monitors_of(connection, before.id)
            await store.change(connection, before.id, new)
        times = ("time_zone", "start", "end", "recurrence")
        anew = any(getattr(new, name) != getattr(before, name) for name in times)
        after = await written(own, before.organization_id, before.id, anew=anew, besides=affected)
        await record(own, principal, AuditAction.MAINTENANCE_CHANGED, before=before, after=after)
    return after


async def delete_window(
    database: Database,
    principal: Principal,
    identifier: int | UUID,
    *,
    on_found: Callable[[MaintenanceWindow], None] = lambda _: None,
) -> MaintenanceWindow:
    """Delete a window, and return it as it was; maintenance that is under way by it ends. Raises NotFoundError,
    ForbiddenError.
    """
    async with changing(database, principal, identifier) as (own, before):
        on_found(before)
        async with own.connection() as connection:
            affected = await borders.monitors_of(connection, before.id)
            await store.delete(connection, [before.id])
            await settle_monitors(connection, affected)
        await record(own, principal, AuditAction.MAINTENANCE_DELETED, before=before)
    return before


async def get_window(database: Database, principal: Principal, identifier: int | UUID) -> MaintenanceWindow:
    """Raises NotFoundError, ForbiddenError."""
    async with database.connection() as connection:
        return await found_window(connection, principal, Permission.READ, identifier)


async def list_windows(
    database: Database, principal: Principal, *, organization_id: int | None = None, monitor_id: int | None = None
) -> list[MaintenanceWindow]:
    """The windows of an organization (None: the caller's), oldest first; whoever is limited to some customers sees
    those of these. With `monitor_id` only those for this monitor.
    """
    if not permits(principal, Permission.READ):
        raise ForbiddenError
    async with database.connection() as connection:
        return await store.windows_of(
            connection,
            principal.organization_id if organization_id is None else organization_id,
            principal.customer_ids,
            monitor_id=monitor_id,
        )


async def _empty(database: Database, principal: Principal) -> NewWindow:
    organization = await organizations.by_id(database, principal.organization_id)
    return NewWindow(
        organization_id=principal.organization_id,
        customer_id=None,
        name="",
        description=None,
        time_zone=organization.time_zone if organization else "UTC",
        start=EARLIEST,
        end=None,
        recurrence=None,
        effect=Effect.SILENCE,
        enabled=True,
        targets=TargetNumbers(),
        made_by=principal.account_id,
    )


def _with(window: NewWindow, change: WindowChange, owned: Owned) -> NewWindow:
    values = {
        name: value
        for name, value in msgspec.structs.asdict(change).items()
        if value is not UNSET and name not in ("targets", "customer")
    }
    return msgspec.structs.replace(window, **values, targets=owned.targets, customer_id=owned.customer_id)


def _or(value: T | UnsetType, other: T) -> T:
    return other if value is UNSET else value
