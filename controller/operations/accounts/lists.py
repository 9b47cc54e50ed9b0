"""Customers, people, tokens and organizations, page by page."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from uuid import UUID

from controller.decisions.access import GLOBAL, Permission, permits
from controller.errors import ForbiddenError, InvalidError, NotFoundError
from controller.model import Account, ApiToken, Customer, Principal, Role, TokenScope
from controller.model.values.texts import check_text
from controller.operations.accounts.customers import STATUSES
from controller.operations.listing import Listed, PageRequest, page_of
from controller.store.accounts import pages as store
from controller.store.accounts import token_pages
from controller.store.accounts.all_organizations import ListedOrganization
from controller.store.accounts.pages import AccountFilter, CustomerFilter
from controller.store.accounts.token_pages import TokenFilter
from controller.store.audit.makers import makers_of_tokens
from controller.store.platform.pool import Database
from controller.store.platform.walks import ListWalk
from controller.vault import Vault

CUSTOMER_ORDERS = ("name", "createdAt", "updatedAt")
ACCOUNT_ORDERS = ("email", "name", "createdAt")
TOKEN_ORDERS = ("createdAt", "name")
ORGANIZATION_ORDERS = ("createdAt", "name")


async def customers_page(
    database: Database,
    vault: Vault,
    principal: Principal,
    request: PageRequest,
    *,
    status: str | None,
    text: str | None,
) -> Listed[Customer]:
    """The customers that the principal may see. Raises InvalidError, OrganizationRequiredError."""
    check_text(text, field="q")
    if status is not None and status not in STATUSES:
        raise InvalidError("status", f"must be one of {', '.join(STATUSES)}")
    number, limits = principal.organization_id, principal.customer_ids
    chosen = CustomerFilter(organization_id=number, customer_ids=limits, status=status, text=text)
    query = ("customers", number, _sorted(limits), status, text)
    return await page_of(
        vault, request, CUSTOMER_ORDERS, query, lambda walk: store.customers_page(database, walk, chosen)
    )


async def accounts_page(
    database: Database, vault: Vault, principal: Principal, request: PageRequest, *, role: Role | None, text: str | None
) -> Listed[Account]:
    """The people of the organization for a principal who manages them; everybody else finds only themselves. Raises
    InvalidError, OrganizationRequiredError, NotFoundError.
    """
    check_text(text, field="q")
    everybody = permits(principal, Permission.MANAGE_USERS) and principal.customer_ids is None
    if not everybody and principal.account_id is None:
        raise NotFoundError("User not found")
    only = None if everybody else principal.account_id
    number = principal.organization_id
    chosen = AccountFilter(organization_id=number, only=only, role=role, text=text)
    query = ("users", number, only, role, text)
    return await page_of(
        vault, request, ACCOUNT_ORDERS, query, lambda walk: store.accounts_page(database, walk, chosen)
    )


async def tokens_page(
    database: Database,
    vault: Vault,
    principal: Principal,
    request: PageRequest,
    *,
    customer: UUID | None,
    scope: TokenScope | None,
) -> Listed[ApiToken]:
    """The tokens that the principal may manage. Raises InvalidError, ForbiddenError, OrganizationRequiredError."""
    chosen = _managed(principal, customer, scope)
    query = ("tokens", chosen.organization_id, _sorted(chosen.customer_ids), chosen.customers_only, customer, scope)
    return await page_of(
        vault, request, TOKEN_ORDERS, query, lambda walk: token_pages.tokens_page(database, walk, chosen)
    )


async def get_token(database: Database, principal: Principal, public_id: UUID) -> ApiToken:
    """A token that the principal may manage. Raises NotFoundError, ForbiddenError, OrganizationRequiredError."""
    walk = ListWalk(sort="name", limit=1)
    found = await token_pages.tokens_page(database, walk, _managed(principal), public_id=public_id)
    if not found:
        raise NotFoundError("Token not found")
    return found[0][0]


async def token_makers(database: Database, principal: Principal, tokens: Collection[ApiToken]) -> dict[UUID, str]:
    """Who made each of these tokens, which the principal may manage, by the token's public id; the audit log forgets
    it in time.
    """
    return await makers_of_tokens(database, principal.organization_id, [token.public_id for token in tokens])


async def organizations_page(
    database: Database, vault: Vault, principal: Principal, request: PageRequest, *, text: str | None
) -> Listed[ListedOrganization]:
    """All organizations for global roles; for all others their own. Raises InvalidError."""
    check_text(text, field="q")
    only = None if principal.role in GLOBAL else principal.organization_id
    read = partial(store.organizations_page, database, only=only, text=text)
    return await page_of(vault, request, ORGANIZATION_ORDERS, ("organizations", only, text), read)


async def customer_public_ids(
    database: Database, organization_id: int, accounts: Collection[Account] | None = None
) -> dict[int, UUID]:
    """The public ids of the customers that these accounts of an organization are limited to, by number; without
    accounts of all its customers.
    """
    numbers = {number for account in accounts or () for number in account.customer_ids or ()}
    if accounts is not None and not numbers:
        return {}
    return await store.customer_public_ids(database, organization_id, numbers)


def _managed(principal: Principal, customer: UUID | None = None, scope: TokenScope | None = None) -> TokenFilter:
    """Raises ForbiddenError, OrganizationRequiredError."""
    if not permits(principal, Permission.MANAGE_CUSTOMER_TOKENS):
        raise ForbiddenError
    whole = permits(principal, Permission.MANAGE_ORGANIZATION_TOKENS) and principal.customer_ids is None
    return TokenFilter(
        organization_id=principal.organization_id,
        customer_ids=principal.customer_ids,
        customers_only=not whole,
        customer=customer,
        scope=scope,
    )


def _sorted(numbers: Collection[int] | None) -> list[int] | None:
    return None if numbers is None else sorted(numbers)
