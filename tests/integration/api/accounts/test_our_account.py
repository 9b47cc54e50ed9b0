"""`/api/v1/account`: who the caller is, the own profile, password and sessions."""

from __future__ import annotations

import httpx
from argon2 import PasswordHasher

from controller.api.v1.account.schemas import AccountPatch, PasswordBody
from controller.model import Role
from tests.integration.api.conftest import CUSTOMER, ORGANIZATION, Api, client_of
from tests.integration.api.people import Person, organization_of, person, session_headers

PATH = "/api/v1/account"
OLD = PasswordBody.EXAMPLE["currentPassword"]
NEW = PasswordBody.EXAMPLE["password"]


async def somebody(api: Api, role: Role = Role.USER, customers: list[int] | None = None) -> Person:
    ours = await organization_of(api, "Ours")
    return await person(api, role, organization=ours, customers=customers, password_hash=PasswordHasher().hash(OLD))


def opened(api: Api, who: Person) -> httpx.AsyncClient:
    client = client_of(api.application)
    client.headers.update(who.headers)
    return client


async def test_a_caller_is_told_who_it_is_and_what_it_may_do(api: Api) -> None:
    whole = (await api.client.get(PATH)).json()
    assert (whole["kind"], whole["name"], whole["role"], whole["scope"]) == ("token", "test", "admin", "admin")
    assert (whole["organization"], whole["customers"]) == ({"id": ORGANIZATION, "name": "Ours"}, None)
    limited = await api.client.get(PATH, headers={"Authorization": f"Bearer {api.customer_token}"})
    own = [{"id": CUSTOMER, "name": "Example Customer"}]
    assert (limited.json()["role"], limited.json()["scope"], limited.json()["customers"]) == ("user", "write", own)
    user = await somebody(api, customers=[api.customer])
    async with opened(api, user) as client:
        me = (await client.get(PATH)).json()
        assert (me["id"], me["kind"], me["email"], me["customers"]) == (user.public_id, "person", user.email, own)
        assert (me["scope"], me["name"], me["role"]) == (None, user.email, "user")
        sessions = (await client.get(f"{PATH}/sessions")).json()["items"]
        assert [(each["id"], each["current"]) for each in sessions] == [(me["sessionId"], True)]
    everywhere = await somebody(api, Role.GLOBAL_ADMIN)
    async with opened(api, everywhere) as client:
        assert (await client.get(PATH)).json()["organization"] is None
        named = await client.get(PATH, params={"organizationId": ORGANIZATION})
        assert named.json()["organization"]["name"] == "Ours"


async def test_people_change_their_own_names_and_address(api: Api) -> None:
    who, other = await somebody(api), await somebody(api)
    async with opened(api, who) as client:
        read = await client.get(PATH)
        changed = await client.patch(PATH, json=AccountPatch.EXAMPLE, headers={"If-Match": read.headers["etag"]})
        assert (changed.status_code, changed.json()["name"]) == (200, "Ada")
        again = await client.patch(PATH, json=changed.json())
        assert again.json() | {"updatedAt": 0} == changed.json() | {"updatedAt": 0}
        lost = await client.patch(PATH, json={"firstName": "B"}, headers={"If-Match": read.headers["etag"]})
        assert (lost.status_code, lost.json()["current"]["firstName"]) == (412, "Ada")
        email = {"email": f"new-{who.email}"}
        refused = await client.patch(PATH, json=email)
        assert refused.json()["errors"][0]["field"] == "currentPassword"
        assert (await client.patch(PATH, json=email | {"currentPassword": OLD})).json()["email"] == email["email"]
        taken = {"email": other.email.upper(), "currentPassword": OLD}
        assert (await client.patch(PATH, json=taken)).status_code == 409
        assert (await client.patch(PATH, json={"password": NEW})).status_code == 400
    assert (await api.client.patch(PATH, json={"firstName": "A"})).status_code == 403


async def test_a_new_password_ends_all_sessions_and_a_browser_goes_on(api: Api) -> None:
    who = await somebody(api)
    another = await session_headers(api, who.id)
    async with opened(api, who) as client:
        wrong = await client.put(f"{PATH}/password", json={"password": NEW, "currentPassword": "not this one"})
        assert [error["field"] for error in wrong.json()["errors"]] == ["currentPassword"]
        done = await client.put(f"{PATH}/password", json=PasswordBody.EXAMPLE)
        assert done.status_code == 204, done.text
        cookie = done.headers["set-cookie"].partition(";")[0]
    async with client_of(api.application) as client:
        for headers, answered in ((who.headers, 401), (another, 401), ({"Cookie": cookie}, 200)):
            assert (await client.get(PATH, headers=headers)).status_code == answered
        login = {"email": who.email, "password": NEW}
        assert (await client.post("/api/session", json=login)).status_code == 200


async def test_a_program_with_an_access_token_must_log_in_again(api: Api) -> None:
    who = await somebody(api)
    async with client_of(api.application) as client:
        login = {"username": who.email, "password": OLD, "email": who.email}
        token = (await client.post("/api/v3/access-tokens", json=login)).json()["access_token"]
        bearer = {"Authorization": f"Bearer {token}"}
        listed = (await client.get(f"{PATH}/sessions", headers=bearer)).json()["items"]
        assert {(each["kind"], each["current"]) for each in listed} == {("program", True), ("browser", False)}
        assert (await client.delete(f"{PATH}/sessions", headers=bearer)).status_code == 204
        assert len((await client.get(f"{PATH}/sessions", headers=bearer)).json()["items"]) == 1
        done = await client.put(f"{PATH}/password", json=PasswordBody.EXAMPLE, headers=bearer)
        assert (done.status_code, "set-cookie" in done.headers) == (204, False)
        assert (await client.get(PATH, headers=bearer)).status_code == 401


async def test_people_end_their_own_sessions_and_nobody_elses(api: Api) -> None:
    who, other = await somebody(api), await somebody(api)
    await session_headers(api, who.id)
    async with opened(api, who) as client, opened(api, other) as stranger:
        items = (await client.get(f"{PATH}/sessions")).json()["items"]
        [another] = [each["id"] for each in items if not each["current"]]
        assert (await stranger.delete(f"{PATH}/sessions/{another}")).status_code == 404
        assert (await client.delete(f"{PATH}/sessions/{another}")).status_code == 204
        assert (await client.delete(f"{PATH}/sessions/{another}")).status_code == 404
        assert len((await client.get(f"{PATH}/sessions")).json()["items"]) == 1
        assert (await stranger.get(PATH)).status_code == 200
    assert (await api.client.get(f"{PATH}/sessions")).status_code == 403
