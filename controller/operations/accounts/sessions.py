"""Log in and out. An answer does not show whether an account exists, and the number of attempts is limited."""

from __future__ import annotations

import secrets
from datetime import timedelta

from controller.decisions.monitors.monitors import is_email
from controller.errors import LoginRefusedError
from controller.model import Account
from controller.operations.accounts.limits import require_few
from controller.operations.accounts.passwords import LONGEST, Passwords
from controller.store.accounts import people, request_counts
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


async def open_session(database: Database, passwords: Passwords, email: str, password: str, *, address: str) -> Secret:
    """Log a program in with a person's password, from the client's `address`. Returns an access token of 32 hex digits.

    Raises LoginRefusedError, LimitedError.
    """
    account_id = await _verified(database, passwords, email, password, address)
    token = Secret(secrets.token_hex(_ACCESS_TOKEN_BYTES))
    await store.insert(database, account_id, token, cookie=False)
    return token


async def log_in(
    database: Database, passwords: Passwords, email: str, password: str, *, address: str
) -> tuple[Account, Secret]:
    """Log a person in. Returns the account and the secret of the browser's cookie. Raises LoginRefusedError,
    LimitedError.
    """
    account = await people.by_identifier(database, await _verified(database, passwords, email, password, address))
    if account is None:  # the account was deleted meanwhile
        raise LoginRefusedError
    secret = Secret(secrets.token_urlsafe(_COOKIE_BYTES))
    await store.insert(database, account.id, secret, cookie=True)
    return account, secret


async def close_session(database: Database, token: str) -> None:
    """End a session. A session that has ended already is not an error."""
    await store.delete(database, token)


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
