"""People over `/api/users`: what an admin does with them, and what they may do themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from argon2 import PasswordHasher

from controller.model import Role
from tests.integration.api.conftest import CUSTOMER, STRANGE_CUSTOMER, Api, client_of
from tests.integration.api.office import Office, at_work, message
from tests.integration.api.people import person

PASSWORD = "correct horse battery staple"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture(scope="module")
async def office(api: Api) -> AsyncIterator[Office]:
    # The first organization runs the installation; its admins may do more.
    await api.value("INSERT INTO organization (id, name) OVERRIDING SYSTEM VALUE VALUES (-1, 'Operating')")
    async with at_work(api) as open_office:
        yield open_office


async def test_a_person_is_made_logs_in_and_is_limited_to_customers(office: Office) -> None:
    made = await office.ask(
        "POST",
        "/api/users",
        {
            "email": "Ada@Example.com",
            "firstName": "Ada",
            "lastName": "L",
            "role": "user",
            "password": PASSWORD,
            "customerIds": [CUSTOMER, office.api.customer],
        },
    )
    assert made.status_code == 200, made.text
    assert made.json()["password"] is None
    assert PASSWORD not in made.text
    user = made.json()["user"]
    assert (user["role"], user["customerIds"], user["email"]) == ("user", [office.api.customer], "Ada@Example.com")
    assert user in (await office.ask("GET", "/api/users")).json()
    assert (await office.ask("GET", f"/api/users/{user['publicId']}")).json() == user
    async with client_of(office.api.application) as browser:
        logged_in = await browser.post("/api/session", json={"email": "ada@example.com", "password": PASSWORD})
        assert logged_in.status_code == 200
        assert [each["publicId"] for each in (await browser.get("/api/customers")).json()] == [CUSTOMER]
        assert [each["id"] for each in (await browser.get("/api/users")).json()] == [user["id"]]
        path = f"/api/users/{user['publicId']}"
        # Rights and password changes work at once, and a new password ends what was begun with the old one.
        everything = await office.ask("PATCH", path, {"customerIds": None})
        assert everything.json()["customerIds"] is None
        assert len((await browser.get("/api/customers")).json()) > 1
        assert (await office.ask("PATCH", path, {"password": "another password"})).status_code == 200
        assert (await browser.get("/api/customers")).status_code == 401
        again = await browser.post("/api/session", json={"email": "ada@example.com", "password": "another password"})
        assert again.status_code == 200
        assert again.json()["user"]["lastLoginAt"] is not None
        assert (await office.ask("DELETE", path)).json() == {"success": True}
        assert (await browser.get("/api/customers")).status_code == 401
    assert message(await office.ask("GET", path)) == (404, "User not found")


async def test_a_password_that_was_not_given_is_made_up_and_told_once(office: Office) -> None:
    made = (await office.ask("POST", "/api/users", {"email": "bob@example.com"})).json()
    assert made["user"]["role"] == "user"
    assert len(made["password"]) == 20
    async with client_of(office.api.application) as browser:
        login = {"email": "bob@example.com", "password": made["password"]}
        assert (await browser.post("/api/session", json=login)).status_code == 200
    assert made["password"] not in (await office.ask("GET", f"/api/users/{made['user']['publicId']}")).text


@pytest.mark.parametrize(
    ("fields", "status", "text"),
    [
        pytest.param({"email": None}, 400, "email is refused", id="no e-mail"),
        pytest.param({"email": "x"}, 400, "email must be an e-mail address", id="no address"),
        pytest.param({"role": "king"}, 400, "Invalid role", id="unknown role"),
        pytest.param({"role": 1}, 400, "Invalid role", id="role is a number"),
        pytest.param({"role": "global_admin"}, 403, "Forbidden", id="a role beyond the own organization"),
        pytest.param({"password": "short"}, 400, "password must be 8 to 128", id="short password"),
        pytest.param({"password": "x" * 129}, 400, "password must be 8 to 128", id="long password"),
        pytest.param({"firstName": "a\0"}, 400, "firstName must be", id="NUL in the name"),
        pytest.param({"customerIds": ["x"]}, 400, "Invalid customer ID", id="customer is a word"),
        pytest.param({"customerIds": [987654321]}, 400, "Invalid customer ID", id="no such customer"),
        pytest.param({"customerIds": [STRANGE_CUSTOMER]}, 400, "Invalid customer ID", id="another's customer"),
        pytest.param({"customerIds": "x"}, 400, "Invalid customer ID", id="customers are a string"),
        pytest.param({"customerIds": [1] * 1001}, 400, "customerIds must hold 1000", id="too many customers"),
    ],
)
async def test_a_person_is_refused_by_field(office: Office, fields: dict[str, Any], status: int, text: str) -> None:
    body = {"email": "refused@example.com", "password": PASSWORD, **fields}
    answer = await office.ask("POST", "/api/users", body)
    assert (answer.status_code, text in answer.json()["message"]) == (status, True), answer.text
    assert PASSWORD not in answer.text
    assert "short" not in answer.text
    assert await office.api.value("SELECT count(*) FROM account WHERE email = 'refused@example.com'") == 0


async def test_an_email_belongs_to_one_person(office: Office) -> None:
    taken = (409, "A user with this email exists already")
    assert message(await office.ask("POST", "/api/users", {"email": office.admin.email.upper()})) == taken
    other = await person(office.api, Role.USER, organization=office.organization)
    body = {"email": office.admin.email}
    assert message(await office.ask("PATCH", f"/api/users/{other.public_id}", body)) == taken


async def test_people_change_their_own_name_and_password_and_no_rights(office: Office) -> None:
    hashed = PasswordHasher().hash(PASSWORD)
    who = await person(office.api, Role.READONLY, organization=office.organization, password_hash=hashed)
    path = f"/api/users/{who.public_id}"
    assert (await office.ask("PATCH", path, {"firstName": "R", "role": "readonly"}, who=who)).json()["firstName"] == "R"
    for rights in ({"role": "admin"}, {"customerIds": None}, {"customerIds": [CUSTOMER]}):
        assert message(await office.ask("PATCH", path, rights, who=who)) == (403, "Forbidden")
    new = {"password": "a new password"}
    for theirs in (new, {"email": "stolen@example.com"}):
        required = (400, "currentPassword is required to change your own email or password")
        assert message(await office.ask("PATCH", path, theirs, who=who)) == required
    wrong = await office.ask("PATCH", path, {**new, "currentPassword": "wrong"}, who=who)
    assert message(wrong) == (400, "currentPassword is wrong")
    right = await office.ask("PATCH", path, {**new, "currentPassword": PASSWORD}, who=who)
    assert right.status_code == 200
    assert (await office.ask("GET", path, who=who)).status_code == 401


async def test_rights_that_are_taken_meanwhile_stay_taken(office: Office) -> None:
    who = await person(office.api, Role.ADMIN, organization=office.organization)
    path = f"/api/users/{who.public_id}"
    async with office.api.database.transaction() as connection:
        await connection.execute("UPDATE account SET role = 'readonly', customer_ids = '{}' WHERE id = $1", who.id)
        renaming = asyncio.create_task(office.ask("PATCH", path, {"firstName": "R"}, who=who))
        async with asyncio.timeout(10):  # until it waits for this transaction
            while not await office.api.value(WAITING):
                await asyncio.sleep(0.02)
    changed = (await renaming).json()
    assert (changed["firstName"], changed["role"], changed["customerIds"]) == ("R", "readonly", [])


async def test_nobody_deletes_or_demotes_themselves_so_an_admin_is_left(office: Office) -> None:
    path = f"/api/users/{office.admin.public_id}"
    assert message(await office.ask("DELETE", path)) == (400, "You cannot delete your own account")
    assert message(await office.ask("PATCH", path, {"role": "user"})) == (403, "Forbidden")


async def test_an_admin_does_not_reach_into_a_global_account(office: Office) -> None:
    chief = await person(office.api, Role.GLOBAL_ADMIN, organization=office.organization)
    path = f"/api/users/{chief.public_id}"
    assert message(await office.ask("PATCH", path, {"password": "taken over now"})) == (403, "Forbidden")
    assert message(await office.ask("DELETE", path)) == (403, "Forbidden")


async def test_an_admin_of_the_operating_organization_makes_global_accounts(office: Office) -> None:
    chief = await person(office.api, Role.ADMIN, organization=-1)
    body = {"email": "support@example.com", "role": "global_supporter", "password": PASSWORD}
    assert (await office.ask("POST", "/api/users", body, who=chief)).status_code == 200


@pytest.mark.parametrize("identifier", ["x", "1", "%00"])
async def test_a_persons_address_is_its_uuid(office: Office, identifier: str) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        answer = await office.ask(method, f"/api/users/{identifier}", {} if method == "PATCH" else None)
        assert message(answer) == (400, "User public ID (UUID) required")
