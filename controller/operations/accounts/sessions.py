"""Log in and out. An answer does not show whether an account exists, and the number of attempts is limited."""

from __future__ import annotations

import secrets
from datetime import timedelta
from uuid import UUID

from controller.decisions.monitors.monitors import is_email
from controller.errors import LoginCodeRefusedError, LoginRefusedError, NotFoundError, UnauthenticatedError
from controller.model import Account, OwnSession, Principal
from controller.model.audit import Actor, ActorKind, AuditAction, AuditObject, ObjectKind
from controller.operations.accounts.limits import network_of, require_few
from controller.operations.accounts.login_entries import SIGN_ON, record_ended, record_login, record_refusal
from controller.operations.accounts.passwords import LONGEST, Passwords
from controller.operations.audit.recording import operator, record_about
from controller.store.accounts import login_codes, people, request_counts
from controller.store.accounts import sessions as store
from controller.store.accounts.tokens import digest
from controller.store.platform.pool import Database
from shared.secret import Secret

_WINDOW = timedelta(minutes=15)
_TRIES_FROM_ONE_ADDRESS = 10
_TRIES_FROM_ANYWHERE = 100
_TRIES_OF_ONE_ADDRESS = 100
_TOO_MANY = "Too many login attempts; try again later"

_ACCESS_TOKEN_BYTES = 16
_COOKIE_BYTES = 32
_CODE_BYTES = 16
_LONGEST_CODE = 100

CHOOSING = timedelta(hours=1)
"""For so long somebody who came with a login link, and may know no password, can choose one without the current one."""


async def open_session(database: Database, passwords: Passwords, email: str, password: str, *, address: str) -> Secret:
    """Log a program in with a person's password, from the client's `address`. Returns an access token of 32 hex digits.

    Raises LoginRefusedError, LimitedError.
    """
    account_id = await _verified(database, passwords, email, password, address)
    token = Secret(secrets.token_hex(_ACCESS_TOKEN_BYTES))
    async with database.one_transaction() as own:
        account = await people.by_identifier(own, account_id)
        if account is None:  # it was deleted meanwhile
            raise LoginRefusedError
        session = await store.insert(own, account_id, token, cookie=False)
        await record_login(own, account, session, address=address, by="password, a program")
    return token


async def log_in(
    database: Database, passwords: Passwords, email: str, password: str, *, address: str, user_agent: str | None = None
) -> tuple[Account, Secret]:
    """Log a person in. Returns the account and the secret of the browser's cookie. Raises LoginRefusedError,
    LimitedError.
    """
    account_id = await _verified(database, passwords, email, password, address)
    async with database.one_transaction() as own:
        opened = await _open(own, account_id, address, user_agent, by="password")
    if opened is None:
        raise LoginRefusedError
    return opened


async def make_login_code(database: Database, email: str | None) -> tuple[str, Secret] | None:
    """A code that logs this person in once, within ten minutes, and the person's address. Without an address the person
    is the first administrator of the organization that runs the installation. None when there is no such person.

    Only for somebody who has the installation's own keys: it needs no password.
    """
    code = Secret(secrets.token_hex(_CODE_BYTES))
    async with database.one_transaction() as own:
        found = await login_codes.insert(own, email, code)
        if found is None:
            return None
        what = AuditObject(
            kind=ObjectKind.USER, id=str(found.public_id), name=found.email, organization_id=found.organization_id
        )
        await record_about(own, operator(), AuditAction.LOGIN_LINK_CREATED, what)
    return found.email, code


async def log_in_with_code(database: Database, code: str, *, address: str, user_agent: str | None) -> Secret:
    """Use up a code and log its person in. Returns the secret of the browser's cookie. Raises LoginCodeRefusedError,
    LimitedError.
    """
    network = network_of(address)
    await require_few(database, f"login:{network}:code", _WINDOW, _TRIES_FROM_ONE_ADDRESS, _TOO_MANY)
    await require_few(database, f"login:{network}", _WINDOW, _TRIES_OF_ONE_ADDRESS, _TOO_MANY)
    async with database.one_transaction() as own:
        account_id = await login_codes.use(own, "".join(code.split())[:_LONGEST_CODE])
        opened = (
            None
            if account_id is None
            else await _open(own, account_id, address, user_agent, by="login link", choosing=CHOOSING)
        )
    if opened is None:
        await record_refusal(database, None, address=address, by="login link")
        raise LoginCodeRefusedError
    for who in (f"login:{network}", f"login:{network}:code"):
        await request_counts.take_back(database, who)
    return opened[1]


