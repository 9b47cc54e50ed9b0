"""Whose monitors a filter of monitors means."""

from __future__ import annotations

from controller.decisions.access import Permission
from controller.errors import UnknownCustomerError
from controller.model import Principal
from controller.model.monitor_list import MonitorFilter
from controller.operations.access import require
from controller.store.accounts import customers
from controller.store.platform.pool import Database


async def customers_meant(database: Database, principal: Principal, filters: MonitorFilter) -> frozenset[int] | None:
    """The customers whose monitors are meant; None are all. Raises UnknownCustomerError, ForbiddenError."""
    if filters.customer is None:
        return principal.customer_ids
    owner = await customers.customer_of(database, principal.organization_id, filters.customer)
    if owner is None:
        raise UnknownCustomerError
    require(principal, Permission.READ, owner.organization_id, owner.id)
    return frozenset({owner.id})
