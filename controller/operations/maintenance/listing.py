"""The maintenance windows of an organization, page by page."""

from __future__ import annotations

from uuid import UUID

import msgspec

from controller.decisions.access import Permission, permits
from controller.errors import ForbiddenError
from controller.model import Principal
from controller.model.maintenance import MaintenanceWindow
from controller.operations.listing import Listed, PageRequest, page_of
from controller.operations.maintenance.windows import list_windows
from controller.store.maintenance import windows as store
from controller.store.platform.pool import Database
from controller.store.platform.walks import ListWalk
from controller.vault import Vault
from shared.clock import utc_now

WINDOW_ORDERS = ("createdAt", "name")


class WindowFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Windows that are under way or not, with a text in name or description, and that are for a monitor."""

    active: bool | None = None
    search: str | None = None
    monitor: UUID | None = None


async def windows_page(
    database: Database, vault: Vault, principal: Principal, request: PageRequest, filters: WindowFilter
) -> Listed[MaintenanceWindow]:
    """Raises InvalidError, ForbiddenError, OrganizationRequiredError."""
    if not permits(principal, Permission.READ):
        raise ForbiddenError
    limits = principal.customer_ids
    query = (
        "maintenance-windows",
        principal.organization_id,
        None if limits is None else sorted(limits),
        *map(str, msgspec.structs.astuple(filters)),
    )
    return await page_of(vault, request, WINDOW_ORDERS, query, lambda walk: _page(database, principal, walk, filters))


async def _page(
    database: Database, principal: Principal, walk: ListWalk, filters: WindowFilter
) -> list[tuple[MaintenanceWindow, str]]:
    """At most some hundred windows are made, so all of them are read and sorted here."""
    found = await list_windows(database, principal)
    if filters.monitor is not None:
        async with database.connection() as connection:
            meant = await store.numbers_for_monitor(connection, principal.organization_id, filters.monitor)
        found = [one for one in found if one.id in meant]
    keyed = sorted(
        ((_key(one, walk.sort), one.id, one) for one in found if _matches(one, filters)), key=lambda one: one[:2]
    )
    if walk.descending:
        keyed.reverse()
    if walk.after_text is not None:
        behind = (walk.after_text, walk.after_id or 0)
        keyed = [one for one in keyed if (one[:2] < behind if walk.descending else one[:2] > behind)]
    return [(window, text) for text, _, window in keyed[: walk.limit]]


def _key(window: MaintenanceWindow, sort: str) -> str:
    return window.name.lower() if sort == "name" else window.created_at.isoformat()


def _matches(window: MaintenanceWindow, filters: WindowFilter) -> bool:
    if filters.active is not None and filters.active is not any(one.holds(utc_now()) for one in window.stored):
        return False
    text = f"{window.name}\n{window.description or ''}".lower()
    return filters.search is None or filters.search.lower() in text
