"""Every documented statement about organizations, customers, users, tokens and sessions ([D] in the reference)."""

from __future__ import annotations

import dataclasses
import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher

from controller.model import Role
from tests.integration.api.conftest import CUSTOMER, ORGANIZATION, OTHER_CUSTOMER, STRANGE_CUSTOMER, Api, client_of
from tests.integration.api.documented import MOMENT, UUID_TEXT, Row, assert_answers, assert_holds, send
from tests.integration.api.people import organization_of, person

PASSWORD = "c0rrect horse battery"
TOKEN = re.compile(r"wsm_[A-Za-z0-9_-]{43}")
HINT = re.compile(r"wsm_[A-Za-z0-9_-]{1,8}\.\.\.")
OURS, THEIRS = "/api/organization/tokens", "/api/customer/tokens"
NEW_TOKEN = {"id": int, "name": "CI", "token": TOKEN, "lastUsedAt": None, "expiresAt": None, "createdAt": MOMENT}
ORGANIZATION_KEYS = {
    "id": int, "name": "Ours", "companyName": None, "street": None, "postalCode": None, "city": None, "country": None,
    "vatId": None, "billingEmail": None, "createdAt": MOMENT,
}  # fmt: skip
CUSTOMER_KEYS = {
    "id": int, "publicId": UUID_TEXT, "organizationId": int, "name": str, "email": None,
    "notificationPhoneNumber": None, "notificationEmail": None, "packageId": None, "packageDisplayName": None,
    "status": "active", "allowedCheckCountryCodes": None, "alertLocationThresholdCount": None, "cancellationDate": None,
    "cancelledAt": None, "customFields": None, "monthlyReportsEnabled": False, "notificationChannels": None,
    "notificationTargets": None, "notificationRules": None, "smsUsageCurrentMonth": 0, "createdAt": MOMENT,
    "updatedAt": MOMENT,
}  # fmt: skip
NEW_CUSTOMER = {"name": "New", "email": "new@example.com", "packageType": "basic"}
BILLING = {"companyName": "Ours GmbH", "street": "S 1", "postalCode": "1", "city": "B", "country": "DE", "vatId": "DE1",
           "billingEmail": "billing@example.com"}  # fmt: skip

TOKENS = [
    Row("an admin makes an organization's token", "POST", OURS, 200, NEW_TOKEN, caller="admin",
        body={"name": "CI"}),
    Row("for one customer", "POST", OURS, 200, NEW_TOKEN, caller="admin",
        body={"name": "CI", "customerId": "{customer_id}", "expiresInDays": None}),
    Row("with an expiry", "POST", OURS, 200, {"expiresAt": MOMENT}, caller="admin",
        body={"name": "CI", "expiresInDays": 365}),
    Row("a customer's token", "POST", THEIRS, 200, NEW_TOKEN, caller="user",
        body={"name": "CI", "customerId": "{customer_id}"}),
    *(Row(f"5.1 {path}: a name of {len(name)}", "POST", path, 400, {"message": re.compile("name must .*255.*")},
          caller="admin", body={"name": name, "customerId": "{customer_id}"})
      for path in (OURS, THEIRS) for name in ("", "x" * 256)),
    *(Row(f"5.1 {path}: {days} days", "POST", path, 400, {"message": re.compile("expiresInDays must .*1 to 365.*")},
          caller="admin", body={"name": "CI", "customerId": "{customer_id}", "expiresInDays": days})
      for path in (OURS, THEIRS) for days in (0, 366)),
    Row("a name is required", "POST", OURS, 400, "name is required", caller="admin", body={}),
    *(Row(f"5.1 {path}: no such customer as {customer!r}", "POST", path, 400, "Invalid customer ID", caller="admin",
          body={"name": "CI", "customerId": customer})
      for path in (OURS, THEIRS) for customer in (987654, STRANGE_CUSTOMER, "x")),
    Row("restricted users must send customerId", "POST", THEIRS, 400, "customerId is required", caller="user",
        body={"name": "CI"}),
    Row("a customer outside their scope", "POST", THEIRS, 403, "Forbidden", caller="user",
        body={"name": "CI", "customerId": OTHER_CUSTOMER}),
    *(Row(f"an API token cannot manage API tokens: {method} {path}", method, path, 403, "Forbidden", body=body)
      for path in (OURS, THEIRS) for method, body in (("GET", None), ("POST", {"name": "CI", "customerId": CUSTOMER}))),
    *(Row(f"organization tokens are for admins: {method}", method, OURS, 403, "Forbidden", caller="user", body=body)
      for method, body in (("GET", None), ("POST", {"name": "CI"}))),
    *(Row(f"5.1 {method} {path} without a session", method, path, 401, "Unauthorized", caller="nobody")
      for path in (OURS, THEIRS) for method in ("GET", "POST")),
    Row("delete", "DELETE", OURS + "/{token}", 200, {"success": True}, caller="admin"),
    Row("delete an unknown token", "DELETE", OURS + "/987654", 404, "Token not found", caller="admin"),
    Row("delete a token of another organization", "DELETE", OURS + "/{strange_token}", 404, "Token not found",
        caller="admin"),
]  # fmt: skip

