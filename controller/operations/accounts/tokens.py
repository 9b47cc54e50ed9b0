"""API tokens, managed by people: created (and shown once), listed, deleted."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from controller.decisions.access import Permission, Reach, reaches
from controller.decisions.monitors.monitors import check_name
from controller.errors import ForbiddenError, InvalidError, NotFoundError
from controller.model import ApiToken, Principal
from controller.model.audit import AuditAction
from controller.operations.audit.recording import record
from controller.store.accounts import customers
from controller.store.accounts import tokens as store
from controller.store.platform.pool import Database
from shared.secret import Secret

_DAYS = range(1, 365 + 1)

INVALID_CUSTOMER = "Invalid customer ID"


async def create_token(
    database: Database,
    principal: Principal,
    permission: Permission,
    *,
    name: str,
    expires_in_days: int | None,
    customer: int | UUID | None,
) -> tuple[ApiToken, Secret]:
    """Create a token. Returns it with its clear text. Without a customer it is valid for the whole organization.

    Raises InvalidError, ForbiddenError.
    """
    check_name(name)
    if expires_in_days is not None and expires_in_days not in _DAYS:
        raise InvalidError("expiresInDays", f"must be from {_DAYS[0]} to {_DAYS[-1]}, or null")
    customer_id = None
    if customer is not None:
        owner = await customers.customer_of(database, principal.organization_id, customer)
        if owner is None:
            raise InvalidError("customerId", "is not known", message=INVALID_CUSTOMER)
        customer_id = owner.id
    elif permission is Permission.MANAGE_CUSTOMER_TOKENS:
        # A token of the organization has an admin's rights, which somebody who manages customers' tokens may not have.
        raise InvalidError("customerId", "is required")
    _require(principal, permission, customer_id)
    token = store.new_token()
    async with database.one_transaction() as own:
        made = await store.insert(
            own,
            token,
            organization_id=principal.organization_id,
            customer_id=customer_id,
            name=name,
            expires_in=None if expires_in_days is None else timedelta(days=expires_in_days),
        )
        await record(own, principal, AuditAction.TOKEN_CREATED, after=made)
    return made, token


async def list_tokens(database: Database, principal: Principal, permission: Permission) -> list[ApiToken]:
    """The tokens of the organization and its customers, or of the customers that the principal may see, newest first.

    Raises ForbiddenError.
    """
    customers_only = _customers_only(principal, permission)
    return await store.tokens_of(
        database, principal.organization_id, customer_ids=principal.customer_ids, customers_only=customers_only
    )


async def delete_token(database: Database, principal: Principal, permission: Permission, token_id: int) -> None:
    """Delete a token. It is refused from then on. Raises NotFoundError, ForbiddenError."""
    customers_only = _customers_only(principal, permission)
    async with database.one_transaction() as own:
        deleted = await store.delete(
            own,
            principal.organization_id,
            token_id,
            customer_ids=principal.customer_ids,
            customers_only=customers_only,
        )
        if deleted is None:
            raise NotFoundError("Token not found")
        await record(own, principal, AuditAction.TOKEN_DELETED, before=deleted)


def _customers_only(principal: Principal, permission: Permission) -> bool:
    if permission is Permission.MANAGE_CUSTOMER_TOKENS:
        return True
    _require(principal, permission, None)
    return False


def _require(principal: Principal, permission: Permission, customer_id: int | None) -> None:
    reach = reaches(principal, permission, organization_id=principal.organization_id, customer_id=customer_id)
    if reach is not Reach.ALLOWED:
        raise ForbiddenError
