"""API tokens, managed by people: created (and shown once), listed, deleted."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias
from uuid import UUID

from controller.decisions.access import Permission, Reach, permits, reaches, usual_scope
from controller.decisions.monitors.monitors import check_name
from controller.errors import ForbiddenError, InvalidError, NotFoundError
from controller.model import ApiToken, Principal, TokenScope
from controller.model.audit import Actor, AuditAction
from controller.operations.audit.recording import record
from controller.store.accounts import customers
from controller.store.accounts import tokens as store
from controller.store.platform.pool import Database
from shared.clock import utc_now
from shared.secret import Secret

DAYS = range(1, 365 + 1)

INVALID_CUSTOMER = "Invalid customer ID"

Keeping: TypeAlias = Callable[[Secret], AbstractContextManager[None]]
"""Keeps a token elsewhere while its row is stored, as in a file; undone when the row is not."""


class _NewToken(NamedTuple):
    organization_id: int
    customer_id: int | None
    name: str
    expires_in_days: int | None
    expires_at: datetime | None = None
    scope: TokenScope | None = None


async def create_token(
    database: Database,
    principal: Principal,
    permission: Permission,
    *,
    name: str,
    expires_in_days: int | None = None,
    expires_at: datetime | None = None,
    customer: int | UUID | None,
    scope: TokenScope | None = None,
    by: Actor | None = None,
    keeping: Keeping | None = None,
) -> tuple[ApiToken, Secret]:
    """Create a token. Returns it with its clear text. Without a customer it is valid for the whole organization;
    without a scope it may do everything, or write when it is a customer's. `by` is who does it, when that is not the
    principal.

    Raises InvalidError, ForbiddenError, and what `keeping` raises.
    """
    _check(name, expires_in_days, expires_at)
    customer_id = await _customer(database, principal.organization_id, customer)
    if customer is None and permission is Permission.MANAGE_CUSTOMER_TOKENS:
        # A token of the organization has an admin's rights, which somebody who manages customers' tokens may not have.
        raise InvalidError("customerId", "is required")
    _require(principal, permission, customer_id)
    if customer_id is not None and scope is TokenScope.ADMIN and not permits(principal, Permission.MANAGE_CUSTOMERS):
        raise ForbiddenError  # it would have more rights than the person who makes it
    new = _NewToken(principal.organization_id, customer_id, name, expires_in_days, expires_at, scope)
    return await _insert(database, by or principal, new, keeping)


async def add_token(
    database: Database,
    by: Actor,
    organization_id: int,
    *,
    name: str,
    expires_in_days: int | None,
    customer: int | UUID | None,
    keeping: Keeping | None = None,
) -> tuple[ApiToken, Secret]:
    """`create_token` without a check of `by`. Raises InvalidError, and what `keeping` raises."""
    _check(name, expires_in_days)
    customer_id = await _customer(database, organization_id, customer)
    new = _NewToken(organization_id, customer_id, name, expires_in_days)
    return await _insert(database, by, new, keeping)


async def list_tokens(database: Database, principal: Principal, permission: Permission) -> list[ApiToken]:
    """The tokens of the organization and its customers, or of the customers that the principal may see, newest first.

    Raises ForbiddenError.
    """
    customers_only = _customers_only(principal, permission)
    return await store.tokens_of(
        database, principal.organization_id, customer_ids=principal.customer_ids, customers_only=customers_only
    )


def permission_for(token: ApiToken) -> Permission:
    """What it takes to manage this token."""
    if token.customer_id is None:
        return Permission.MANAGE_ORGANIZATION_TOKENS
    return Permission.MANAGE_CUSTOMER_TOKENS


async def delete_token(database: Database, principal: Principal, permission: Permission, token_id: int | UUID) -> None:
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


async def _insert(
    database: Database,
    by: Principal | Actor,
    new: _NewToken,
    keeping: Keeping | None,
) -> tuple[ApiToken, Secret]:
    usual = new.scope in (None, usual_scope(limited=new.customer_id is not None))
    token = store.new_token(scoped=not usual)
    with keeping(token) if keeping else nullcontext():
        async with database.one_transaction() as own:
            made = await store.insert(
                own,
                token,
                organization_id=new.organization_id,
                customer_id=new.customer_id,
                name=new.name,
                expires_in=None if new.expires_in_days is None else timedelta(days=new.expires_in_days),
                scope=new.scope,
                expires_at=new.expires_at,
            )
            await record(own, by, AuditAction.TOKEN_CREATED, after=made)
    return made, token


def _check(name: str, expires_in_days: int | None, expires_at: datetime | None = None) -> None:
    check_name(name)
    now = utc_now()
    if expires_at is not None and not now < expires_at <= now + timedelta(days=DAYS[-1]):
        raise InvalidError("expiresAt", f"must be a moment of the next {DAYS[-1]} days, or null")
    if expires_in_days is not None and expires_in_days not in DAYS:
        raise InvalidError("expiresInDays", f"must be from {DAYS[0]} to {DAYS[-1]}, or null")


async def _customer(database: Database, organization_id: int, customer: int | UUID | None) -> int | None:
    if customer is None:
        return None
    owner = await customers.customer_of(database, organization_id, customer)
    if owner is None:
        raise InvalidError("customerId", "is not known", message=INVALID_CUSTOMER)
    return owner.id


def _customers_only(principal: Principal, permission: Permission) -> bool:
    if permission is Permission.MANAGE_CUSTOMER_TOKENS:
        return True
    _require(principal, permission, None)
    return False


def _require(principal: Principal, permission: Permission, customer_id: int | None) -> None:
    reach = reaches(principal, permission, organization_id=principal.organization_id, customer_id=customer_id)
    if reach is not Reach.ALLOWED:
        raise ForbiddenError
