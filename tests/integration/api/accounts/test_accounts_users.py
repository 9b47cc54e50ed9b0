"""`/api/users`: what an admin may change of people, and what people may change of themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from argon2 import PasswordHasher

from controller.model import Role
from tests.integration.api.admin_client import AdminClient, message, open_admin_client
from tests.integration.api.conftest import CUSTOMER, STRANGE_CUSTOMER, Api, client_of
from tests.integration.api.people import person

PASSWORD = "correct horse battery staple"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture(scope="module")
async def admin(api: Api) -> AsyncIterator[AdminClient]:
    # The organization with the lowest id operates the installation; its admins have more rights.
    await api.value("INSERT INTO organization (id, name) OVERRIDING SYSTEM VALUE VALUES (-1, 'Operating')")
    async with open_admin_client(api) as client:
        yield client


async def test_a_person_is_made_logs_in_and_is_limited_to_customers(admin: AdminClient) -> None:
    made = await admin.request(
        "POST",
        "/api/users",
        {
            "email": "Ada@Example.com",
            "firstName": "Ada",
            "lastName": "L",
            "role": "user",
            "password": PASSWORD,
            "customerIds": [CUSTOMER, admin.api.customer],
        },
    )
    assert made.status_code == 200, made.text
    assert made.json()["password"] is None
    assert PASSWORD not in made.text
    user = made.json()["user"]
    assert (user["role"], user["customerIds"], user["email"]) == ("user", [admin.api.customer], "Ada@Example.com")
    assert user in (await admin.request("GET", "/api/users")).json()
    assert (await admin.request("GET", f"/api/users/{user['publicId']}")).json() == user
    async with client_of(admin.api.application) as browser:
        logged_in = await browser.post("/api/session", json={"email": "ada@example.com", "password": PASSWORD})
        assert logged_in.status_code == 200
        assert [each["publicId"] for each in (await browser.get("/api/customers")).json()] == [CUSTOMER]
        assert [each["id"] for each in (await browser.get("/api/users")).json()] == [user["id"]]
        path = f"/api/users/{user['publicId']}"
        # Changed rights take effect at once, and a new password ends the sessions opened with the old one.
        everything = await admin.request("PATCH", path, {"customerIds": None})
        assert everything.json()["customerIds"] is None
        assert len((await browser.get("/api/customers")).json()) > 1
        assert (await admin.request("PATCH", path, {"password": "another password"})).status_code == 200
        assert (await browser.get("/api/customers")).status_code == 401
        again = await browser.post("/api/session", json={"email": "ada@example.com", "password": "another password"})
        assert again.status_code == 200
        assert again.json()["user"]["lastLoginAt"] is not None
        assert (await admin.request("DELETE", path)).json() == {"success": True}
        assert (await browser.get("/api/customers")).status_code == 401
    assert message(await admin.request("GET", path)) == (404, "User not found")


async def test_a_password_that_was_not_given_is_generated_and_shown_once(admin: AdminClient) -> None:
    made = (await admin.request("POST", "/api/users", {"email": "bob@example.com"})).json()
    assert made["user"]["role"] == "user"
    assert len(made["password"]) == 20
    async with client_of(admin.api.application) as browser:
        login = {"email": "bob@example.com", "password": made["password"]}
        assert (await browser.post("/api/session", json=login)).status_code == 200
    assert made["password"] not in (await admin.request("GET", f"/api/users/{made['user']['publicId']}")).text


@pytest.mark.parametrize(
    ("fields", "status", "text"),
    [
        pytest.param({"email": None}, 400, "email must be a string", id="the e-mail address is null"),
        pytest.param({"email": "x"}, 400, "email must be an e-mail address", id="the e-mail address is malformed"),
        pytest.param({"role": "king"}, 400, "Invalid role", id="the role is unknown"),
        pytest.param({"role": 1}, 400, "Invalid role", id="the role is a number"),
        pytest.param({"role": "global_admin"}, 403, "Forbidden", id="a role beyond the own organization"),
        pytest.param({"password": "short"}, 400, "password must be 8 to 128", id="the password is too short"),
        pytest.param({"password": "x" * 129}, 400, "password must be 8 to 128", id="the password is too long"),
        pytest.param({"firstName": "a\0"}, 400, "firstName must be", id="the first name holds a NUL"),
        pytest.param({"customerIds": ["x"]}, 400, "Invalid customer ID", id="a customer is a word"),
        pytest.param({"customerIds": [987654321]}, 400, "Invalid customer ID", id="a customer is unknown"),
        pytest.param(
            {"customerIds": [STRANGE_CUSTOMER]}, 400, "Invalid customer ID", id="a customer of another organization"
        ),
        pytest.param({"customerIds": "x"}, 400, "Invalid customer ID", id="the customers are a string"),
        pytest.param({"customerIds": [1] * 1001}, 400, "customerIds must hold 1000", id="too many customers"),
    ],
)
async def test_a_person_is_refused_by_field(admin: AdminClient, fields: dict[str, Any], status: int, text: str) -> None:
    body = {"email": "refused@example.com", "password": PASSWORD, **fields}
    answer = await admin.request("POST", "/api/users", body)
    assert (answer.status_code, text in answer.json()["message"]) == (status, True), answer.text
    assert PASSWORD not in answer.text
    assert "short" not in answer.text
    assert await admin.api.value("SELECT count(*) FROM account WHERE email = 'refused@example.com'") == 0


async def test_an_email_belongs_to_one_person(admin: AdminClient) -> None:
    taken = (409, "A user with this email exists already")
    assert message(await admin.request("POST", "/api/users", {"email": admin.account.email.upper()})) == taken
    other = await person(admin.api, Role.USER, organization=admin.organization)
    body = {"email": admin.account.email}
    assert message(await admin.request("PATCH", f"/api/users/{other.public_id}", body)) == taken


async def test_people_change_their_own_name_and_password_and_no_rights(admin: AdminClient) -> None:
    hashed = PasswordHasher().hash(PASSWORD)
    caller = await person(admin.api, Role.READONLY, organization=admin.organization, password_hash=hashed)
    path = f"/api/users/{caller.public_id}"
    assert (await admin.request("PATCH", path, {"firstName": "R", "role": "readonly"}, caller=caller)).json()[
        "firstName"
    ] == "R"
    for rights in ({"role": "admin"}, {"customerIds": None}, {"customerIds": [CUSTOMER]}):
        assert message(await admin.request("PATCH", path, rights, caller=caller)) == (403, "Forbidden")
    new = {"password": "a new password"}
    for theirs in (new, {"email": "stolen@example.com"}):
        required = (400, "currentPassword is required to change your own email or password")
        assert message(await admin.request("PATCH", path, theirs, caller=caller)) == required
    wrong = await admin.request("PATCH", path, {**new, "currentPassword": "wrong"}, caller=caller)
    assert message(wrong) == (400, "currentPassword is wrong")
    right = await admin.request("PATCH", path, {**new, "currentPassword": PASSWORD}, caller=caller)
    assert right.status_code == 200
    assert (await admin.request("GET", path, caller=caller)).status_code == 401


async def test_rights_that_were_removed_during_a_change_stay_removed(admin: AdminClient) -> None:
    caller = await person(admin.api, Role.ADMIN, organization=admin.organization)
    path = f"/api/users/{caller.public_id}"
    async with admin.api.database.transaction() as connection:
        await connection.execute("UPDATE account SET role = 'readonly', customer_ids = '{}' WHERE id = $1", caller.id)
        renaming = asyncio.create_task(admin.request("PATCH", path, {"firstName": "R"}, caller=caller))
        async with asyncio.timeout(10):  # until the PATCH waits for this transaction
            while not await admin.api.value(WAITING):
                await asyncio.sleep(0.02)
    changed = (await renaming).json()
    assert (changed["firstName"], changed["role"], changed["customerIds"]) == ("R", "readonly", [])


async def test_an_admin_cannot_delete_or_demote_the_own_account(admin: AdminClient) -> None:
    path = f"/api/users/{admin.account.public_id}"
    assert message(await admin.request("DELETE", path)) == (400, "You cannot delete your own account")
    assert message(await admin.request("PATCH", path, {"role": "user"})) == (403, "Forbidden")


async def test_an_admin_cannot_change_a_global_account(admin: AdminClient) -> None:
    chief = await person(admin.api, Role.GLOBAL_ADMIN, organization=admin.organization)
    path = f"/api/users/{chief.public_id}"
    assert message(await admin.request("PATCH", path, {"password": "taken over now"})) == (403, "Forbidden")
    assert message(await admin.request("DELETE", path)) == (403, "Forbidden")


async def test_an_admin_of_the_operating_organization_makes_global_accounts(admin: AdminClient) -> None:
    chief = await person(admin.api, Role.ADMIN, organization=-1)
    body = {"email": "support@example.com", "role": "global_supporter", "password": PASSWORD}
    assert (await admin.request("POST", "/api/users", body, caller=chief)).status_code == 200


@pytest.mark.parametrize("identifier", ["x", "1", "%00"])
async def test_the_path_of_a_person_holds_its_uuid(admin: AdminClient, identifier: str) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        answer = await admin.request(method, f"/api/users/{identifier}", {} if method == "PATCH" else None)
        assert message(answer) == (400, "User public ID (UUID) required")