async def open_anew(database: Database, principal: Principal, *, address: str, user_agent: str | None) -> Secret:
    """A new session in place of this person's own, which a new password has ended. Raises UnauthenticatedError."""
    if principal.account_id is None:
        raise UnauthenticatedError
    async with database.one_transaction() as own:
        opened = await _open(own, principal.account_id, address, user_agent, by="new password")
    if opened is None:
        raise UnauthenticatedError
    return opened[1]


async def open_signed_on(database: Database, account_id: int, *, address: str, user_agent: str | None) -> Secret | None:
    """The secret of a browser's cookie for somebody whom the organization's provider has signed in; None when the
    account is gone. `database` is the transaction that found the account.
    """
    opened = await _open(database, account_id, address, user_agent, by=SIGN_ON)
    return None if opened is None else opened[1]


async def own_sessions(database: Database, principal: Principal, secret: str | None) -> list[OwnSession]:
    """The person's sessions, the latest login first. `secret` is that of the browser's cookie, if there is one."""
    return [] if principal.account_id is None else await store.sessions_of(database, principal.account_id, secret)


async def may_choose_password(database: Database, principal: Principal) -> bool:
    """Whether the person can choose a password without the current one: a login link opened this session."""
    return principal.session is not None and await store.may_choose_password(database, principal.session)


async def end_own(database: Database, principal: Principal, public_id: UUID) -> None:
    """End one of the person's sessions. Raises NotFoundError when the person has no such session."""
    if principal.account_id is None:
        raise NotFoundError("Session not found")
    async with database.one_transaction() as own:
        if not await store.delete_of(own, principal.account_id, public_id):
            raise NotFoundError("Session not found")
        await record_ended(own, principal.account_id, principal, AuditAction.SESSION_ENDED, [public_id])


async def end_others(database: Database, principal: Principal, secret: str) -> None:
    """End all sessions of the person but the one of this browser."""
    await end_others_by(database, principal, digest(secret))


async def end_others_by(database: Database, principal: Principal, credential: bytes) -> None:
    """End all sessions of the person but the one whose secret has this SHA-256."""
    if principal.account_id is not None:
        async with database.one_transaction() as own:
            ended = await store.delete_others(own, principal.account_id, credential)
            await record_ended(own, principal.account_id, principal, AuditAction.SESSION_ENDED, ended)


async def close_session(database: Database, token: str, *, address: str) -> None:
    """End a session. A session that has ended already is not an error."""
    async with database.one_transaction() as own:
        ended = await store.delete(own, token)
        if ended is not None:
            account_id, session = ended
            actor = Actor(kind=ActorKind.PERSON, number=account_id, session=session, address=address)
            await record_ended(own, account_id, actor, AuditAction.LOGOUT, [session])


async def _open(
    database: Database,
    account_id: int,
    address: str,
    user_agent: str | None,
    *,
    by: str,
    choosing: timedelta | None = None,
) -> tuple[Account, Secret] | None:
    """None when the account was deleted meanwhile."""
    account = await people.by_identifier(database, account_id)
    if account is None:
        return None
    secret = Secret(secrets.token_urlsafe(_COOKIE_BYTES))
    session = await store.insert(
        database,
        account_id,
        secret,
        cookie=True,
        address=network_of(address),
        user_agent=user_agent,
        choosing=choosing,
    )
    await record_login(database, account, session, address=address, by=by)
    return account, secret


async def _verified(database: Database, passwords: Passwords, email: str, password: str, address: str) -> int:
    email = email.strip().lower()
    known = is_email(email)
    network = network_of(address)
    await require_few(database, f"login:{network}", _WINDOW, _TRIES_OF_ONE_ADDRESS, _TOO_MANY)
    if known:
        await require_few(database, f"login:{network}:{email}", _WINDOW, _TRIES_FROM_ONE_ADDRESS, _TOO_MANY)
        await require_few(database, f"login:{email}", _WINDOW, _TRIES_FROM_ANYWHERE, _TOO_MANY)
    login = await people.login_of(database, email) if known else None
    account_id, stored = login or (None, None)
    right = await passwords.verify(stored, password[: LONGEST + 1])
    if account_id is None or not right:
        await record_refusal(database, account_id, address=address, by="password")
        raise LoginRefusedError
    await request_counts.forget(database, f"login:{network}:{email}")
    for who in (f"login:{network}", f"login:{email}"):  # programs log in for every run, so only failures count
        await request_counts.take_back(database, who)
    return account_id
