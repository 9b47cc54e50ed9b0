"""From who asks and their filters to what a stream tells. Names are checked, for a mistake would be silence."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import msgspec

from controller.decisions.access import Permission
from controller.errors import InvalidError, NotFoundError, UnknownCustomerError
from controller.model import Principal
from controller.operations.monitors.monitors import monitor_for, require
from controller.store.accounts import customers, organizations
from controller.store.locations import locations
from controller.store.platform.pool import Database
from controller.streaming.event_filter import Wanted
from shared.wire.messages import EventType
from shared.wire.targets import KINDS


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Filters as given; None is no filter. Countries are codes in upper case."""

    types: Collection[EventType]
    customers: list[int | UUID] | None = None
    monitors: list[UUID] | None = None
    countries: list[str] | None = None
    locations: list[str] | None = None
    kinds: list[str] | None = None
    statuses: list[str] | None = None


async def wanted_by(database: Database, principal: Principal, asked: Asked) -> Wanted:
    """Raises InvalidError, UnknownCustomerError, NotFoundError, ForbiddenError, OrganizationRequiredError,
    StoreUnavailableError.
    """
    organization = await organizations.by_id(database, principal.organization_id)
    if organization is None:
        raise NotFoundError
    if asked.locations is not None:
        known = {location.code for location in await locations.all_locations(database)}
        if unknown := set(asked.locations) - known:
            raise InvalidError("location", f"must hold codes of locations: {min(unknown)[:40]!r} is not one")
    for monitor_id in asked.monitors or ():
        monitor = await monitor_for(database, principal, Permission.READ, KINDS, monitor_id)
        if monitor.organization_id != organization.id:  # somebody who sees all of them meant another one
            raise NotFoundError
    return Wanted(
        organization=str(organization.public_id),
        types=frozenset(asked.types),
        customers=await _customers(database, principal, asked.customers),
        monitors=None if asked.monitors is None else frozenset(map(str, asked.monitors)),
        countries=_some(asked.countries),
        locations=_some(asked.locations),
        kinds=_some(asked.kinds),
        statuses=_some(asked.statuses),
    )


async def _customers(
    database: Database, principal: Principal, identifiers: list[int | UUID] | None
) -> frozenset[str] | None:
    if identifiers is None:
        if principal.customer_ids is None:
            return None
        found = await customers.customers_of(database, principal.organization_id, principal.customer_ids)
    else:
        found = []
        for identifier in identifiers:
            customer = await customers.customer_of(database, principal.organization_id, identifier)
            if customer is None:
                raise UnknownCustomerError
            require(principal, Permission.READ, customer.organization_id, customer.id)
            found.append(customer)
    return frozenset(str(customer.public_id) for customer in found)


def _some(values: list[str] | None) -> frozenset[str] | None:
    return None if values is None else frozenset(values)
