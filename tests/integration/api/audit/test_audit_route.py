"""`GET /api/v1/audit`: who may read which entries, filters and pages."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from controller.model import Role
from controller.model.audit import Actor, ActorKind, AuditAction, AuditObject, ObjectKind
from controller.operations.audit.recording import record_about
from tests.integration.api.audit.world import ADDRESS, World
from tests.integration.api.conftest import Api, client_of
from tests.integration.api.people import organization_of, person

PATH = "/api/v1/audit"
ROOT = Actor(kind=ActorKind.COMMAND, name="root", address="host-1")


@pytest.fixture(autouse=True)
async def empty(api: Api) -> None:
    async with api.database.transaction() as connection:
        await connection.execute("ALTER TABLE audit DISABLE TRIGGER ALL")
        await connection.execute("DELETE FROM audit")
        await connection.execute("ALTER TABLE audit ENABLE TRIGGER ALL")


async def read(world: World, **query: Any) -> list[dict[str, Any]]:
    answer = await world.client.get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    entries: list[dict[str, Any]] = answer.json()["items"]
    return entries


async def add(api: Api, organization: int | None, name: str = "x", kind: ObjectKind = ObjectKind.LOCATION) -> None:
    what = AuditObject(kind=kind, id=name, name=name, organization_id=organization)
    await record_about(api.database, ROOT, AuditAction.LOCATION_ADDED, what)


async def test_a_change_shows_who_from_where_and_both_values(world: World) -> None:
    made = await world.smtp()
    await world.send("PATCH", f"/api/smtp-monitors/{made['publicId']}", {"port": 2525})
    changed, created = await read(world)
    assert changed["actor"] | {"session": ""} == {
        "kind": "person",
        "id": world.admin.public_id,
        "name": world.admin.email,
        "session": "",
    }
    assert (changed["action"], changed["address"]) == ("monitor.changed", ADDRESS)
    assert changed["object"] == {"kind": "monitor", "id": made["publicId"], "name": "M"}
    assert (changed["before"], changed["after"]) == ({"port": None}, {"port": 2525})
    assert (created["before"], created["after"]["hostname"]) == (None, "smtp.example.com")
    assert created["organizationId"] == world.organization


async def test_notes_are_shown_without_the_paths_of_urls(world: World) -> None:
    made = await world.smtp(notes="Ask Ada")
    path = f"/api/smtp-monitors/{made['publicId']}"
    await world.send("PATCH", path, {"notes": "See https://wiki.example.com/token/x\nAsk Bob"})
    await world.send("PATCH", path, {"notes": None})
    removed, changed, created = await read(world)
    shown = "See https://wiki.example.com/…\nAsk Bob"
    assert created["after"]["notes"] == "Ask Ada"
    assert (changed["before"], changed["after"]) == ({"notes": "Ask Ada"}, {"notes": shown})
    assert removed["before"] == {"notes": shown}


async def test_a_change_of_nothing_leaves_no_entry(world: World) -> None:
    made = await world.smtp()
    await world.send("PATCH", f"/api/smtp-monitors/{made['publicId']}", {"name": "M"})
    assert [entry["action"] for entry in await read(world)] == ["monitor.created"]


async def test_what_is_refused_leaves_no_entry(world: World) -> None:
    made = await world.smtp()
    answer = await world.client.patch(f"/api/smtp-monitors/{made['publicId']}", json={"port": 0})
    assert answer.status_code == 400
    assert [entry["action"] for entry in await read(world)] == ["monitor.created"]


async def test_a_token_is_named_even_when_it_is_gone(api: Api, world: World) -> None:
    made = await world.send("POST", "/api/organization/tokens", {"name": "robot"})
    token = next(value for value in made.values() if str(value).startswith("wsm_"))
    async with client_of(api.application) as client:
        answer = await client.patch(
            "/api/organization", json={"city": "Bonn"}, headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 200, answer.text
    number = await api.value("SELECT max(id) FROM api_token")
    public_id = await api.value("SELECT public_id::text FROM api_token WHERE id = $1", number)
    await world.send("DELETE", f"/api/organization/tokens/{number}")
    deleted, changed, _ = await read(world)
    assert changed["actor"] == {"kind": "token", "id": public_id, "name": "robot", "session": None}
    assert (deleted["action"], deleted["object"]["id"]) == ("token.deleted", public_id)


async def test_filters(api: Api, world: World) -> None:
    monitor = await world.smtp()
    await world.send("PATCH", "/api/organization", {"street": "S"})
    await add(api, world.organization, "de")
    everything = await read(world)
    assert len(everything) == 3

    async def actions(**query: Any) -> list[str]:
        return [entry["action"] for entry in await read(world, **query)]

    assert await actions(action="location.added") == ["location.added"]
    assert await actions(actor="ROOT") == ["location.added"]
    assert await actions(actor=world.admin.public_id) == ["organization.changed", "monitor.created"]
    assert await actions(actor=world.admin.email) == ["organization.changed", "monitor.created"]
    assert await actions(objectKind="organization") == ["organization.changed"]
    assert await actions(objectId=monitor["publicId"]) == ["monitor.created"]
    middle = everything[1]["at"]
    assert len(await actions(**{"from": everything[2]["at"]})) == 3
    assert "organization.changed" not in await actions(to=middle)
    assert await actions(to=everything[2]["at"]) == []


async def test_search_is_in_who_what_and_the_name_of_the_object(api: Api, world: World) -> None:
    await add(api, world.organization, "100%_of\\Mail")
    await add(api, world.organization, "Other")
    await world.smtp(name="Mail of ROOT")

    async def names(q: str) -> list[str]:
        return [entry["object"]["name"] for entry in await read(world, q=q)]

    assert await names("root") == ["Mail of ROOT", "Other", "100%_of\\Mail"]
    assert await names(world.admin.email.upper()) == ["Mail of ROOT"]
    assert await names("location.ADDED") == await names("location add") == ["Other", "100%_of\\Mail"]
    assert await names("0%_OF\\m") == ["100%_of\\Mail"]
    assert await names("ot_er") == await names("o%r") == await names("added\\") == []
    assert [entry["object"]["name"] for entry in await read(world, q="mail", action="monitor.created")] == [
        "Mail of ROOT"
    ]


async def test_pages(api: Api, world: World) -> None:
    for number in range(7):
        await add(api, world.organization, str(number))
    names: list[str] = []
    query: dict[str, Any] = {"limit": 3}
    while True:
        answer = await world.client.get(PATH, params=query)
        names += [entry["object"]["name"] for entry in answer.json()["items"]]
        await add(api, world.organization, "later")
        if answer.json()["nextCursor"] is None:
            break
        query["cursor"] = answer.json()["nextCursor"]
    assert names == ["6", "5", "4", "3", "2", "1", "0"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"action": "x"}, "action must be one of "),
        ({"objectKind": "x"}, "objectKind must be one of "),
        ({"from": "yesterday"}, "from must be a moment"),
        ({"from": "2026-01-02", "to": "2026-01-01"}, "to must be later than from"),
        ({"limit": "0"}, "limit must be"),
        ({"limit": "1001"}, "limit must be"),
        ({"cursor": "x"}, "cursor must be the nextCursor"),
        ({"actor": ""}, "actor must be 1 to 320"),
        ({"objectId": "\x00"}, "objectId must be 1 to 320"),
        ({"q": ""}, "q must be"),
        ({"q": "x" * 321}, "q must be"),
        ({"q": "a\x00b"}, "q must be 1 to 320"),
        ({"objekt": "x"}, "objekt is not a parameter"),
        ({"organizationId": "x"}, "Invalid organizationId"),
    ],
)
async def test_a_bad_parameter_is_named(world: World, query: dict[str, str], message: str) -> None:
    answer = await world.client.get(PATH, params=query)
    assert answer.status_code == 400, answer.text
    assert message in answer.json()["detail"], answer.text


async def test_a_cursor_of_another_query_is_refused(api: Api, world: World) -> None:
    for number in range(3):
        await add(api, world.organization, str(number))
    cursor = (await world.client.get(PATH, params={"limit": 1})).json()["nextCursor"]
    answer = await world.client.get(PATH, params={"limit": 1, "cursor": cursor, "actor": "root"})
    assert (answer.status_code, answer.json()["detail"].split(":")[0]) == (400, "cursor belongs to another query")


async def names_for(api: Api, headers: dict[str, str], **query: Any) -> tuple[int, set[str]]:
    async with client_of(api.application) as client:
        answer: httpx.Response = await client.get(PATH, params=query, headers=headers)
    found = answer.json().get("items", ()) if answer.status_code == 200 else ()
    return answer.status_code, {entry["object"]["name"] for entry in found}


async def test_each_caller_sees_what_it_may(api: Api) -> None:
    ours, strange = await organization_of(api, "Ours"), await organization_of(api, "Strange")
    for organization, name in ((ours, "ours"), (strange, "strange"), (None, "installation")):
        await add(api, organization, name)

    async def caller(role: Role, organization: int, customers: list[int] | None = None) -> dict[str, str]:
        return (await person(api, role, organization=organization, customers=customers)).headers

    # The first organization runs the installation.
    assert await names_for(api, await caller(Role.ADMIN, ours)) == (200, {"ours", "installation"})
    assert await names_for(api, await caller(Role.ADMIN, strange)) == (200, {"strange"})
    world_wide = await caller(Role.GLOBAL_ADMIN, strange)
    assert await names_for(api, world_wide) == (200, {"ours", "strange", "installation"})
    assert await names_for(api, world_wide, organizationId=strange) == (200, {"strange"})
    assert await names_for(api, await caller(Role.ADMIN, ours), organizationId=strange) == (403, set())
    refused = (403, set[str]())
    assert await names_for(api, await caller(Role.ADMIN, ours, [api.customer])) == refused
    for role in (Role.USER, Role.EDITOR, Role.READONLY, Role.GLOBAL_SUPPORTER):
        assert await names_for(api, await caller(role, ours)) == refused, role
    token = {"Authorization": f"Bearer {await api.token(strange)}"}
    assert await names_for(api, token) == (200, {"strange"})
    assert await names_for(api, token, q="added") == (200, {"strange"})
    assert await names_for(api, {"Authorization": f"Bearer {api.customer_token}"}) == refused
    assert await names_for(api, {}) == (401, set())
