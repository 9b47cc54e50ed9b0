"""The account of somebody whom a provider has signed in: found or made, and with the rights that the groups give."""

from __future__ import annotations

import secrets
from uuid import UUID

import msgspec

from controller.decisions.sign_on import may_take, rights_of
from controller.model import Account, Role
from controller.model.audit import Actor, ActorKind, AuditAction
from controller.model.sign_on import SignedOn, SignOn
from controller.operations.accounts.login_entries import SIGN_ON
from controller.operations.accounts.passwords import Passwords
from controller.operations.accounts.sessions import open_signed_on
from controller.operations.audit.recording import record
from controller.store.accounts import customers, organizations, people
from controller.store.accounts import sign_on as store
from controller.store.accounts.people import NewAccount
from controller.store.platform.pool import Database
from shared.secret import Secret

_UNUSED_PASSWORD_BYTES = 32


class NotLetInError(Exception):
    """The organization's settings do not let the person in; the message says why. `account` is the organization's."""

    def __init__(self, reason: str, account: Account | None = None) -> None:
        super().__init__(reason)
        self.account = account


class _Rights(msgspec.Struct, frozen=True, kw_only=True):
    role: Role
    customer_ids: list[int] | None


async def let_in(
    database: Database,
    passwords: Passwords,
    sign_on: SignOn,
    person: SignedOn,
    *,
    address: str,
    user_agent: str | None,
) -> Secret:
    """Returns the secret of the browser's cookie. The person's e-mail address is verified. Raises NotLetInError."""
    assert person.email is not None  # noqa: S101 - refusal_of_person has refused others
    unused = None
    if sign_on.create_users and await people.login_of(database, person.email) is None:
        unused = await passwords.hash(secrets.token_urlsafe(_UNUSED_PASSWORD_BYTES))
    async with database.one_transaction() as own:
        operating = await organizations.is_operating(own, sign_on.organization_id)
        account = await _existing(own, sign_on, person, operating=operating)
        rights = await _rights(own, sign_on, person, account, operating=operating)
        if account is None:
            account = await _made(own, sign_on, person, person.email, rights, unused, address)
        else:
            await _give(own, account, rights, address)
        secret = await open_signed_on(own, account.id, address=address, user_agent=user_agent)
        if secret is None:
            raise NotLetInError("the account was deleted meanwhile")
    return secret


async def _existing(database: Database, sign_on: SignOn, person: SignedOn, *, operating: bool) -> Account | None:
    """The person's account, locked and tied to the provider's subject; None when there is none."""
    organization, issuer = sign_on.organization_id, sign_on.issuer
    linked = await store.account_of(database, organization, issuer, person.subject)
    number = linked
    if number is None and (login := await people.login_of(database, person.email or "")):
        number = login[0]
    if number is None:
        return None
    account = (await people.lock(database, [number])).get(number)
    if account is None:
        raise NotLetInError("the account was deleted meanwhile")
    known = await store.is_linked(database, number, issuer)
    if not may_take(account, organization, linked=linked is not None, known=known, operating=operating):
        own = account if account.organization_id == organization else None
        raise NotLetInError("the e-mail address is that of an account which the provider may not sign in to", own)
    if linked is None and not await store.link(database, organization, issuer, person.subject, number):
        raise NotLetInError("the settings were changed meanwhile", account)
    return account


async def _rights(
    database: Database, sign_on: SignOn, person: SignedOn, account: Account | None, *, operating: bool
) -> _Rights:
    given = rights_of(sign_on, person, operating=operating)
    if given is None:
        raise NotLetInError("none of the person's groups has a role, and there is no defaultRole", account)
    if given.customers is None:
        return _Rights(role=given.role, customer_ids=None)
    named: list[int | UUID] = [*given.customers]
    numbers = await customers.numbers_of(database, sign_on.organization_id, named)
    found = sorted({number for number in numbers if number is not None})
    if not found:  # an empty list would be no limit at all
        raise NotLetInError("no customer is left to which the person's group is limited", account)
    return _Rights(role=given.role, customer_ids=found)


async def _made(
    database: Database,
    sign_on: SignOn,
    person: SignedOn,
    email: str,
    rights: _Rights,
    password_hash: str | None,
    address: str,
) -> Account:
    if password_hash is None:
        raise NotLetInError("the person has no account, and createUsers is false")
    account = await people.insert(
        database,
        NewAccount(
            organization_id=sign_on.organization_id,
            email=email,
            first_name=person.first_name,
            last_name=person.last_name,
            role=rights.role,
            customer_ids=rights.customer_ids,
            password_hash=password_hash,
        ),
    )
    made = account is not None and await store.link(
        database, sign_on.organization_id, sign_on.issuer, person.subject, account.id
    )
    if account is None or not made:
        raise NotLetInError("the account or the settings were changed meanwhile")
    await record(database, _itself(account, address), AuditAction.USER_CREATED, after=account, besides={"by": SIGN_ON})
    return account


async def _give(database: Database, account: Account, rights: _Rights, address: str) -> None:
    """Give the account the rights that it has by now."""
    if (account.role, account.customer_ids) == (rights.role, rights.customer_ids):
        return
    changed = await people.change(
        database,
        account.id,
        lambda found: msgspec.structs.replace(found, role=rights.role, customer_ids=rights.customer_ids),
        password_hash=None,
    )
    action = AuditAction.USER_CHANGED if account.role is rights.role else AuditAction.USER_ROLE_CHANGED
    await record(database, _itself(account, address), action, before=account, after=changed, besides={"by": SIGN_ON})


def _itself(account: Account, address: str) -> Actor:
    return Actor(kind=ActorKind.PERSON, number=account.id, address=address)
