"""Log in and out. An answer does not show whether an account exists, and the number of attempts is limited."""

from __future__ import annotations

import secrets
from datetime import timedelta
from uuid import UUID

from controller.decisions.monitors.monitors import is_email
from controller.errors import LoginCodeRefusedError, LoginRefusedError, NotFoundError, UnauthenticatedError
from controller.model import Account, OwnSession, Principal
from controller.operations.accounts.limits import require_few
from controller.operations.accounts.passwords import LONGEST, Passwords
from controller.store.accounts import login_codes, people, request_counts
from controller.store.accounts import sessions as store
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


async def open_session(database: Database, passwords: Passwords, email: str, password: str, *, address: str) -> Secret:
    """Log a program in with a person's password, from the client's `address`. Returns an access token of 32 hex digits.

    Raises LoginRefusedError, LimitedError.
    """
    account_id = await _verified(database, passwords, email, password, address)
    token = Secret(secrets.token_hex(_ACCESS_TOKEN_BYTES))
    await store.insert(database, account_id, token, cookie=False)
    return token


async def log_in(
    database: Database, passwords: Passwords, email: str, password: str, *, address: str, user_agent: str | None = None
) -> tuple[Account, Secret]:
    """Log a person in. Returns the account and the secret of the browser's cookie. Raises LoginRefusedError,
    LimitedError.
    """
    account = await people.by_identifier(database, await _verified(database, passwords, email, password, address))
    if account is None:  # the account was deleted meanwhile
        raise LoginRefusedError
    return account, await _open(database, account.id, address, user_agent)


async def make_login_code(database: Database, email: str | None) -> tuple[str, Secret] | None:
    """A code that logs this person in once, within ten minutes, and the person's address. Without an address the person
    is the first administrator of the organization that runs the installation. None when there is no such person.

    Only for somebody who has the installation's own keys: it needs no password.
    """
    code = Secret(secrets.token_hex(_CODE_BYTES))
    found = await login_codes.insert(database, email, code)
    return None if found is None else (found, code)


async def log_in_with_code(database: Database, code: str, *, address: str, user_agent: str | None) -> Secret:
    """Use up a code and log its person in. Returns the secret of the browser's cookie. Raises LoginCodeRefusedError,
    LimitedError.
    """
    await require_few(database, f"login:{address}:code", _WINDOW, _TRIES_FROM_ONE_ADDRESS, _TOO_MANY)
    await require_few(database, f"login:{address}", _WINDOW, _TRIES_OF_ONE_ADDRESS, _TOO_MANY)
    account_id = await login_codes.use(database, "".join(code.split())[:_LONGEST_CODE])
    if account_id is None:
        raise LoginCodeRefusedError
    for who in (f"login:{address}", f"login:{address}:code"):
        await request_counts.take_back(database, who)
    return await _open(database, account_id, address, user_agent)


async def open_anew(database: Database, principal: Principal, *, address: str, user_agent: str | None) -> Secret:
    """A new session in place of this person's own, which a new password has ended. Raises UnauthenticatedError."""
    if principal.account_id is None:
        raise UnauthenticatedError
    return await _open(database, principal.account_id, address, user_agent)


async def own_sessions(database: Database, principal: Principal, secret: str | None) -> list[OwnSession]:
    """The person's sessions, the latest login first. `secret` is that of the browser's cookie, if there is one."""
    return [] if principal.account_id is None else await store.sessions_of(database, principal.account_id, secret)


async def end_own(database: Database, principal: Principal, public_id: UUID) -> None:
    """End one of the person's sessions. Raises NotFoundError when the person has no such session."""
    if principal.account_id is None or not await store.delete_of(database, principal.account_id, public_id):
        raise NotFoundError("Session not found")


async def end_others(database: Database, principal: Principal, secret: str) -> None:
    """End all sessions of the person but the one of this browser."""
    if principal.account_id is not None:
        await store.delete_others(database, principal.account_id, secret)


async def close_session(database: Database, token: str) -> None:
    """End a session. A session that has ended already is not an error."""
    await store.delete(database, token)


async def _open(database: Database, account_id: int, address: str, user_agent: str | None) -> Secret:
    secret = Secret(secrets.token_urlsafe(_COOKIE_BYTES))
    await store.insert(database, account_id, secret, cookie=True, address=address, user_agent=user_agent)
    return secret


async def _verified(database: Database, passwords: Passwords, email: str, password: str, address: str) -> int:
    email = email.strip().lower()
    known = is_email(email)
    await require_few(database, f"login:{address}", _WINDOW, _TRIES_OF_ONE_ADDRESS, _TOO_MANY)
    if known:
        await require_few(database, f"login:{address}:{email}", _WINDOW, _TRIES_FROM_ONE_ADDRESS, _TOO_MANY)
        await require_few(database, f"login:{email}", _WINDOW, _TRIES_FROM_ANYWHERE, _TOO_MANY)
    login = await people.login_of(database, email) if known else None
    account_id, stored = login or (None, None)
    right = await passwords.verify(stored, password[: LONGEST + 1])
    if account_id is None or not right:
        raise LoginRefusedError
    await request_counts.forget(database, f"login:{address}:{email}")
    for who in (f"login:{address}", f"login:{email}"):  # programs log in for every run, so only failures count
        await request_counts.take_back(database, who)
    return account_id
