"""What a caller is told about itself: a person or an API token."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from controller.errors import UnauthenticatedError
from controller.model import Account, ApiToken, Customer, Organization, Principal
from controller.operations.accounts.people import own_account
from controller.store.accounts import customers, organizations, token_pages
from controller.store.platform.pool import Database


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who makes a request. `organization` is the one it is about, None for a global admin who names none; `customers`
    are those that the caller is limited to, None is no limit. One of `account` and `token` is there.
    """

    account: Account | None = None
    token: ApiToken | None = None
    organization: Organization | None
    customers: list[Customer] | None

    @property
    def created_at(self) -> datetime:
        made = self.account or self.token
        assert made is not None  # noqa: S101 - one of the two is there
        return made.created_at

    @property
    def public_id(self) -> UUID:
        made = self.account or self.token
        assert made is not None  # noqa: S101 - one of the two is there
        return made.public_id


async def caller(database: Database, principal: Principal) -> Caller:
    """Raises UnauthenticatedError when the person or the token was deleted meanwhile."""
    organization = None
    if principal.works_in is not None:
        organization = await organizations.by_id(database, principal.works_in)
    within = None
    if principal.customer_ids is not None and organization is not None:
        within = await customers.customers_of(database, organization.id, principal.customer_ids)
    if principal.token_id is None:
        account = await own_account(database, principal)
        return Caller(account=account, organization=organization, customers=within)
    token = await token_pages.token_by_id(database, principal.token_id)
    if token is None:
        raise UnauthenticatedError
    return Caller(token=token, organization=organization, customers=within)
