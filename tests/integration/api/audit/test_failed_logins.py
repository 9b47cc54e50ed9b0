"""Failed logins are recorded with the person, if one is known, without what was typed, and only so many of them."""

from __future__ import annotations

from typing import Any

import pytest

from controller.errors import LoginRefusedError
from controller.operations.accounts import login_entries, sessions
from controller.operations.accounts.passwords import Passwords
from tests.integration.api.audit.world import World

TYPED = "my-Secret.Password@example.com"


async def entries(world: World) -> list[dict[str, Any]]:
    async with world.api.database.connection() as connection:
        rows = await connection.fetch(
            "SELECT *, audit::text AS whole FROM audit WHERE action = 'session.login_failed' AND id > $1 ORDER BY id",
            0,
        )
    return [dict(row) for row in rows]


async def fail(world: World, email: str, address: str = "2001:db8::7") -> None:
    with pytest.raises(LoginRefusedError):
        await sessions.log_in(world.api.database, Passwords(), email, TYPED, address=address)


async def test_a_known_person_is_named(world: World) -> None:
    await fail(world, world.admin.email)
    entry = (await entries(world))[-1]
    assert (entry["actor_id"], entry["actor_name"]) == (world.admin.public_id, world.admin.email)
    assert (entry["organization_id"], entry["address"]) == (world.organization, "2001:db8::7")
    assert (entry["object_kind"], entry["object_id"]) == ("user", world.admin.public_id)
    assert TYPED not in entry["whole"]


@pytest.mark.parametrize("typed", [TYPED, "no address", ""])
async def test_of_nobody_known_nothing_that_was_typed_is_kept(world: World, typed: str) -> None:
    await fail(world, typed)
    entry = (await entries(world))[-1]
    assert (entry["actor_id"], entry["actor_name"], entry["organization_id"]) == (None, None, None)
    assert (entry["object_kind"], entry["object_id"]) == ("user", None)
    assert TYPED.lower() not in entry["whole"].lower()


async def test_only_so_many_are_recorded_from_however_many_addresses(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login_entries, "MOST_FAILED", 3)
    before = len(await entries(world))
    for number in range(5):
        await fail(world, f"nobody{number}@example.com", f"192.0.2.{number}")
    found = (await entries(world))[before:]
    assert len(found) == 3
    assert [("notice" in entry["after"]) for entry in found] == [False, False, True]
    await fail(world, world.admin.email, "192.0.2.99")  # those of a known person are counted apart
    assert len(await entries(world)) == before + 4
