"""What people see of their own account."""

from __future__ import annotations

import msgspec

from controller.decisions.access import GLOBAL, customers_within
from controller.errors import NotFoundError
from controller.model import Account, Principal
from controller.operations.accounts.people import own_account
from controller.store.accounts import customers, organizations
from controller.store.platform.pool import Database


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """An account with the names of its organization and of the customers it is limited to; None is no limit."""

    account: Account
    organization: str
    customers: list[str] | None


async def own_profile(database: Database, principal: Principal) -> Profile:
    """Raises NotFoundError when the account was deleted meanwhile, or when the principal is a token."""
    account = await own_account(database, principal)
    organization = await organizations.by_id(database, account.organization_id)
    if organization is None:
        raise NotFoundError
    within = None if account.role in GLOBAL else customers_within(account.role, account.customer_ids)
    names = None
    if within is not None:
        names = [each.name for each in await customers.customers_of(database, account.organization_id, within)]
    return Profile(account=account, organization=organization.name, customers=names)
