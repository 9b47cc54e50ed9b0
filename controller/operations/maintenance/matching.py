"""Begin maintenance of monitors that somebody has before the eyes: of some of them, or of all that a filter matches."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from controller.decisions.access import Permission, permits
from controller.errors import ForbiddenError, InvalidError
from controller.model import Principal
from controller.model.maintenance import Effect, MaintenanceWindow
from controller.model.monitor_list import MonitorFilter, MonitorOrder
from controller.operations.accounts.customers_meant import customers_meant
from controller.operations.maintenance.acts import begin_now
from controller.operations.maintenance.targets import MOST_TARGETS, WindowTargetsChange
from controller.store.maintenance import targets as store
from controller.store.maintenance.targets import NamedTarget
from controller.store.monitors import listed
from controller.store.platform.pool import Database

_LONGEST_NAME = 255


async def begin_for(
    database: Database,
    principal: Principal,
    meant: MonitorFilter | Collection[UUID],
    *,
    lasting: timedelta,
    effect: Effect = Effect.SILENCE,
) -> list[MaintenanceWindow]:
    """Make a window that begins now for these monitors, and for none that matches later. Whoever is limited to some
    customers gets one for each of them, since their windows belong to a customer. Raises InvalidError with the field
    `monitors`, and what `begin_now` raises.
    """
    if not permits(principal, Permission.PLAN_MAINTENANCE):
        raise ForbiddenError
    async with database.one_transaction() as own:
        found = await _found(own, principal, meant)
        groups: dict[int | None, list[NamedTarget]] = {}
        for one in found:
            groups.setdefault(None if principal.customer_ids is None else one.customer_id, []).append(one)
        return [
            await begin_now(
                own,
                principal,
                name=_name(group),
                targets=WindowTargetsChange(monitors=[one.id for one in group]),
                lasting=lasting,
                effect=effect,
            )
            for group in groups.values()
        ]


async def monitors_called(database: Database, principal: Principal, public_ids: Collection[UUID]) -> list[NamedTarget]:
    """Those with these public ids that the principal may see."""
    found = await store.monitors_named(database, principal.organization_id, public_ids)
    limits = principal.customer_ids
    return [one for one in found if limits is None or one.customer_id in limits]


async def monitors_found(database: Database, principal: Principal, text: str, at_most: int) -> list[NamedTarget]:
    """The first by name that have a text in their name, their server or their customer's name."""
    found, _ = await _matching(database, principal, MonitorFilter(search=text), at_most)
    return found


async def _found(
    database: Database, principal: Principal, meant: MonitorFilter | Collection[UUID]
) -> list[NamedTarget]:
    if isinstance(meant, MonitorFilter):
        found, more = await _matching(database, principal, meant, MOST_TARGETS)
        if more:
            raise InvalidError("monitors", f"must be at most {MOST_TARGETS}")
    else:
        found = await monitors_called(database, principal, meant)
        if len(found) < len(set(meant)):
            raise InvalidError("monitors", "must be monitors that you may see")
    if not found:
        raise InvalidError("monitors", "must be at least one")
    return found


async def _matching(
    database: Database, principal: Principal, filters: MonitorFilter, at_most: int
) -> tuple[list[NamedTarget], bool]:
    """And whether there are more."""
    customer_ids = await customers_meant(database, principal, filters)
    page = await listed.found_page(
        database, principal.organization_id, customer_ids, filters, MonitorOrder(), after=None, limit=at_most
    )
    found = [one.monitor for one in page.monitors]
    return [NamedTarget(one.id, one.public_id, one.customer_id, one.name) for one in found], page.last is not None


def _name(monitors: list[NamedTarget]) -> str:
    if len(monitors) == 1:
        return f"Maintenance of {monitors[0].name}"[:_LONGEST_NAME]
    return f"Maintenance of {len(monitors)} monitors"
