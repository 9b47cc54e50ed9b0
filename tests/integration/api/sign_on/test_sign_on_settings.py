"""`/api/v1/sign-on`: set up, read, change and end an organization's single sign-on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from controller.api.v1.sign_on.schemas import SignOnBody
from controller.model import Role
from controller.operations.installation.keys import rotate_keys
from controller.vault import Vault, VaultKeys, new_key
from tests.integration.api.conftest import ORGANIZATION, STRANGE_CUSTOMER, Api, client_of
from tests.integration.api.people import organization_of, person

PATH = "/api/v1/sign-on"
BODY = SignOnBody.EXAMPLE
SECRET = BODY["clientSecret"]


@pytest.fixture
async def admin(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    await api.value("DELETE FROM sign_on")
    who = await person(api, Role.ADMIN, organization=await organization_of(api, "Ours"))
    async with client_of(api.application) as client:
        client.headers.update(who.headers)
        yield client


def wrong(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return {error["field"]: error["rule"] for error in answer.json()["errors"]}


async def test_from_nothing_to_nothing(admin: httpx.AsyncClient, api: Api) -> None:
    assert (await admin.get(PATH)).status_code == 404
    assert (await admin.patch(PATH, json={})).status_code == 404
    assert (await admin.delete(PATH)).status_code == 404
    assert (await admin.put(PATH, json=BODY, headers={"If-Match": "*"})).status_code == 404
    made = await admin.put(PATH, json=BODY)
    assert (made.status_code, made.headers["location"]) == (201, PATH)
    shown = made.json()
    assert SECRET not in made.text
    assert shown == {
        **{name: value for name, value in BODY.items() if name != "clientSecret"},
        **{name: shown[name] for name in ("createdAt", "updatedAt")},
        "id": ORGANIZATION,
        "hasClientSecret": True,
        "redirectUri": None,  # this application has no public URL
        "loginUrl": None,
    }
    read = await admin.get(PATH)
    assert (read.json(), read.headers["etag"]) == (shown, made.headers["etag"])
    unchanged = await admin.get(PATH, headers={"If-None-Match": read.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    replaced = await admin.put(PATH, json={"issuer": BODY["issuer"], "clientId": "another"})
    assert replaced.status_code == 200
    assert {name: replaced.json()[name] for name in ("scopes", "groupsClaim", "roles", "defaultRole")} == {
        "scopes": ["openid", "email", "profile"],
        "groupsClaim": "groups",
        "roles": [],
        "defaultRole": None,
    }
    assert replaced.json()["hasClientSecret"]  # left out is kept
    assert (await admin.delete(PATH)).status_code == 204
    assert (await admin.get(PATH)).status_code == 404


async def test_what_was_read_can_be_sent_back(admin: httpx.AsyncClient) -> None:
    made = (await admin.put(PATH, json=BODY)).json()
    for method in ("PUT", "PATCH"):
        again = await admin.request(method, PATH, json=made)
        assert again.status_code == 200, again.text
        assert again.json() == {**made, "updatedAt": again.json()["updatedAt"]}


async def test_a_merge_patch_changes_what_it_names(admin: httpx.AsyncClient, api: Api) -> None:
    made = (await admin.put(PATH, json=BODY)).json()
    headers = {"Content-Type": "application/merge-patch+json"}
    changed = await admin.patch(PATH, content='{"createUsers": null, "defaultRole": "readonly"}', headers=headers)
    assert changed.status_code == 200, changed.text
    assert changed.json() == {
        **made,
        "createUsers": False,
        "defaultRole": "readonly",
        "updatedAt": changed.json()["updatedAt"],
    }
    assert (await admin.patch(PATH, json={"clientSecret": None})).json()["hasClientSecret"] is False
    assert (await admin.patch(PATH, json={"clientSecret": "new"})).json()["hasClientSecret"] is True
    stored = await api.value("SELECT config::text FROM sign_on")
    assert '"new"' not in stored
    assert wrong(await admin.patch(PATH, json={"issuer": None, "clientId": 7, "secret": "x"})) == {
        "issuer": "must be a string of 1 to 2000 characters",
        "clientId": "must be a string of 1 to 255 characters that matches ^[ -~]+$",
        "secret": "is not a known field",
    }


async def test_a_change_of_a_state_that_is_gone_is_refused_with_the_present_one(admin: httpx.AsyncClient) -> None:
    made = await admin.put(PATH, json=BODY)
    await admin.patch(PATH, json={"groupsClaim": "roles"})
    old = {"If-Match": made.headers["etag"]}
    for method, body in (("PUT", BODY), ("PATCH", {"createUsers": False}), ("DELETE", None)):
        lost = await admin.request(method, PATH, json=body, headers=old)
        assert lost.status_code == 412, method
        assert lost.json()["current"]["groupsClaim"] == "roles"
        assert SECRET not in lost.text


async def test_a_new_issuer_does_not_get_the_old_secret(admin: httpx.AsyncClient) -> None:
    await admin.put(PATH, json=BODY)
    moved = {"issuer": "https://login.example.net"}
    assert wrong(await admin.patch(PATH, json=moved)).keys() == {"clientSecret"}
    assert wrong(await admin.put(PATH, json={**BODY, **moved} | {"clientSecret": ""})).keys() == {"clientSecret"}
    assert (await admin.patch(PATH, json={**moved, "clientSecret": None})).status_code == 200


@pytest.mark.parametrize(
    "issuer",
    [
        "http://login.example.com",
        "https://user@login.example.com",
        "https://login.example.com/?tenant=1",
        "https://login.example.com/#x",
        "https://login.example.com:0",
        "https://",
        "javascript:alert(1)",
        "https://10.0.0.1/realms/a",
        "https://[::1]/",
        "https://169.254.169.254/latest",
        "http://127.0.0.1:8080",  # this installation allows no network
        "http://localhost",
    ],
)
async def test_an_issuer_is_a_public_https_address(admin: httpx.AsyncClient, issuer: str) -> None:
    assert wrong(await admin.put(PATH, json={**BODY, "issuer": issuer})).keys() == {"issuer"}
    assert (await admin.get(PATH)).status_code == 404


async def test_all_that_is_wrong_is_said_at_once(admin: httpx.AsyncClient) -> None:
    body: dict[str, Any] = {
        **BODY,
        "issuer": "ldap://login.example.com",
        "scopes": ["email"],
        "groupsClaim": "gro\0ups",
        "roles": [
            {"group": "a", "role": "user", "customers": [STRANGE_CUSTOMER]},
            {"group": "a", "role": "user", "customers": []},
        ],
        "defaultRole": "global_admin",
        "allowedEmailDomains": ["example.com", "not a domain"],
    }
    assert wrong(await admin.put(PATH, json=body)).keys() == {
        "issuer",
        "scopes",
        "groupsClaim",
        "roles[0].customers",
        "roles[1].group",
        "roles[1].customers",
        "defaultRole",
        "allowedEmailDomains[1]",
    }


async def test_global_roles_are_for_the_organization_that_runs_the_installation(api: Api) -> None:
    roles = [{"group": "operators", "role": "global_supporter"}]
    for name, status in (("Ours", 201), ("Strange", 400)):
        await api.value("DELETE FROM sign_on")
        who = await person(api, Role.ADMIN, organization=await organization_of(api, name))
        async with client_of(api.application) as client:
            answer = await client.put(PATH, json={**BODY, "roles": roles}, headers=who.headers)
        assert answer.status_code == status, answer.text


async def test_two_at_once_do_not_lose_a_change(admin: httpx.AsyncClient) -> None:
    made = await admin.put(PATH, json=BODY)
    headers = {"If-Match": made.headers["etag"]}
    changes = (admin.patch(PATH, json={"groupsClaim": name}, headers=headers) for name in ("one", "two"))
    assert sorted(answer.status_code for answer in await asyncio.gather(*changes)) == [200, 412]


async def test_the_secret_gets_a_new_key_with_all_others(admin: httpx.AsyncClient, api: Api) -> None:
    await admin.put(PATH, json=BODY)
    new = VaultKeys(new_key().reveal())
    stored = await api.value("SELECT config->>'clientSecret' FROM sign_on")
    ring = api.vault
    renewed = Vault(new)
    renewed._ring = type(ring._ring)([renewed._first, ring._first])
    done = await rotate_keys(api.database, renewed)
    assert done.unreadable == []
    after = await api.value("SELECT config->>'clientSecret' FROM sign_on")
    assert after != stored
    assert Vault(new).decrypt(after) == SECRET
    await api.value("DELETE FROM sign_on")
