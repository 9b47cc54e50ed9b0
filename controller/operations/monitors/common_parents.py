"""Have many monitors depend on the same others, by the rules of `dependencies`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

import msgspec

from controller.decisions.access import limits_to
from controller.errors import InvalidError
from controller.model import Monitor, Principal
from controller.model.monitor_list import MonitorFilter
from controller.operations.monitors.dependencies import FIELD, MOST_PARENTS, sees
from controller.store.monitors import dependencies as store
from controller.store.monitors.dependencies import LinkedMonitor
from controller.store.platform.pool import Connection, Database


class CommonParents(msgspec.Struct, frozen=True, kw_only=True):
    """By the numbers of monitors: on what those that change depend before and after, and why others must not change."""

    before: Mapping[int, Sequence[LinkedMonitor]] = {}
    after: Mapping[int, Sequence[LinkedMonitor]] = {}
    problems: Mapping[int, InvalidError] = {}


async def hold_all(database: Database, principal: Principal, meant: MonitorFilter | Collection[UUID]) -> None:
    """Until the transaction ends, nobody else changes on what monitors of these organizations depend. Call it before
    the monitors are locked.
    """
    organization_id = principal.organization_id if isinstance(meant, MonitorFilter) else limits_to(principal)
    async with database.connection() as connection:
        if organization_id is not None:
            await store.lock(connection, organization_id)
        elif not isinstance(meant, MonitorFilter):
            for one in await store.organizations_of(connection, meant):
                await store.lock(connection, one)


async def common_parents(
    database: Database, principal: Principal, monitors: Sequence[Monitor], parents: Sequence[UUID]
) -> CommonParents:
    """What it means that all of these monitors depend on `parents`, besides those that the principal may not see.
    Raises InvalidError where no monitor could.
    """
    given = list(dict.fromkeys(parents))
    if len(given) > MOST_PARENTS:
        raise InvalidError(f"change.{FIELD}", f"must be at most {MOST_PARENTS} monitors")
    found = CommonParents(before={}, after={}, problems={})
    async with database.connection() as connection:
        for organization_id in sorted({one.organization_id for one in monitors}):
            own = [one for one in monitors if one.organization_id == organization_id]
            chosen = await _chosen(connection, principal, organization_id, given)
            part = await _in_organization(connection, principal, own, chosen)
            found = CommonParents(
                before={**found.before, **part.before},
                after={**found.after, **part.after},
                problems={**found.problems, **part.problems},
            )
    return found


async def store_parents(database: Database, after: Mapping[int, Sequence[LinkedMonitor]]) -> None:
    async with database.connection() as connection:
        await store.replace_many(connection, {number: [one.id for one in parents] for number, parents in after.items()})


async def _chosen(
    connection: Connection, principal: Principal, organization_id: int, given: Sequence[UUID]
) -> list[LinkedMonitor]:
    named = await store.named(connection, organization_id, given)
    chosen = [one for one in named if sees(principal, organization_id, one)]
    if unknown := [one for one in given if one not in {found.public_id for found in chosen}]:
        raise InvalidError(f"change.{FIELD}", f"must name monitors of this organization: {unknown[0]} is unknown")
    return chosen


async def _in_organization(
    connection: Connection, principal: Principal, monitors: Sequence[Monitor], chosen: Sequence[LinkedMonitor]
) -> CommonParents:
    numbers = [one.id for one in monitors]
    before = await store.parents_of_many(connection, numbers)
    closing = await store.closing_circles(connection, numbers, [one.id for one in chosen])
    after: dict[int, Sequence[LinkedMonitor]] = {}
    problems: dict[int, InvalidError] = {}
    for one in monitors:
        hidden = [parent for parent in before[one.id] if not sees(principal, one.organization_id, parent)]
        if _numbers(before[one.id]) == _numbers(hidden) | _numbers(chosen):
            continue
        if one.id in closing:
            problems[one.id] = _circle(one, next(parent for parent in chosen if parent.id == closing[one.id]))
        elif len(hidden) + len(chosen) > MOST_PARENTS:
            problems[one.id] = InvalidError(FIELD, f"must be at most {MOST_PARENTS} monitors")
        else:
            after[one.id] = [*hidden, *chosen]
    return CommonParents(before={number: before[number] for number in after}, after=after, problems=problems)


def _circle(monitor: Monitor, parent: LinkedMonitor) -> InvalidError:
    if parent.id == monitor.id:
        return InvalidError(FIELD, f"must name other monitors: {parent.public_id} is this one")
    return InvalidError(FIELD, f"must not make a circle: {parent.public_id} depends on this monitor")


def _numbers(monitors: Iterable[LinkedMonitor]) -> set[int]:
    return {one.id for one in monitors}
