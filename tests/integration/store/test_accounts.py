from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from controller.model import Role
from controller.store.accounts import customers, organizations, tokens
from controller.store.accounts.organizations import FirstAccount
from controller.store.platform.pool import Database
from shared.secret import Secret


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database.open(database_url) as opened:
        yield opened


def first(token: Secret) -> FirstAccount:
    return FirstAccount(organization="O", customer="C", email="a@localhost", password_hash="$argon2id$x", token=token)


async def rows(database: Database) -> list[int]:
    async with database.connection() as connection:
        counts = await connection.fetchrow(
            "SELECT (SELECT count(*) FROM organization), (SELECT count(*) FROM customer),"
            " (SELECT count(*) FROM account), (SELECT count(*) FROM api_token)"
        )
    return list(counts or ())


async def test_the_first_account_has_a_token_that_works_and_is_not_stored(database: Database) -> None:
    token = tokens.new_token()
    async with organizations.insert_first(database, first(token)) as new:
        assert new
    assert await rows(database) == [1, 1, 1, 1]
    principal = await tokens.principal_of(database, token.reveal())
    assert principal is not None
    assert (principal.role, principal.customer_ids) == (Role.ADMIN, None)
    assert await tokens.principal_of(database, token.reveal()[:-1]) is None
    async with database.connection() as connection:
        stored = await connection.fetchrow("SELECT token_hash, hint FROM api_token")
    assert stored is not None
    assert stored["token_hash"] == hashlib.sha256(token.reveal().encode()).digest()
    assert stored["hint"] == token.reveal()[:9]


async def test_two_at_once_found_one_organization(database: Database) -> None:
    async def found() -> bool:
        async with organizations.insert_first(database, first(tokens.new_token())) as new:
            await asyncio.sleep(0.02)
        return new is not None

    assert sorted(await asyncio.gather(found(), found())) == [False, True]
    assert await rows(database) == [1, 1, 1, 1]


async def test_a_failure_before_the_end_stores_nothing(database: Database) -> None:
    with pytest.raises(LookupError):
        async with organizations.insert_first(database, first(tokens.new_token())):
            raise LookupError
    assert await rows(database) == [0, 0, 0, 0]


async def test_a_customer_is_found_in_its_own_organization_only(database: Database) -> None:
    async with organizations.insert_first(database, first(tokens.new_token())):
        pass
    async with database.connection() as connection:
        row = await connection.fetchrow("SELECT id, public_id, organization_id FROM customer")
    assert row is not None
    number, public_id, organization = row
    by_number = await customers.customer_of(database, organization, number)
    assert by_number is not None
    assert by_number == await customers.customer_of(database, organization, UUID(str(public_id)))
    assert await customers.customer_of(database, organization + 1, number) is None
    assert await customers.customer_of(database, organization, number + 1) is None


def test_tokens_have_the_format_that_clients_expect() -> None:
    token = tokens.new_token().reveal()
    assert token.startswith("wsm_")
    assert len(token) == 47
    assert token != tokens.new_token().reveal()
