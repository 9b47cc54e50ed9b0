"""`/api/v1/users`: people as admins manage them by programs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from argon2 import PasswordHasher

from controller.api.v1.users.schemas import UserBody, UserPatch
from controller.model import Role
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, STRANGE_CUSTOMER, Api, client_of
from tests.integration.api.people import Person, organization_of, person

PATH = "/api/v1/users"
PASSWORD = "a long enough pass phrase"


@pytest.fixture
async def admin(api: Api) -> Person:
    ours = await organization_of(api, "Ours")
    return await person(api, Role.ADMIN, organization=ours, password_hash=PasswordHasher().hash(PASSWORD))


@pytest.fixture
async def client(api: Api, admin: Person) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(api.application) as opened:
        opened.headers.update(admin.headers)
        yield opened


async def made(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await client.post(PATH, json={"email": f"{uuid4().hex}@example.com", **fields})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_the_examples_are_accepted_and_the_password_is_never_answered(client: httpx.AsyncClient) -> None:
    answer = await client.post(PATH, json=UserBody.EXAMPLE)
    assert answer.status_code == 201, answer.text
    new = answer.json()
    assert new.pop("password") is None
    assert {name: new[name] for name in UserBody.EXAMPLE if name != "password"} == {
        name: value for name, value in UserBody.EXAMPLE.items() if name != "password"
    }
    read = await client.get(answer.headers["location"])
    assert (read.json(), read.headers["etag"]) == (new, answer.headers["etag"])
    assert UserBody.EXAMPLE["password"] not in answer.text + read.text
    patched = (await client.patch(answer.headers["location"], json=UserPatch.EXAMPLE)).json()
    assert (patched["role"], patched["customerIds"]) == ("editor", None)
    login = {"email": new["email"], "password": UserBody.EXAMPLE["password"]}
    assert (await client.post("/api/session", json=login)).status_code == 200
    assert (await client.delete(answer.headers["location"])).status_code == 204
    assert (await client.get(answer.headers["location"])).status_code == 404


async def test_a_password_that_nobody_sent_is_answered_once(client: httpx.AsyncClient) -> None:
    new = await made(client)
    assert (await client.post("/api/session", json={"email": new["email"], "password": new["password"]})).is_success
    assert "password" not in (await client.get(f"{PATH}/{new['id']}")).json()


async def test_what_is_read_can_be_sent_back_and_a_replacement_resets_what_it_leaves_out(
    client: httpx.AsyncClient,
) -> None:
    new = await made(client, firstName="Ada", customerIds=[CUSTOMER, OTHER_CUSTOMER], role="readonly")
    one = f"{PATH}/{new['id']}"
    read = (await client.get(one)).json()
    assert set(read["customerIds"]) == {CUSTOMER, OTHER_CUSTOMER}
    for method in ("PUT", "PATCH"):
        again = await client.request(method, one, json=read)
        assert again.json() | {"updatedAt": 0} == read | {"updatedAt": 0}
    replaced = (await client.put(one, json={"email": new["email"]})).json()
    assert (replaced["firstName"], replaced["customerIds"], replaced["role"]) == (None, None, "user")


async def test_a_change_for_another_state_is_refused(client: httpx.AsyncClient) -> None:
    new = await made(client, customerIds=[CUSTOMER])
    one = f"{PATH}/{new['id']}"
    tag = (await client.get(one)).headers["etag"]
    assert (await client.patch(one, json={"firstName": "A"}, headers={"If-Match": tag})).status_code == 200
    for method, body in (("PATCH", {"firstName": "B"}), ("PUT", {"email": new["email"]}), ("DELETE", None)):
        lost = await client.request(method, one, json=body, headers={"If-Match": tag})
        assert (lost.status_code, lost.json()["current"]["firstName"]) == (412, "A")


async def test_all_mistakes_are_named_at_once(client: httpx.AsyncClient) -> None:
    refused = await client.post(PATH, json={"email": "no address", "firstName": "\0", "lastName": "\n"})
    assert {error["field"] for error in refused.json()["errors"]} == {"email", "firstName", "lastName"}
    wrong = await client.post(PATH, json={"password": "short", "role": "king", "customerIds": [7]})
    assert {error["field"] for error in wrong.json()["errors"]} >= {"email", "password", "role"}
    strange = await client.post(PATH, json={"email": "a@example.com", "customerIds": [STRANGE_CUSTOMER]})
    assert [error["field"] for error in strange.json()["errors"]] == ["customerIds"]
    taken = await client.post(PATH, json={"email": (await made(client))["email"].upper()})
    assert taken.status_code == 409


async def test_one_changes_oneself_but_for_ones_rights(client: httpx.AsyncClient, admin: Person) -> None:
    one = f"{PATH}/{admin.public_id}"
    read = (await client.get(one)).json()
    assert (await client.put(one, json=read | {"firstName": "Me"})).json()["firstName"] == "Me"
    for change in ({"role": "user"}, {"customerIds": [CUSTOMER]}):
        assert (await client.patch(one, json=change)).status_code == 403
    assert (await client.delete(one)).status_code == 400
    new = {"password": "another long pass phrase"}
    assert (await client.patch(one, json=new)).json()["errors"][0]["field"] == "currentPassword"
    assert (await client.patch(one, json=new | {"currentPassword": PASSWORD})).status_code == 200
    assert (await client.get(one)).status_code == 401


async def test_the_list_is_everybody_for_admins_and_oneself_for_others(api: Api, client: httpx.AsyncClient) -> None:
    mark = uuid4().hex
    new = [await made(client, email=f"{letter}@{mark}.example.com", firstName=letter) for letter in "bac"]
    page = (await client.get(PATH, params={"q": mark, "limit": 2})).json()
    rest = (await client.get(PATH, params={"q": mark, "limit": 2, "cursor": page["nextCursor"]})).json()
    assert [item["firstName"] for item in page["items"] + rest["items"]] == ["a", "b", "c"]
    assert rest["nextCursor"] is None
    assert (await client.get(PATH, params={"q": mark, "role": "admin"})).json()["items"] == []
    ours = await organization_of(api, "Ours")
    user = await person(api, Role.USER, organization=ours)
    found = (await client.get(PATH, headers=user.headers)).json()["items"]
    assert [item["id"] for item in found] == [user.public_id]
    assert (await client.get(f"{PATH}/{new[0]['id']}", headers=user.headers)).status_code == 403
    supporter = await person(api, Role.GLOBAL_SUPPORTER, organization=ours)
    number = await organization_of(api, "Strange")
    named = await client.get(PATH, headers=supporter.headers, params={"organizationId": number})
    assert named.json()["items"] == []
