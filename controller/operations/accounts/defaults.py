"""Values that an organization's new monitors take when a request leaves them out: the account's defaults, and its first
customer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controller.decisions.access import Permission, Reach, reaches
from controller.decisions.monitors.defaults import AccountDefaults
from controller.errors import ForbiddenError, UnknownCustomerError
from controller.model import Principal
from controller.store.accounts import defaults as store
from controller.store.accounts.customers import customers_of
from controller.store.platform.pool import Database


async def defaults(database: Database, principal: Principal) -> AccountDefaults:
    """Raises OrganizationRequiredError."""
    return await store.defaults_of(database, principal.organization_id)


async def change_defaults(database: Database, principal: Principal, values: Mapping[str, Any]) -> AccountDefaults:
    """Change some fields of AccountDefaults. Raises ForbiddenError, OrganizationRequiredError."""
    organization = principal.organization_id
    if reaches(principal, Permission.MANAGE_ORGANIZATION, organization_id=organization) is not Reach.ALLOWED:
        raise ForbiddenError
    return await store.change_defaults(database, organization, values)


async def default_customer(database: Database, principal: Principal) -> int:
    """The number of the first customer that the principal may see. Raises UnknownCustomerError."""
    found = await customers_of(database, principal.organization_id, principal.customer_ids, limit=1)
    if not found:
        raise UnknownCustomerError
    return found[0].id
