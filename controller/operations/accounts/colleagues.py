"""What administrators do for the people of their organization besides changing accounts: let them in by a link that
works once, and end their sessions.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from controller.decisions.access import GLOBAL, customers_within, may_grant
from controller.errors import ForbiddenError, NotFoundError
from controller.model import Account, Principal, Role
from controller.model.audit import AuditAction, AuditObject, ObjectKind
from controller.model.values.public_url import PublicUrl
from controller.operations.accounts.lists import accounts_page
from controller.operations.accounts.login_entries import record_ended
from controller.operations.accounts.people import get_account, require_grant
from controller.operations.audit.recording import record_about
from controller.operations.listing import PageRequest
from controller.store.accounts import customers, login_codes, organizations, sessions
from controller.store.accounts import people as store
from controller.store.accounts.whereabouts import Whereabouts, whereabouts_of
from controller.store.audit.makers import tokens_made_by
from controller.store.platform.pool import Database
from controller.vault import Vault
from shared.secret import Secret

LINK_LIFE = timedelta(days=3)
"""Long enough for somebody who is away over a weekend: the link is handed over, and the code in it is not guessed."""
_CODE_BYTES = 16


class Colleague(msgspec.Struct, frozen=True, kw_only=True):
    """A person, how they come in, and the names of the customers that the account is limited to; None is no limit."""

    account: Account
    whereabouts: Whereabouts
    customers: list[str] | None


class LoginLink(msgspec.Struct, frozen=True, kw_only=True):
    """The code of a login link that works once, for this person, until then."""

    account: Account
    code: Secret
    expires_at: datetime


async def colleagues(
    database: Database, vault: Vault, principal: Principal, request: PageRequest, *, text: str | None
) -> tuple[list[Colleague], str | None]:
    """Some people of the organization and the cursor of the next ones. Raises InvalidError, NotFoundError,
    OrganizationRequiredError.
    """
    found = await accounts_page(database, vault, principal, request, role=None, text=text)
    return await _described(database, principal.organization_id, found.items), found.next_cursor


async def colleague(database: Database, principal: Principal, identifier: int | UUID) -> Colleague:
    """Raises NotFoundError, ForbiddenError."""
    account = await get_account(database, principal, identifier)
    return (await _described(database, account.organization_id, [account]))[0]


async def grantable_roles(database: Database, principal: Principal) -> list[Role]:
    """The roles that the principal may give somebody."""
    works_in = principal.works_in
    operating = works_in is not None and await organizations.is_operating(database, works_in)
    return [role for role in Role if may_grant(principal, role, operating=operating)]


async def tokens_of_maker(database: Database, principal: Principal, account: Account) -> list[str]:
    """The names of the tokens that somebody made: they keep working when their maker is gone."""
    await require_grant(database, principal, account.role)
    return await tokens_made_by(database, account.organization_id, account.public_id)


async def make_login_link(database: Database, principal: Principal, identifier: int | UUID) -> LoginLink:
    """A link with which somebody logs in once, and can choose a password then; earlier ones end. Nobody makes one for
    themselves: it would spare them their current password. Raises NotFoundError, ForbiddenError.
    """
    account = await _other(database, principal, identifier)
    code = Secret(secrets.token_hex(_CODE_BYTES))
    async with database.one_transaction() as own:
        found = (await store.lock(own, (account.id,))).get(account.id)
        if found is None:
            raise NotFoundError("User not found")
        await require_grant(own, principal, found.role)
        until = await login_codes.insert_for(own, account.id, code, LINK_LIFE)
        what = AuditObject(
            kind=ObjectKind.USER,
            id=str(account.public_id),
            name=account.email,
            organization_id=account.organization_id,
        )
        await record_about(own, principal, AuditAction.LOGIN_LINK_CREATED, what)
    return LoginLink(account=account, code=code, expires_at=until)


async def end_sessions_of(database: Database, principal: Principal, identifier: int | UUID) -> int:
    """End every session of somebody else. Returns how many there were. Raises NotFoundError, ForbiddenError."""
    account = await _other(database, principal, identifier)
    async with database.one_transaction() as own:
        ended = await sessions.delete_all(own, account.id)
        await record_ended(own, account.id, principal, AuditAction.SESSION_ENDED, ended)
    return len(ended)


async def _other(database: Database, principal: Principal, identifier: int | UUID) -> Account:
    """Somebody else, whose account the principal may change. Raises NotFoundError, ForbiddenError."""
    account = await get_account(database, principal, identifier)
    if account.id == principal.account_id:
        raise ForbiddenError
    await require_grant(database, principal, account.role)
    return account


async def _described(database: Database, organization_id: int, accounts: list[Account]) -> list[Colleague]:
    known = await whereabouts_of(database, [account.id for account in accounts])
    limits = frozenset(number for account in accounts for number in account.customer_ids or ())
    names = {one.id: one.name for one in await customers.customers_of(database, organization_id, limits)}
    nowhere = Whereabouts(sessions=0, last_used_at=None, signs_on=False, invited_until=None)
    return [
        Colleague(
            account=account,
            whereabouts=known.get(account.id, nowhere),
            customers=_names(account, names),
        )
        for account in accounts
    ]


def _names(account: Account, names: dict[int, str]) -> list[str] | None:
    limits = None if account.role in GLOBAL else customers_within(account.role, account.customer_ids)
    return None if limits is None else sorted(names[number] for number in limits if number in names)


def link_with(public_url: PublicUrl, code: Secret, *, following: str = "") -> str:
    """The link that logs somebody in with this code; only its path when the public address is not known. One for
    somebody else leads to the page `following`, and asks in a browser where a person is logged in.
    """
    page = f"/login/code?next={following}" if following else "/login"
    path = f"{page}#code={code.reveal()}"
    # The code stands in the fragment, which browsers send to no server, so that it reaches no log.
    return public_url.link(path) or path
