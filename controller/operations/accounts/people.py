"""People's accounts: an admin creates, changes and deletes them; everybody reads and changes their own name and
password.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from controller.decisions.access import (
    GLOBAL,
    Permission,
    Reach,
    limits_to,
    may_grant,
    permits,
    principal_of_person,
    reaches,
)
from controller.errors import AlreadyExistsError, ForbiddenError, InvalidError, NotFoundError
from controller.model import Account, Principal, Role
from controller.model.audit import Actor, AuditAction
from controller.operations.accounts.account_rules import check_values, customer_numbers, role_named
from controller.operations.accounts.limits import require_few
from controller.operations.accounts.passwords import Passwords
from controller.operations.accounts.sessions import may_choose_password
from controller.operations.audit.differences import SECRET_CHANGED
from controller.operations.audit.recording import Deciding, record
from controller.store.accounts import organizations
from controller.store.accounts import people as store
from controller.store.platform.pool import Database
from shared.secret import Secret

_MADE_PASSWORD_BYTES = 15
_WINDOW = timedelta(minutes=15)
_TRIES = 10


class AccountChange(msgspec.Struct, frozen=True, kw_only=True):
    """New values; a field that is unset keeps its value. Passwords are in clear; `current_password` proves that the
    caller owns the account.
    """

    email: str | UnsetType = UNSET
    first_name: str | UnsetType | None = UNSET
    last_name: str | UnsetType | None = UNSET
    role: str | UnsetType = UNSET
    password: Secret | UnsetType = UNSET
    current_password: Secret | UnsetType = UNSET
    customers: Sequence[int | UUID] | UnsetType | None = UNSET


async def create_account(
    database: Database,
    passwords: Passwords,
    principal: Principal,
    organization_id: int,
    change: AccountChange,
    *,
    every_breach: bool = False,
) -> tuple[Account, Secret | None]:
    """Create an account. Returns it with its password when the request had none. `email` must be set; the default role
    is user.

    Raises InvalidError, with `every_breach` of a rule or the first, and ForbiddenError, AlreadyExistsError,
    LimitedError.
    """
    if reaches(principal, Permission.MANAGE_USERS, organization_id=organization_id) is not Reach.ALLOWED:
        raise ForbiddenError
    check_values(change.email, change.first_name, change.last_name, change.password, every=every_breach)
    await require_grant(database, principal, _new_role(change))
    return await add_account(database, passwords, principal, organization_id, change)


async def add_account(
    database: Database, passwords: Passwords, by: Principal | Actor, organization_id: int, change: AccountChange
) -> tuple[Account, Secret | None]:
    """`create_account` without a check of `by`. Raises InvalidError, AlreadyExistsError, LimitedError."""
    check_values(change.email, change.first_name, change.last_name, change.password)
    customer_ids = await customer_numbers(database, organization_id, change.customers)
    made = None if isinstance(change.password, Secret) else Secret(secrets.token_urlsafe(_MADE_PASSWORD_BYTES))
    clear = change.password if isinstance(change.password, Secret) else made
    assert clear is not None  # noqa: S101 - one of the two was given
    new = store.NewAccount(
        organization_id=organization_id,
        email=change.email if isinstance(change.email, str) else "",
        first_name=change.first_name or None,
        last_name=change.last_name or None,
        role=_new_role(change),
        customer_ids=customer_ids,
        password_hash=await passwords.hash(clear.reveal()),
    )
    async with database.one_transaction() as own:
        account = await store.insert(own, new)
        if account is None:
            raise AlreadyExistsError("A user with this email exists already")
        await record(own, by, AuditAction.USER_CREATED, after=account)
    return account, made


async def list_accounts(database: Database, principal: Principal) -> list[Account]:
    """The accounts of the organization for a principal who manages it, the principal's own account for everybody
    else.
    """
    everybody = permits(principal, Permission.MANAGE_USERS) and principal.customer_ids is None
    if everybody:
        return await store.accounts_of(database, principal.organization_id)
    return [await own_account(database, principal)]


async def own_account(database: Database, principal: Principal) -> Account:
    """The principal's account. Raises NotFoundError when it was deleted meanwhile, or when the principal is a token."""
    account = None if principal.account_id is None else await store.by_identifier(database, principal.account_id)
    if account is None:
        raise NotFoundError("User not found")
    return account


async def get_account(database: Database, principal: Principal, identifier: int | UUID) -> Account:
    """Raises NotFoundError, ForbiddenError."""
    account = await store.by_identifier(database, identifier)
    within = limits_to(principal)
    if account is None or within not in (None, account.organization_id):
        raise NotFoundError("User not found")
    if account.id != principal.account_id:
        _require_management(principal, account)
    return account