ORGANIZATIONS = [
    *(Row(f"GET {path}", "GET", path, 200, ORGANIZATION_KEYS, caller=caller)
      for path in ("/api/organization", "/api/organizations", f"/api/organizations/{ORGANIZATION}")
      for caller in ("admin", "admin token")),
    Row("the organization cannot be derived", "GET", "/api/organization", 400,
        "Organization ID is required in the authenticated session", caller="global admin"),
    Row("without a session", "GET", "/api/organization", 401, "Unauthorized", caller="nobody"),
    Row("PATCH", "PATCH", "/api/organization", 200, BILLING, caller="admin", body=BILLING),
    Row("PATCH of the defaults", "PATCH", "/api/organization", 200,
        {"defaultNotificationChannels": {"email": True, "sms": False}, "defaultNotificationTargets": {"email": "both"}},
        caller="admin", body={"defaultNotificationChannels": {"email": True, "sms": False},
                           "defaultNotificationTargets": {"email": "both"}}),
    Row("an unknown target", "PATCH", "/api/organization", 400, {"message": str}, caller="admin",
        body={"defaultNotificationTargets": {"email": "nobody"}}),
    *(Row(f"PATCH is for admins, not for {caller}", "PATCH", "/api/organization", 403, "Forbidden",
          caller=caller, body={"city": "B"}) for caller in ("user", "readonly")),
]  # fmt: skip

