"""Two changes of different fields at once are both kept: the later one starts from what the earlier one stored."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from controller.model import Role
from controller.store.accounts import customers, organizations, people
from controller.store.monitors import monitors
from tests.integration.store.conftest import Store

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def with_values(**values: Any) -> Callable[[Any], Any]:
    return lambda found: msgspec.structs.replace(found, **values)


async def change_monitor(store: Store) -> tuple[int, Awaitable[Any]]:
    made = await store.monitor()
    change = monitors.change(store.database, store.organization, ("smtp",), made.id, with_values(port=587))
    return made.id, change


async def change_customer(store: Store) -> tuple[int, Awaitable[Any]]:
    return store.customer, customers.change(store.database, store.customer, with_values(email="c@example.com"))


async def change_organization(store: Store) -> tuple[int, Awaitable[Any]]:
    return store.organization, organizations.change(store.database, store.organization, with_values(city="Berlin"))


async def change_account(store: Store) -> tuple[int, Awaitable[Any]]:
    new = people.NewAccount(
        organization_id=store.organization,
        email="a@example.com",
        first_name=None,
        last_name=None,
        role=Role.USER,
        customer_ids=None,
        password_hash="$argon2id$x",
    )
    made = await people.insert(store.database, new)
    assert made is not None
    return made.id, people.change(store.database, made.id, with_values(first_name="A"), password_hash=None)


@pytest.mark.parametrize(
    ("begin", "earlier", "stands"),
    [
        pytest.param(change_monitor, "UPDATE monitor SET name = 'other'", {"name": "other", "port": 587}, id="monitor"),
        pytest.param(
            change_customer,
            "UPDATE customer SET name = 'other'",
            {"name": "other", "email": "c@example.com"},
            id="customer",
        ),
        pytest.param(
            change_organization,
            "UPDATE organization SET name = 'other'",
            {"name": "other", "city": "Berlin"},
            id="organization",
        ),
        pytest.param(
            change_account,
            "UPDATE account SET role = 'readonly'",
            {"role": Role.READONLY, "first_name": "A"},
            id="account",
        ),
    ],
)
async def test_the_later_change_keeps_the_earlier_one(
    store: Store,
    begin: Callable[[Store], Awaitable[tuple[int, Awaitable[Any]]]],
    earlier: str,
    stands: dict[str, Any],
) -> None:
    number, later = await begin(store)
    async with store.database.transaction() as connection:
        await connection.execute(f"{earlier} WHERE id = $1", number)
        changing = asyncio.ensure_future(later)
        async with asyncio.timeout(15):
            while not await store.value(WAITING):
                await asyncio.sleep(0.02)
    changed = await changing
    assert {name: getattr(changed, name) for name in stands} == stands
