"""Two admins who demote or delete each other at the same moment: one of them stays."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from controller.model import Role
from controller.store.accounts import people
from tests.integration.api.conftest import Api, client_of
from tests.integration.api.people import Person, organization_of, person

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

DEMOTE: dict[str, Any] = {"role": "user"}
LIMIT: dict[str, Any] = {"customerIds": [1]}
DELETE = None


async def send(api: Api, by: Person, about: Person, body: dict[str, Any] | None) -> httpx.Response:
    async with client_of(api.application) as client:
        path = f"/api/users/{about.public_id}"
        if body is None:
            return await client.delete(path, headers=by.headers)
        return await client.patch(path, json=body, headers=by.headers)


async def at_once(api: Api, requests: list[tuple[Person, Person, dict[str, Any] | None]]) -> list[int]:
    """Send the requests while a third connection holds all accounts, so that each has passed its first check of rights
    before one of them writes.
    """
    numbers = [by.id for by, _, _ in requests]
    async with api.database.transaction() as connection:
        await connection.execute("SELECT FROM account WHERE id = ANY ($1::bigint[]) FOR UPDATE", numbers)
        tasks = [asyncio.create_task(send(api, *request)) for request in requests]
        async with asyncio.timeout(60):
            while await api.value(WAITING) < len(requests):
                await asyncio.sleep(0.01)
    return sorted([(await task).status_code for task in tasks])


async def admins(api: Api, *those: Person) -> int:
    count: int = await api.value(
        "SELECT count(*) FROM account WHERE id = ANY ($1::bigint[]) AND role IN ('admin', 'global_admin')"
        " AND customer_ids IS NULL",
        [one.id for one in those],
    )
    return count


@pytest.mark.parametrize("role", [Role.ADMIN, Role.GLOBAL_ADMIN])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(DEMOTE, DEMOTE, id="both demote"),
        pytest.param(LIMIT, LIMIT, id="both limit to a customer"),
        pytest.param(DELETE, DELETE, id="both delete"),
        pytest.param(DEMOTE, DELETE, id="one demotes, one deletes"),
    ],
)
async def test_one_of_two_stays(
    api: Api, role: Role, first: dict[str, Any] | None, second: dict[str, Any] | None
) -> None:
    organization = await organization_of(api, "Ours")
    one, other = [await person(api, role, organization=organization) for _ in range(2)]
    bodies = [{"customerIds": [api.customer]} if body is LIMIT else body for body in (first, second)]
    statuses = await at_once(api, [(one, other, bodies[0]), (other, one, bodies[1])])
    if role is Role.GLOBAL_ADMIN and LIMIT in (first, second):  # a global role sees every customer all the same
        return
    assert await admins(api, one, other) == 1
    assert statuses in ([200, 403], [200, 404])


async def test_one_of_three_in_a_circle_stays(api: Api) -> None:
    organization = await organization_of(api, "Ours")
    three = [await person(api, Role.ADMIN, organization=organization) for _ in range(3)]
    statuses = await at_once(api, [(by, three[(n + 1) % 3], DEMOTE) for n, by in enumerate(three)])
    assert await admins(api, *three) >= 1
    assert 200 in statuses
    assert 403 in statuses


async def test_admins_of_two_organizations_who_are_global(api: Api) -> None:
    ours, strange = await organization_of(api, "Ours"), await organization_of(api, "Strange")
    one = await person(api, Role.GLOBAL_ADMIN, organization=ours)
    other = await person(api, Role.GLOBAL_ADMIN, organization=strange)
    assert await at_once(api, [(one, other, DEMOTE), (other, one, DEMOTE)]) == [200, 403]
    assert await admins(api, one, other) == 1


@pytest.mark.parametrize("body", [DEMOTE, LIMIT, DELETE])
async def test_nobody_takes_away_the_own_rights(api: Api, body: dict[str, Any] | None) -> None:
    admin = await person(api, Role.ADMIN, organization=await organization_of(api, "Ours"))
    answer = await send(api, admin, admin, body)
    assert answer.status_code in {400, 403}
    assert await admins(api, admin) == 1


async def test_a_right_that_ended_meanwhile_changes_nothing(api: Api) -> None:
    """The account became a global admin's while an organization's admin was about to change it."""
    strange = await organization_of(api, "Strange")
    admin = await person(api, Role.ADMIN, organization=strange)
    other = await person(api, Role.USER, organization=strange)
    async with api.database.transaction() as connection:
        await connection.execute("UPDATE account SET role = 'global_admin' WHERE id = $1", other.id)
        task = asyncio.create_task(send(api, admin, other, {"password": "a long enough word"}))
        async with asyncio.timeout(60):
            while not await api.value(WAITING):
                await asyncio.sleep(0.01)
    assert (await task).status_code == 403
    account = await people.by_identifier(api.database, other.id)
    assert account is not None
    login = await people.login_of(api.database, account.email)
    assert login is not None
    assert login[1] == "$argon2id$nobody"