CUSTOMERS = [
    Row("the list is a bare array", "GET", "/api/customers", 200, [CUSTOMER_KEYS], caller="user"),
    Row("organizationId 0", "GET", "/api/customers", 400, "Organization ID required",
        query={"organizationId": "0"}),
    Row("organizationId", "GET", "/api/customers", 200, list, query={"organizationId": "{organization_id}"}),
    Row("create", "POST", "/api/customers", 200,
        {"success": True, "customer": CUSTOMER_KEYS | NEW_CUSTOMER | {"packageDisplayName": "basic"}},
        caller="admin", body=NEW_CUSTOMER),
    Row("create with customFields and a status", "POST", "/api/customers", 200,
        {"customer": {"customFields": {"a": "b"}, "status": "marked_for_cancellation"}}, caller="admin",
        body=NEW_CUSTOMER | {"customFields": {"a": "b"}, "status": "marked_for_cancellation"}),
    Row("global admins must pass organizationId", "POST", "/api/customers", 400,
        "Organization ID is required in the authenticated session", caller="global admin", body=NEW_CUSTOMER),
    Row("with organizationId they may", "POST", "/api/customers", 200, {"customer": {"organizationId": int}},
        caller="global admin", body=NEW_CUSTOMER | {"organizationId": "{organization_id}"}),
    Row("get", "GET", f"/api/customers/{CUSTOMER}", 200, CUSTOMER_KEYS),
    Row("get by number", "GET", "/api/customers/{customer_id}", 200, {"publicId": CUSTOMER}),
    Row("update", "PATCH", "/api/customers/{new_customer}", 200,
        {"name": "N", "email": "n@example.com", "notificationEmail": "m@example.com",
         "notificationPhoneNumber": "+4930123456", "monthlyReportsEnabled": True, "customFields": {"a": 1}},
        caller="admin", body={"name": "N", "email": "n@example.com", "notificationEmail": "m@example.com",
                           "notificationPhoneNumber": "+4930123456", "monthlyReportsEnabled": True,
                           "customFields": {"a": 1}, "status": "active", "packageType": "pro"}),
    *(Row(f"6.2 {method} of {customer}", method, f"/api/customers/{customer}", status, message, body=body,
          caller="admin")
      for method, body in (("GET", None), ("PATCH", {}))
      for customer, status, message in (("x", 400, "Invalid Customer identifier"),
                                        (STRANGE_CUSTOMER, 404, "Customer not found"))),
    Row("without a session", "GET", "/api/customers", 401, "Unauthorized", caller="nobody"),
    Row("a customer outside the scope", "GET", f"/api/customers/{OTHER_CUSTOMER}", 403, "Forbidden", caller="user"),
    *(Row(f"5.3 {caller} may not change customers", "PATCH", f"/api/customers/{CUSTOMER}", 403, "Forbidden",
          caller=caller, body={"name": "N"}) for caller in ("readonly", "user")),
]  # fmt: skip

USERS = [
    Row("a user is created", "POST", "/api/users", 200,
        {"user": {"firstName": "A", "lastName": "B", "role": "user", "customerIds": None}}, caller="admin",
        body={"email": "{email}", "firstName": "A", "lastName": "B", "role": "user", "password": PASSWORD}),
    Row("the password is optional", "POST", "/api/users", 200, {"password": str}, caller="admin",
        body={"email": "{email}", "firstName": "A", "lastName": "B", "role": "admin"}),
    Row("customerIds are numbers or public ids", "POST", "/api/users", 200, {"user": {"customerIds": list}},
        caller="admin", body={"email": "{email}", "role": "user", "customerIds": ["{customer_id}", OTHER_CUSTOMER]}),
    *(Row(f"users are for admins: {caller}", "POST", "/api/users", 403, "Forbidden", caller=caller,
          body={"email": "{email}"})
      for caller in ("user", "readonly", "admin token")),
    Row("without a session", "POST", "/api/users", 401, "Unauthorized", caller="nobody", body={"email": "{email}"}),
]  # fmt: skip

ROWS = [*TOKENS, *ORGANIZATIONS, *CUSTOMERS, *USERS]


@pytest.fixture(scope="module")
async def people(api: Api) -> dict[str, dict[str, str]]:
    """The headers of each caller."""
    ours, strange = await organization_of(api, "Ours"), await organization_of(api, "Strange")

    async def somebody(role: Role, organization: int = ours, *, limited: bool = False) -> dict[str, str]:
        customers = [api.customer] if limited else None
        return (await person(api, role, organization=organization, customers=customers)).headers

    return {
        "admin token": {"Authorization": api.client.headers["Authorization"]},
        "nobody": {},
        "admin": await somebody(Role.ADMIN),
        "user": await somebody(Role.USER, limited=True),
        "readonly": await somebody(Role.READONLY, limited=True),
        "global admin": await somebody(Role.GLOBAL_ADMIN, strange),
    }


