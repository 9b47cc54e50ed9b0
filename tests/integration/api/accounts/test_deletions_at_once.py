"""`If-Match` of a DELETE while somebody else changes the same thing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from controller.model import Role
from tests.integration.api.conftest import Api, client_of
from tests.integration.api.people import organization_of, person

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
CASES: list[Any] = [
    pytest.param(
        "/api/v1/channels",
        {"name": "On call", "config": {"type": "email", "to": ["oncall@example.com"]}},
        "UPDATE notification_channel SET name = 'changed' WHERE public_id = $1",
        id="channel",
    ),
    pytest.param(
        "/api/v1/users",
        {"email": "at.once@example.com"},
        "UPDATE account SET first_name = 'changed' WHERE public_id = $1",
        id="person",
    ),
]


@pytest.mark.parametrize(("path", "body", "change"), CASES)
async def test_what_changes_while_it_is_deleted_stays(api: Api, path: str, body: dict[str, Any], change: str) -> None:
    admin = await person(api, Role.ADMIN, organization=await organization_of(api, "Ours"))
    async with client_of(api.application) as client:
        client.headers.update(admin.headers)
        new = await client.post(path, json=body)
        assert new.status_code == 201, new.text
        one = new.headers["location"]
        async with api.database.transaction() as connection:
            await connection.execute(change, new.json()["id"])
            deletion = asyncio.create_task(client.delete(one, headers={"If-Match": new.headers["etag"]}))
            async with asyncio.timeout(60):
                while not await api.value(WAITING):
                    await asyncio.sleep(0.05)
        assert (await deletion).status_code == 412
        assert (await client.get(one)).status_code == 200
        assert (await client.delete(one)).status_code == 204
