"""Creates people with sessions directly in the database, for tests of their permissions."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from controller.model import Role
from controller.store.accounts import people, sessions
from controller.store.accounts.people import NewAccount
from shared.secret import Secret
from tests.integration.api.conftest import Api


@dataclass(frozen=True)
class Person:
    """`headers` hold the session cookie."""

    id: int
    public_id: str
    email: str
    headers: dict[str, str]


async def person(
    api: Api,
    role: Role,
    *,
    organization: int,
    customers: list[int] | None = None,
    password_hash: str = "$argon2id$nobody",
) -> Person:
    """Create a person who is logged in."""
    email = f"{role.value}-{secrets.token_hex(4)}@example.com"
    account = await people.insert(
        api.database,
        NewAccount(
            organization_id=organization,
            email=email,
            first_name=None,
            last_name=None,
            role=role,
            customer_ids=customers,
            password_hash=password_hash,
        ),
    )
    assert account is not None
    return Person(account.id, str(account.public_id), email, await session_headers(api, account.id))


async def session_headers(api: Api, account_id: int) -> dict[str, str]:
    cookie = Secret(secrets.token_urlsafe(32))
    await sessions.insert(api.database, account_id, cookie, cookie=True)
    return {"Cookie": f"mailprobe_session={cookie.reveal()}"}


async def organization_of(api: Api, name: str) -> int:
    number: int = await api.value("SELECT id FROM organization WHERE name = $1", name)
    return number
