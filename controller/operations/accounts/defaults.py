"""Values that an organization's new monitors take when a request leaves them out: the account's defaults, and its first
customer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from controller.decisions.access import Permission, Reach, reaches
from controller.decisions.monitors.defaults import AccountDefaults, home_problems, range_problems
from controller.errors import ForbiddenError, InvalidError, InvalidFieldsError, NotFoundError, UnknownCustomerError
from controller.model import Location, Principal
from controller.model.audit import AuditAction
from controller.operations.audit.recording import record_about
from controller.operations.audit.states import object_of
from controller.store.accounts import defaults as store
from controller.store.accounts import organizations
from controller.store.accounts.customers import customers_of
from controller.store.platform.pool import Database

_MINUTE = 60
_STORED = {"policy_preset": "mode", "locations_per_round": "monitor_location_count"}
_USUAL = AccountDefaults()


async def defaults(database: Database, principal: Principal) -> AccountDefaults:
    """Raises OrganizationRequiredError."""
    return await store.defaults_of(database, principal.organization_id)


async def change_defaults(database: Database, principal: Principal, values: Mapping[str, Any]) -> AccountDefaults:
    """Change some fields of AccountDefaults. Raises ForbiddenError, NotFoundError, OrganizationRequiredError,
    InvalidFieldsError.
    """
    organization = principal.organization_id
    if reaches(principal, Permission.MANAGE_ORGANIZATION, organization_id=organization) is not Reach.ALLOWED:
        raise ForbiddenError
    async with database.one_transaction() as own:
        owner = await organizations.by_id(own, organization)
        if owner is None:
            raise NotFoundError
        before = await store.defaults_of(own, organization, lock=True)
        changed = await store.change_defaults(own, organization, values)
        problems = [one for one in range_problems(changed) if one.field in values]
        if {"locations", "home_location"} & values.keys():
            problems += home_problems(changed.locations, changed.home_location)
        if problems:
            raise InvalidFieldsError(problems)
        await record_about(
            own,
            principal,
            AuditAction.DEFAULTS_CHANGED,
            object_of(owner),
            before=msgspec.to_builtins(before),
            after=msgspec.to_builtins(changed),
        )
    return changed


def stored_defaults(named: Mapping[str, Any] | None, locations: Sequence[Location]) -> dict[str, Any]:
    """Fields of AccountDefaults from those of our own API: `interval` in seconds, locations by their codes; None as a
    value is the installation's default, and as `named` all of these. Raises InvalidError.
    """
    if named is None:
        kept = ("traceroute_on_error", "allow_internal_testing")
        return {name: value for name, value in msgspec.to_builtins(_USUAL).items() if name not in kept}
    numbers = {location.code: location.id for location in locations}
    values: dict[str, Any] = {}
    for name, sent in named.items():
        stored = _STORED.get(name, name)
        if sent is None:
            values[stored] = getattr(_USUAL, stored)
        elif name == "interval":
            values[stored] = sent // _MINUTE
        elif name == "locations":
            values[stored] = [_number(code, numbers, "locations") for code in dict.fromkeys(sent)] or None
        else:
            values[stored] = _number(sent, numbers, "homeLocation") if name == "home_location" else sent
    return values


def _number(code: str, numbers: dict[str, int], field: str) -> int:
    if code not in numbers:
        raise InvalidError(f"defaults.{field}", f"must hold codes of locations: {code!r} is not one")
    return numbers[code]


async def default_customer(database: Database, principal: Principal) -> int:
    """The number of the first customer that the principal may see. Raises UnknownCustomerError."""
    found = await customers_of(database, principal.organization_id, principal.customer_ids, limit=1)
    if not found:
        raise UnknownCustomerError
    return found[0].id