@pytest.fixture
async def made(api: Api) -> dict[str, Any]:
    """The ids that rows refer to."""
    ours, strange = await organization_of(api, "Ours"), await organization_of(api, "Strange")
    await api.token(ours)
    await api.token(strange)
    newest = "SELECT max(id) FROM api_token WHERE organization_id = $1"
    new_customer = "INSERT INTO customer (organization_id, name) VALUES ($1, 'New') RETURNING public_id::text"
    return {
        "customer_id": api.customer,
        "organization_id": ours,
        "token": await api.value(newest, ours),
        "strange_token": await api.value(newest, strange),
        "new_customer": await api.value(new_customer, ours),
        "email": f"new-{secrets.token_hex(4)}@example.com",
    }


@pytest.mark.parametrize("row", [pytest.param(row, id=row.title) for row in ROWS])
async def test_the_statement_holds(api: Api, people: dict[str, dict[str, str]], made: dict[str, Any], row: Row) -> None:
    query = {key: value.format(**made) for key, value in row.query.items()} if row.query else None
    assert_answers(row, await send(api, dataclasses.replace(row, query=query), people, made))


async def test_the_lists_of_tokens_hold_a_hint_and_never_the_token(api: Api, people: dict[str, dict[str, str]]) -> None:
    listed = {
        "id": int, "organizationId": int, "name": "Listed", "customerId": api.customer,
        "customerName": "Example Customer", "lastUsedAt": None, "expiresAt": MOMENT, "createdAt": MOMENT,
        "tokenHint": HINT,
    }  # fmt: skip
    body = {"name": "Listed", "customerId": api.customer, "expiresInDays": 30}
    async with client_of(api.application) as client:
        new = (await client.post(THEIRS, json=body, headers=people["user"])).json()
        expires = datetime.fromisoformat(new["expiresAt"]) - datetime.now(UTC)  # noqa: TID251 - as the client sees it
        assert timedelta(days=29, hours=23) < expires < timedelta(days=30, seconds=1)  # PostgreSQL rounds
        for path, caller in ((OURS, "admin"), (THEIRS, "admin"), (THEIRS, "user")):
            answer = await client.get(path, headers=people[caller])
            (found,) = [item for item in answer.json() if item["id"] == new["id"]]
            assert_holds(found, listed)
            assert found["tokenHint"].removesuffix("...") == new["token"][: len(found["tokenHint"]) - 3]
            assert new["token"] not in answer.text
        customers = {item["customerId"] for item in (await client.get(THEIRS, headers=people["user"])).json()}
        assert customers == {api.customer}, "only tokens of the own customer"

        used = await client.get("/api/customers", headers={"Authorization": f"Bearer {new['token']}"})
        assert used.status_code == 200
        outside = f"/api/customers/{OTHER_CUSTOMER}"
        refused = await client.get(outside, headers={"Authorization": f"Bearer {new['token']}"})
        assert (refused.status_code, refused.json()["message"]) == (403, "Forbidden")
        deleted = await client.delete(f"{THEIRS}/{new['id']}", headers=people["user"])
        assert (deleted.status_code, deleted.json()) == (200, {"success": True})
        gone = await client.get("/api/customers", headers={"Authorization": f"Bearer {new['token']}"})
        assert gone.status_code == 401


async def test_every_route_accepts_the_session_cookie(api: Api) -> None:
    ours = await organization_of(api, "Ours")
    hashed = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    somebody = await person(api, Role.ADMIN, organization=ours, password_hash=hashed)
    async with client_of(api.application) as client:
        refused = await client.post("/api/session", json={"email": somebody.email, "password": "wrong"})
        assert (refused.status_code, refused.json()["message"]) == (401, "Invalid email or password")
        answer = await client.post("/api/session", json={"email": somebody.email, "password": PASSWORD})
        assert answer.status_code == 200
        assert "HttpOnly" in answer.headers["set-cookie"]
        for path in ("/api/smtp-monitors", "/api/imap-pop-monitors", "/api/customers", OURS, "/api/organization"):
            assert (await client.get(path)).status_code == 200, path
