"""On which others a monitor depends: read and change it.

Who may not see some of them neither learns of them nor removes them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

import msgspec

from controller.decisions.access import Permission, Reach, may_change, reaches
from controller.errors import ForbiddenError, InvalidError
from controller.model import Monitor, Principal
from controller.model.audit import AuditAction
from controller.operations.audit.recording import record_about
from controller.operations.audit.states import object_of
from controller.operations.monitors.monitors import Kinds, get_monitor, monitor_for
from controller.store.monitors import dependencies as store
from controller.store.monitors.dependencies import LinkedMonitor
from controller.store.platform.pool import Connection, Database

__all__ = [
    "FIELD",
    "MOST_CHILDREN",
    "MOST_PARENTS",
    "Dependencies",
    "LinkedMonitor",
    "dependencies_of",
    "hold_parents",
    "sees",
    "set_parents",
]

FIELD = "dependsOn"
MOST_PARENTS = 10
MOST_CHILDREN = 100


class Dependencies(msgspec.Struct, frozen=True, kw_only=True):
    """The monitors on which one depends, and those that depend on it, MOST_CHILDREN at most."""

    parents: list[LinkedMonitor]
    children: list[LinkedMonitor]


async def dependencies_of(
    database: Database, principal: Principal, kinds: Kinds, identifier: int | UUID
) -> Dependencies:
    """As far as the principal may see them. Raises NotFoundError, ForbiddenError."""
    monitor = await get_monitor(database, principal, kinds, identifier)
    async with database.connection() as connection:
        return await _visible(connection, principal, monitor)


async def hold_parents(database: Database, principal: Principal, kinds: Kinds, identifier: UUID) -> None:
    """Until the transaction ends, nobody else changes on which monitors this one depends. Call it before the monitor is
    locked. Raises NotFoundError, ForbiddenError.
    """
    monitor = await monitor_for(database, principal, Permission.CHANGE, kinds, identifier)
    async with database.connection() as connection:
        await store.lock(connection, monitor.organization_id)


async def set_parents(
    database: Database,
    principal: Principal,
    kinds: Kinds,
    identifier: UUID,
    parents: Sequence[UUID],
    *,
    require_state: Callable[[Dependencies], None] | None = None,
) -> Dependencies:
    """Have the monitor depend on these, besides those that the principal may not see. `require_state` may refuse what
    is now.

    Raises InvalidError, NotFoundError, ForbiddenError, PreconditionFailedError.
    """
    if not may_change(principal, {FIELD}):
        raise ForbiddenError
    monitor = await monitor_for(database, principal, Permission.CHANGE, kinds, identifier)
    given = list(dict.fromkeys(parents))
    async with database.one_transaction() as own, own.connection() as connection:
        await store.lock(connection, monitor.organization_id)
        now = await _visible(connection, principal, monitor)
        if require_state is not None:
            require_state(now)
        if {one.public_id for one in now.parents} == set(given):
            return now
        before = await store.parents(connection, monitor.id)
        hidden = [one for one in before if not sees(principal, monitor.organization_id, one)]
        chosen = await _checked(connection, principal, monitor, given)
        after = [*hidden, *chosen]
        if len(after) > MOST_PARENTS:
            raise InvalidError(FIELD, f"must be at most {MOST_PARENTS} monitors")
        closing = await store.closing_circles(connection, [monitor.id], [one.id for one in chosen])
        if monitor.id in closing:
            public_id = next(one.public_id for one in chosen if one.id == closing[monitor.id])
            raise InvalidError(FIELD, f"must not make a circle: {public_id} depends on this monitor")
        await store.replace(connection, monitor.id, [one.id for one in after])
        await record_about(
            own,
            principal,
            AuditAction.MONITOR_CHANGED,
            object_of(monitor),
            before={FIELD: sorted(one.name for one in before)},
            after={FIELD: sorted(one.name for one in after)},
        )
        return await _visible(connection, principal, monitor)


async def _checked(
    connection: Connection, principal: Principal, monitor: Monitor, given: Sequence[UUID]
) -> list[LinkedMonitor]:
    """Raises InvalidError; a monitor that the principal may not see is as unknown as one that does not exist."""
    if len(given) > MOST_PARENTS:
        raise InvalidError(FIELD, f"must be at most {MOST_PARENTS} monitors")
    if monitor.public_id in given:
        raise InvalidError(FIELD, f"must name other monitors: {monitor.public_id} is this one")
    found = {
        one.public_id: one
        for one in await store.named(connection, monitor.organization_id, given)
        if sees(principal, monitor.organization_id, one)
    }
    if unknown := [public_id for public_id in given if public_id not in found]:
        raise InvalidError(FIELD, f"must name monitors of this organization: {unknown[0]} is unknown")
    return list(found.values())


async def _visible(connection: Connection, principal: Principal, monitor: Monitor) -> Dependencies:
    parents = await store.parents(connection, monitor.id)
    children = await store.children(connection, monitor.id, MOST_CHILDREN)
    return Dependencies(
        parents=[one for one in parents if sees(principal, monitor.organization_id, one)],
        children=[one for one in children if sees(principal, monitor.organization_id, one)],
    )


def sees(principal: Principal, organization_id: int, other: LinkedMonitor) -> bool:
    """Whether the principal may see this monitor of the organization."""
    reach = reaches(principal, Permission.READ, organization_id=organization_id, customer_id=other.customer_id)
    return reach is Reach.ALLOWED
