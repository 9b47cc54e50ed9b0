"""People: an admin makes, changes and deletes them; everybody reads and changes their own name and password."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from controller.decisions.access import GLOBAL, Permission, Reach, limits_to, may_grant, permits, reaches
from controller.decisions.monitors.monitors import is_email
from controller.errors import ForbiddenError, InvalidError, NotFoundError, TakenError
from controller.model import Account, Principal, Role
from controller.model.values.texts import check_text
from controller.operations.accounts.limits import require_few
from controller.operations.accounts.passwords import Passwords, check_password
from controller.store.accounts import customers, organizations
from controller.store.accounts import people as store
from controller.store.platform.pool import Database
from shared.wire.targets import Secret

_MADE_PASSWORD_BYTES = 15
_WINDOW = timedelta(minutes=15)
_TRIES = 10


class AccountChange(msgspec.Struct, frozen=True, kw_only=True):
    """New values; what is unset stays as it is. Passwords are clear; `current_password` proves whose they are."""

    email: str | UnsetType = UNSET
    first_name: str | UnsetType | None = UNSET
    last_name: str | UnsetType | None = UNSET
    role: str | UnsetType = UNSET
    password: Secret | UnsetType = UNSET
    current_password: Secret | UnsetType = UNSET
    customers: Sequence[int | UUID] | UnsetType | None = UNSET


async def create_account(
    database: Database, passwords: Passwords, principal: Principal, organization_id: int, change: AccountChange
) -> tuple[Account, Secret | None]:
    """The new account, and its password where none was given. E-mail must be set; the role is user by default.

    Raises InvalidError, ForbiddenError, TakenError, LimitedError.
    """
    if reaches(principal, Permission.MANAGE_USERS, organization_id=organization_id) is not Reach.ALLOWED:
        raise ForbiddenError
    role = _role(change.role) if isinstance(change.role, str) else Role.USER
    await _require_grant(database, principal, role)
    _check(change)
    customer_ids = await _customers(database, organization_id, change.customers)
    made = None if isinstance(change.password, Secret) else Secret(secrets.token_urlsafe(_MADE_PASSWORD_BYTES))
    clear = change.password if isinstance(change.password, Secret) else made
    assert clear is not None  # noqa: S101 - one of the two was given
    account = await store.insert(
        database,
        store.NewAccount(
            organization_id=organization_id,
            email=change.email if isinstance(change.email, str) else "",
            first_name=change.first_name or None,
            last_name=change.last_name or None,
            role=role,
            customer_ids=customer_ids,
            password_hash=await passwords.hash(clear.reveal()),
        ),
    )
    if account is None:
        raise TakenError("A user with this email exists already")
    return account, made


async def list_accounts(database: Database, principal: Principal) -> list[Account]:
    """Of the whole organization for who manages it; for everybody else, themselves."""
    everybody = permits(principal, Permission.MANAGE_USERS) and principal.customer_ids is None
    if everybody:
        return await store.accounts_of(database, principal.organization_id)
    return [await own_account(database, principal)]


async def own_account(database: Database, principal: Principal) -> Account:
    """Raises NotFoundError when it was deleted a moment ago, or it is no person who asks."""
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
    database: Database, passwords: Passwords, principal: Principal, identifier: int | UUID, change: AccountChange
) -> Account:
    """A new password ends the account's sessions. Raises InvalidError, NotFoundError, ForbiddenError, TakenError,
    LimitedError.
    """
    account = await get_account(database, principal, identifier)
    _check(change)
    if account.id == principal.account_id:
        await _require_own(database, passwords, account, change)
    else:
        await _require_grant(database, principal, account.role)
    # Only what was sent: somebody else may change the rights of the account while its new password is hashed.
    new: dict[str, Any] = {
        name: getattr(change, name)
        for name in ("email", "first_name", "last_name")
        if getattr(change, name) is not UNSET
    }
    if isinstance(change.role, str) and _role(change.role) is not account.role:
        new["role"] = _role(change.role)
        await _require_grant(database, principal, new["role"])
    if change.customers is not UNSET:
        new["customer_ids"] = await _customers(database, account.organization_id, change.customers)
    hashed = await passwords.hash(change.password.reveal()) if isinstance(change.password, Secret) else None
    try:
        changed = await store.change(
            database, account.id, lambda found: msgspec.structs.replace(found, **new), password_hash=hashed
        )
    except LookupError as error:
        raise TakenError("A user with this email exists already") from error
    if changed is None:
        raise NotFoundError("User not found")
    return changed


async def delete_account(database: Database, principal: Principal, identifier: int | UUID) -> None:
    """With its sessions. Raises InvalidError, NotFoundError, ForbiddenError."""
    account = await get_account(database, principal, identifier)
    if account.id == principal.account_id:
        raise InvalidError("user", "is yourself", message="You cannot delete your own account")
    await _require_grant(database, principal, account.role)
    if not await store.delete(database, account.id):
        raise NotFoundError("User not found")


async def _require_own(database: Database, passwords: Passwords, account: Account, change: AccountChange) -> None:
    """Nobody changes their own rights, so there is always an admin left; and a stolen session changes no password."""
    if change.role not in (UNSET, account.role.value) or change.customers is not UNSET:
        raise ForbiddenError
    if change.password is UNSET and change.email in (UNSET, account.email):
        return
    if not isinstance(change.current_password, Secret):
        raise InvalidError("currentPassword", "is required to change your own email or password")
    await require_few(database, f"password:{account.id}", _WINDOW, _TRIES, "Too many attempts; try again later")
    login = await store.login_of(database, account.email)
    if not await passwords.verify(login[1] if login else None, change.current_password.reveal()):
        raise InvalidError("currentPassword", "is wrong")


def _require_management(principal: Principal, account: Account) -> None:
    reach = reaches(principal, Permission.MANAGE_USERS, organization_id=account.organization_id)
    if reach is not Reach.ALLOWED:
        raise ForbiddenError


async def _require_grant(database: Database, principal: Principal, role: Role) -> None:
    """Nobody makes, or reaches into, an account that may do more than they."""
    operating = (
        role in GLOBAL
        and principal.works_in is not None
        and await organizations.is_operating(database, principal.works_in)
    )
    if not may_grant(principal, role, operating=operating):
        raise ForbiddenError


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise InvalidError("role", f"must be one of {', '.join(Role)}", message="Invalid role") from None


async def _customers(
    database: Database, organization_id: int, wanted: Sequence[int | UUID] | UnsetType | None
) -> list[int] | None:
    """None is no limit, and so is an empty list: nobody means to make an account that sees nothing."""
    if not isinstance(wanted, Sequence) or not wanted:
        return None
    numbers = await customers.numbers_of(database, organization_id, list(wanted))
    known = [number for number in numbers if number is not None]
    if len(known) < len(numbers):
        raise InvalidError("customerIds", "must be customers of the organization", message="Invalid customer ID")
    return sorted(set(known))


def _check(change: AccountChange) -> None:
    if isinstance(change.email, str) and not is_email(change.email):
        raise InvalidError("email", "must be an e-mail address")
    for text, field in ((change.first_name, "firstName"), (change.last_name, "lastName")):
        check_text(text or None, field=field)
    if isinstance(change.password, Secret):
        check_password(change.password.reveal())
