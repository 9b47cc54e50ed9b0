"""Values that an organization's new monitors take when a request leaves them out: the account's defaults, and its first
customer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from controller.decisions.access import Permission, Reach, reaches
from controller.decisions.monitors.defaults import AccountDefaults, home_problems
from controller.errors import ForbiddenError, InvalidFieldsError, NotFoundError, UnknownCustomerError
from controller.model import Principal
from controller.model.audit import AuditAction
from controller.operations.audit.recording import record_about
from controller.operations.audit.states import object_of
from controller.store.accounts import defaults as store
from controller.store.accounts import organizations
from controller.store.accounts.customers import customers_of
from controller.store.platform.pool import Database


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
        if {"locations", "home_location"} & values.keys() and (
            problems := home_problems(changed.locations, changed.home_location)
        ):
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


async def default_customer(database: Database, principal: Principal) -> int:
    """The number of the first customer that the principal may see. Raises UnknownCustomerError."""
    found = await customers_of(database, principal.organization_id, principal.customer_ids, limit=1)
    if not found:
        raise UnknownCustomerError
    return found[0].id
