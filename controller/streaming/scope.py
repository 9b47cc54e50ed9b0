"""Builds the event filter of a stream from the caller's scope and filters. An unknown name is an error."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import msgspec

from controller.decisions.access import Permission
from controller.errors import InvalidError, NotFoundError, UnknownCustomerError
from controller.model import Principal
from controller.model.values.json_rules import quoted
from controller.operations.access import require
from controller.operations.monitors.monitors import monitor_for
from controller.store.accounts import customers, organizations
from controller.store.locations import locations
from controller.store.platform.pool import Database
from controller.streaming.event_filter import EventFilter
from shared.wire.messages import EventType
from shared.wire.targets import KINDS


class RequestedFilter(msgspec.Struct, frozen=True, kw_only=True):
    """The filters of a request; None means no filter. Countries are codes in upper case."""

    types: Collection[EventType]
    customers: list[int | UUID] | None = None
    monitors: list[UUID] | None = None
    countries: list[str] | None = None
    locations: list[str] | None = None
    kinds: list[str] | None = None
    statuses: list[str] | None = None


async def filter_for(database: Database, principal: Principal, requested: RequestedFilter) -> EventFilter:
    """Raises InvalidError, UnknownCustomerError, NotFoundError, ForbiddenError, OrganizationRequiredError,
    StoreUnavailableError.
    """
    organization = await organizations.by_id(database, principal.organization_id)
    if organization is None:
        raise NotFoundError
    if requested.locations is not None:
        known = {location.code for location in await locations.all_locations(database)}
        if unknown := set(requested.locations) - known:
            raise InvalidError("location", f"must hold codes of locations: {quoted(min(unknown)[:40])} is not one")
    for monitor_id in requested.monitors or ():
        monitor = await monitor_for(database, principal, Permission.READ, KINDS, monitor_id)
        if monitor.organization_id != organization.id:  # a global role may see it, but named another organization
            raise NotFoundError
    return EventFilter(
        organization=str(organization.public_id),
        types=frozenset(requested.types),
        customers=await _customers(database, principal, requested.customers),
        monitors=None if requested.monitors is None else frozenset(map(str, requested.monitors)),
        countries=_frozen(requested.countries),
        locations=_frozen(requested.locations),
        kinds=_frozen(requested.kinds),
        statuses=_frozen(requested.statuses),
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


def _frozen(values: list[str] | None) -> frozenset[str] | None:
    return None if values is None else frozenset(values)
