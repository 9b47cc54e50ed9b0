"""Change a maintenance window: found, locked, expanded and put into effect in one transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from uuid import UUID

from controller.decisions.access import Permission, limits_to
from controller.errors import NotFoundError
from controller.model import Principal
from controller.model.maintenance import MaintenanceWindow, NewWindow, TargetNumbers
from controller.operations.access import require
from controller.store.maintenance import borders, occurring
from controller.store.maintenance import windows as store
from controller.store.maintenance.zone_data import zone_data_version
from controller.store.platform.pool import Connection, Database
from shared.clock import utc_now

NOT_FOUND = "Maintenance window not found"


@asynccontextmanager
async def changing(
    database: Database, principal: Principal, identifier: int | UUID
) -> AsyncIterator[tuple[Database, MaintenanceWindow]]:
    """A transaction, and the window, whose row is locked in it. Raises NotFoundError, ForbiddenError."""
    async with database.one_transaction() as own:
        async with own.connection() as connection:
            await store.lock(connection, limits_to(principal), identifier)
            found = await found_window(connection, principal, Permission.PLAN_MAINTENANCE, identifier)
        yield own, found


async def found_window(
    connection: Connection, principal: Principal, permission: Permission, identifier: int | UUID
) -> MaintenanceWindow:
    """Raises NotFoundError, ForbiddenError."""
    found = await store.by_identifier(connection, limits_to(principal), identifier)
    if found is None:
        raise NotFoundError(NOT_FOUND)
    limits = principal.customer_ids
    if limits is not None and found.customer_id not in limits:
        raise NotFoundError(NOT_FOUND)
    require(principal, permission, found.organization_id, found.customer_id, not_found=NOT_FOUND)
    return found


async def written(
    database: Database, organization_id: int, number: int, *, anew: bool, besides: Collection[int] = ()
) -> MaintenanceWindow:
    """The window after it was stored: its occurrences are written, and what begins or ends by it does, also for the
    monitors that it was for before (`besides`). With `anew` its times were changed.
    """
    async with database.connection() as connection:
        await occurring.expand(connection, number, utc_now(), zone_data_version(), anew=anew)
        return await in_effect(connection, organization_id, number, besides=besides)


async def in_effect(
    connection: Connection, organization_id: int, number: int, *, besides: Collection[int] = ()
) -> MaintenanceWindow:
    """The window after its occurrences changed."""
    await settle_monitors(connection, {*besides, *await borders.monitors_of(connection, number)})
    found = await store.by_identifier(connection, organization_id, number)
    if found is None:
        raise NotFoundError(NOT_FOUND)
    return found


async def settle_monitors(connection: Connection, monitors: Collection[int]) -> None:
    """Begin and end what the windows of these monitors say."""
    locked = await borders.lock(connection, monitors, wait=True)
    if locked:
        await borders.apply(connection, locked, await borders.applied_until(connection), utc_now())


def as_new(window: MaintenanceWindow) -> NewWindow:
    """A stored window with all that can be changed of it."""
    return NewWindow(
        organization_id=window.organization_id,
        customer_id=window.customer_id,
        name=window.name,
        description=window.description,
        time_zone=window.time_zone,
        start=window.start,
        end=window.end,
        recurrence=window.recurrence,
        effect=window.effect,
        enabled=window.enabled,
        targets=TargetNumbers(
            monitors=frozenset(one.id for one in window.targets.monitors),
            customers=frozenset(one.id for one in window.targets.customers),
            locations=frozenset(one.id for one in window.targets.locations),
            labels=frozenset(window.targets.labels),
            organization=window.targets.organization,
        ),
        made_by=None,
    )
