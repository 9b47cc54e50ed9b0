"""What a maintenance window is for: which objects a caller names, and whether the caller may plan for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple
from uuid import UUID

import msgspec

from controller.decisions.access import Permission, Reach, reaches
from controller.decisions.monitors.labels import KEY_RULE, VALUE_RULE, is_key, is_value
from controller.errors import ForbiddenError, InvalidError, InvalidFieldsError, UnknownCustomerError
from controller.model import Principal
from controller.model.maintenance import LabelTarget, MaintenanceWindow, TargetNumbers
from controller.store.accounts import customers as customers_store
from controller.store.accounts import packages
from controller.store.maintenance import targets as store
from controller.store.platform.pool import Database

MOST_TARGETS = 10_000
ONE_CUSTOMER = "must all belong to the customer of the window"


class WindowTargetsChange(msgspec.Struct, frozen=True, kw_only=True):
    """What a window is for, as a caller names it: monitors and customers by number or public id, locations by code."""

    monitors: Collection[int | UUID] = ()
    customers: Collection[int | UUID] = ()
    locations: Collection[str] = ()
    labels: Collection[LabelTarget] = ()
    organization: bool = False


class Owned(NamedTuple):
    """Targets, and the customer whose monitors alone are meant; None: the organization's window."""

    targets: TargetNumbers
    customer_id: int | None


def named(window: MaintenanceWindow) -> WindowTargetsChange:
    """The targets of a stored window, as a caller would name them."""
    targets = window.targets
    return WindowTargetsChange(
        monitors=[one.id for one in targets.monitors],
        customers=[one.id for one in targets.customers],
        locations=[one.code for one in targets.locations],
        labels=targets.labels,
        organization=targets.organization,
    )


async def owners_of(database: Database, principal: Principal, monitors: Collection[int | UUID]) -> set[int]:
    """The numbers of the customers of these monitors, as far as the principal may see them."""
    limits = principal.customer_ids
    found = await store.monitors_named(database, principal.organization_id, monitors)
    return {one.customer_id for one in found if limits is None or one.customer_id in limits}


async def resolve(
    database: Database,
    principal: Principal,
    organization_id: int,
    meant: WindowTargetsChange,
    customer: int | UUID | None,
) -> Owned:
    """The numbers of what is named, and the window's customer: the one that is named, or the only one that the targets
    belong to. Whoever is limited to some customers plans for these only.

    Raises InvalidFieldsError with the fields `targets.monitors`, `targets.customers`, `targets.locations`,
    `targets.labels`, `targets.organization`; UnknownCustomerError, ForbiddenError.
    """
    problems = list(_too_many(meant))
    owner = None if customer is None else await _customer(database, principal, organization_id, customer)
    monitors = await store.monitors_named(database, organization_id, meant.monitors)
    customers = await store.customers_named(database, organization_id, meant.customers)
    codes = {code for code in meant.locations if "\0" not in code}
    locations = await store.locations_named(database, codes)
    if not _all_found(meant.monitors, monitors, principal):
        problems.append(InvalidError("targets.monitors", "must be monitors that you may see"))
    if not _all_found(meant.customers, customers, principal):
        problems.append(InvalidError("targets.customers", "must be customers that you may see"))
    if len(locations) < len(set(meant.locations)):
        problems.append(InvalidError("targets.locations", "must be codes of locations"))
    problems += _labels(meant.labels)
    owners = {one.customer_id for one in (*monitors, *customers)}
    wide = bool(meant.organization or meant.labels or meant.locations)
    if owner is None and len(owners) == 1 and not wide:
        owner = next(iter(owners))
    limits = principal.customer_ids
    if owner is None and limits is not None and len(owners) > 1:
        problems.append(InvalidError("targets", "must belong to one customer: plan a window for each"))
    if owner is None and limits is not None and wide:
        if len(limits) == 1 and not meant.locations:
            owner = next(iter(limits))
        else:
            field = "organization" if meant.organization else "labels" if meant.labels else "locations"
            problems.append(InvalidError(f"targets.{field}", "may be set by those who see all customers"))
    if owner is not None and not owners <= {owner}:
        problems.append(InvalidError("targets.monitors", ONE_CUSTOMER))
    if problems:
        raise InvalidFieldsError(problems)
    await _require_windows(database, organization_id, owners if owner is None else {owner})
    numbers = TargetNumbers(
        monitors=frozenset(one.id for one in monitors),
        customers=frozenset(one.id for one in customers),
        locations=frozenset(locations.values()),
        labels=frozenset(meant.labels),
        organization=meant.organization,
    )
    return Owned(numbers, owner)


async def _require_windows(database: Database, organization_id: int, owners: Collection[int]) -> None:
    """Raises InvalidError for a customer whose package has no maintenance windows."""
    async with database.connection() as connection:
        if await packages.without_maintenance(connection, organization_id, sorted(owners)):
            raise InvalidError("targets.customers", "include a customer whose package has no maintenance windows")


async def _customer(database: Database, principal: Principal, organization_id: int, customer: int | UUID) -> int:
    found = await customers_store.customer_of(database, organization_id, customer)
    if found is None:
        raise UnknownCustomerError
    reach = reaches(principal, Permission.PLAN_MAINTENANCE, organization_id=found.organization_id, customer_id=found.id)
    if reach is not Reach.ALLOWED:
        raise ForbiddenError
    return found.id


def _all_found(meant: Collection[int | UUID], found: Collection[store.NamedTarget], principal: Principal) -> bool:
    known = {identifier for one in found for identifier in (one.id, one.public_id)}
    limits = principal.customer_ids
    return known.issuperset(meant) and (limits is None or all(one.customer_id in limits for one in found))


def _labels(labels: Iterable[LabelTarget]) -> list[InvalidError]:
    problems = []
    if not all(is_key(one.key) for one in labels):
        problems.append(InvalidError("targets.labels", KEY_RULE))
    if not all(one.value is None or is_value(one.value) for one in labels):
        problems.append(InvalidError("targets.labels", VALUE_RULE))
    return problems


def _too_many(meant: WindowTargetsChange) -> Iterable[InvalidError]:
    for name in ("monitors", "customers", "locations", "labels"):
        if len(getattr(meant, name)) > MOST_TARGETS:
            yield InvalidError(f"targets.{name}", f"must be at most {MOST_TARGETS}")
