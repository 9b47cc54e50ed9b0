"""Global admins add organizations with `/api/v1/organizations`; global roles list all, all others their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from controller.model import Role
from tests.integration.api.conftest import Api, client_of
from tests.integration.api.people import Person, organization_of, person

PATH = "/api/v1/organizations"


@pytest.fixture
async def admin(api: Api) -> Person:
    """A global admin."""
    return await person(api, Role.GLOBAL_ADMIN, organization=await organization_of(api, "Ours"))


@pytest.fixture
async def client(api: Api, admin: Person) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(api.application) as opened:
        opened.headers.update(admin.headers)
        yield opened


async def made(client: httpx.AsyncClient, name: str) -> dict[str, Any]:
    answer = await client.post(PATH, json={"name": name})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_new_organization_can_be_worked_in_at_once(client: httpx.AsyncClient) -> None:
    name = uuid4().hex
    new = await made(client, name)
    here = {"organizationId": new["number"]}
    got = (await client.get("/api/organization", params=here)).json()
    assert (got["publicId"], got["id"], got["name"]) == (new["id"], new["number"], name)
    assert (got["createdAt"], got["updatedAt"]) == (new["createdAt"], new["updatedAt"])
    [customer] = (await client.get("/api/customers", params=here)).json()
    assert customer["name"] == "Default"
    monitor = {"customerId": customer["publicId"], "name": "M", "hostname": "mail.example.com"}
    assert (await client.post("/api/smtp-monitors", json=monitor, params=here)).status_code == 200
    body = {"email": f"{uuid4().hex}@example.com", "role": "admin"}
    assert (await client.post("/api/users", json=body, params=here)).status_code == 200
    [item] = (await client.get(PATH, params={"q": name.upper()})).json()["items"]
    assert item.items() <= new.items()


async def test_spaces_around_a_name_are_removed(api: Api, client: httpx.AsyncClient) -> None:
    name = uuid4().hex
    new = await made(client, f"  {name} ")
    assert new["name"] == name
    assert (await client.post(PATH, json={"name": f" {name}"})).status_code == 409
    renamed = await client.patch(f"{PATH}/{new['id']}", json={"name": f" {name} 2 "})
    assert renamed.json()["name"] == f"{name} 2"


async def test_it_is_recorded_in_its_own_audit_log(client: httpx.AsyncClient, admin: Person) -> None:
    new = await made(client, uuid4().hex)
    [entry] = (await client.get("/api/v1/audit", params={"organizationId": new["number"]})).json()["items"]
    assert (entry["action"], entry["actor"]["name"]) == ("organization.created", admin.email)
    assert (entry["object"]["id"], entry["object"]["name"]) == (new["id"], new["name"])
    assert entry["after"] == {"name": new["name"], "timeZone": "UTC", "customer": "Default"}


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"name": " "}, 400, "name must be 1 to 255 printable characters"),
        ({"name": "a\0"}, 400, "name must be 1 to 255 printable characters"),
        ({"name": "x" * 256}, 400, "name must be a string of 1 to 255 characters"),
        ({"name": None}, 400, "name must be a string of 1 to 255 characters"),
        ({}, 400, "name is required"),
        ({"name": "A", "city": "B"}, 400, "city is not a known field"),
        ({"name": "oURS"}, 409, "An organization with this name exists already"),
    ],
)
async def test_what_cannot_be_one_is_refused(
    api: Api, client: httpx.AsyncClient, body: dict[str, Any], status: int, message: str
) -> None:
    before = await api.value("SELECT count(*) FROM organization")
    answer = await client.post(PATH, json=body)
    assert (answer.status_code, answer.json()["detail"]) == (status, message)
    assert await api.value("SELECT count(*) FROM organization") == before


async def test_of_two_with_one_name_at_once_one_is_made(client: httpx.AsyncClient) -> None:
    name = uuid4().hex
    answers = await asyncio.gather(*(client.post(PATH, json={"name": name}) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_all_but_global_roles_find_their_own_alone(api: Api, client: httpx.AsyncClient) -> None:
    await made(client, uuid4().hex)
    own = await organization_of(api, "Ours")
    for role in (Role.ADMIN, Role.READONLY):
        one = await person(api, role, organization=own)
        found = (await client.get(PATH, headers=one.headers)).json()["items"]
        assert [(each["number"], each["name"]) for each in found] == [(own, "Ours")]
    everything = (await client.get(PATH)).json()["items"]
    assert len(everything) > 1