async def update_account(
    database: Database,
    passwords: Passwords,
    principal: Principal,
    identifier: int | UUID,
    change: AccountChange,
    *,
    expect: Callable[[Account], None] = lambda _: None,
    every_breach: bool = False,
) -> Account:
    """Change an account. A new password ends the account's sessions. `expect` looks at the account as it is, while it
    is locked, and raises what it will.

    Raises InvalidError, with `every_breach` of a rule or the first, and NotFoundError, ForbiddenError,
    AlreadyExistsError, LimitedError.
    """
    account = await get_account(database, principal, identifier)
    check_values(change.email, change.first_name, change.last_name, change.password, every=every_breach)
    if account.id == principal.account_id:
        await _require_own(database, passwords, principal, account, change)
    else:
        await require_grant(database, principal, account.role)
    # Only the given fields are written: somebody else may change the account's rights while its new password is hashed.
    new: dict[str, Any] = {
        name: getattr(change, name)
        for name in ("email", "first_name", "last_name")
        if getattr(change, name) is not UNSET
    }
    if isinstance(change.role, str) and role_named(change.role) is not account.role:
        new["role"] = role_named(change.role)
        await require_grant(database, principal, new["role"])
    if change.customers is not UNSET:
        new["customer_ids"] = await customer_numbers(database, account.organization_id, change.customers)
    hashed = await passwords.hash(change.password.reveal()) if isinstance(change.password, Secret) else None

    def decide(found: Account) -> Account:
        expect(found)
        return msgspec.structs.replace(found, **new)

    deciding = Deciding[Account](decide)
    try:
        async with database.one_transaction() as own:
            await _require_still(own, principal, account.id, new.get("role"))
            changed = await store.change(own, account.id, deciding, password_hash=hashed)
            if changed is None:
                raise NotFoundError("User not found")
            await record(
                own,
                principal,
                AuditAction.USER_ROLE_CHANGED if "role" in new else AuditAction.USER_CHANGED,
                before=deciding.before,
                after=changed,
                besides={"password": SECRET_CHANGED} if hashed else None,
            )
    except LookupError as error:
        raise AlreadyExistsError("A user with this email exists already") from error
    return changed


async def delete_account(
    database: Database,
    principal: Principal,
    identifier: int | UUID,
    *,
    expect: Callable[[Account], None] = lambda _: None,
) -> None:
    """Delete an account and its sessions. `expect` looks at the account as it is, while it is locked, and raises what
    it will. Raises InvalidError, NotFoundError, ForbiddenError.
    """
    account = await get_account(database, principal, identifier)
    if account.id == principal.account_id:
        raise InvalidError("user", "is yourself", message="You cannot delete your own account")
    await require_grant(database, principal, account.role)
    async with database.one_transaction() as own:
        await _require_still(own, principal, account.id, None)
        found = (await store.lock(own, (account.id,))).get(account.id)
        if found is None:
            raise NotFoundError("User not found")
        expect(found)
        await store.delete(own, account.id)
        await record(own, principal, AuditAction.USER_DELETED, before=found)


async def _require_still(database: Database, principal: Principal, account_id: int, role: Role | None) -> None:
    """Lock the account and the caller's own, and check again that the caller may change it, and give it this role: of
    two admins who demote each other at once, the later one is refused. Raises NotFoundError, ForbiddenError.
    """
    if principal.account_id is None or account_id == principal.account_id:
        return
    accounts = await store.lock(database, (principal.account_id, account_id))
    caller, account = accounts.get(principal.account_id), accounts.get(account_id)
    if account is None:
        raise NotFoundError("User not found")
    if caller is None:
        raise ForbiddenError
    now = principal_of_person(caller.id, caller.organization_id, caller.role, caller.customer_ids)
    _require_management(now, account)
    for granted in (account.role, role or account.role):
        await require_grant(database, now, granted)


async def _require_own(
    database: Database, passwords: Passwords, principal: Principal, account: Account, change: AccountChange
) -> None:
    """Refuse changes of the caller's own rights, so that an admin always remains, and of a password without the current
    one, so that a stolen session cannot change it. Who came with a login link need not know the current one.
    """
    if change.role not in (UNSET, account.role.value) or change.customers is not UNSET:
        raise ForbiddenError
    if change.password is UNSET and change.email in (UNSET, account.email):
        return
    if not isinstance(change.current_password, Secret):
        if change.email in (UNSET, account.email) and await may_choose_password(database, principal):
            return
        raise InvalidError("currentPassword", "is required to change your own email or password")
    await require_few(database, f"password:{account.id}", _WINDOW, _TRIES, "Too many attempts; try again later")
    login = await store.login_of(database, account.email)
    if not await passwords.verify(login[1] if login else None, change.current_password.reveal()):
        raise InvalidError("currentPassword", "is wrong")


def _require_management(principal: Principal, account: Account) -> None:
    reach = reaches(principal, Permission.MANAGE_USERS, organization_id=account.organization_id)
    if reach is not Reach.ALLOWED:
        raise ForbiddenError


async def require_grant(database: Database, principal: Principal, role: Role) -> None:
    """Refuse to create, or to change, an account with more rights than the principal has."""
    operating = (
        role in GLOBAL
        and principal.works_in is not None
        and await organizations.is_operating(database, principal.works_in)
    )
    if not may_grant(principal, role, operating=operating):
        raise ForbiddenError


def _new_role(change: AccountChange) -> Role:
    return role_named(change.role) if isinstance(change.role, str) else Role.USER
