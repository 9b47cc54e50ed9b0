"""The list of monitors of our own API, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import msgspec

from controller.decisions.history.cursor import fingerprint
from controller.errors import InvalidError
from controller.model import Principal
from controller.model.monitor_list import FoundMonitor, MonitorFilter, MonitorOrder
from controller.operations.accounts.customers_meant import customers_meant
from controller.operations.cursors import cursor_behind, position_in
from controller.store.monitors import beside, listed
from controller.store.monitors.dependencies import parents_by_monitor
from controller.store.monitors.listed import Place
from controller.store.platform.pool import Database
from controller.vault import Vault


class MonitorsFound(msgspec.Struct, frozen=True, kw_only=True):
    """A page of monitors, and the cursor of the next one; None at the end. `codes` are those of all locations, by their
    numbers. `parents` are on which monitors each depends, as far as the principal may see them.
    """

    monitors: list[FoundMonitor]
    codes: dict[int, str]
    parents: Mapping[UUID, list[UUID]]
    next_cursor: str | None


async def find_monitors(
    database: Database,
    vault: Vault,
    principal: Principal,
    filters: MonitorFilter,
    order: MonitorOrder,
    *,
    cursor: str | None,
    limit: int,
) -> MonitorsFound:
    """The monitors that match, of those that the principal may see. Raises InvalidError, UnknownCustomerError,
    ForbiddenError.
    """
    organization_id = principal.organization_id
    customer_ids = await customers_meant(database, principal, filters)
    query = fingerprint("monitors", organization_id, sorted(customer_ids or ()), customer_ids is None, filters, order)
    after = None if cursor is None else _place(position_in(vault, cursor, query))
    found = await listed.found_page(database, organization_id, customer_ids, filters, order, after=after, limit=limit)
    return MonitorsFound(
        monitors=found.monitors,
        codes=await beside.location_codes(database),
        parents=await parents_by_monitor(
            database, [one.monitor.public_id for one in found.monitors], principal.customer_ids
        ),
        next_cursor=None if found.last is None else cursor_behind(vault, query, list(found.last)),
    )


def _place(after: list[object]) -> Place:
    try:
        return msgspec.convert(after, Place)
    except msgspec.ValidationError:
        raise InvalidError("cursor", "must be the nextCursor of an answer of this route") from None
