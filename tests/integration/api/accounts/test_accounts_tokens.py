"""The routes of API tokens. A token is shown once, stored as a hash, limited to a customer, and void once deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from controller.model import Role
from tests.integration.api.admin_client import AdminClient, message, open_admin_client
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, STRANGE_CUSTOMER, Api
from tests.integration.api.people import person


@pytest.fixture(scope="module")
async def admin(api: Api) -> AsyncIterator[AdminClient]:
    async with open_admin_client(api) as client:
        yield client


TOKENS = "/api/organization/tokens"


async def test_a_token_is_shown_once_and_works_until_it_is_deleted(admin: AdminClient) -> None:
    made = await admin.request("POST", TOKENS, {"name": "CI", "expiresInDays": 30})
    assert made.status_code == 200
    body = made.json()
    assert list(body) == ["id", "name", "token", "lastUsedAt", "expiresAt", "createdAt"]
    assert body["token"].startswith("wsm_")
    assert body["lastUsedAt"] is None
    headers = {"Authorization": f"Bearer {body['token']}"}
    assert (await admin.client.get("/api/smtp-monitors", headers=headers)).status_code == 200

    answer = await admin.request("GET", TOKENS)
    assert body["token"] not in answer.text
    listed = {each["id"]: each for each in answer.json()}[body["id"]]
    assert set(listed) == {
        *("id", "organizationId", "name", "customerId", "customerName", "lastUsedAt", "expiresAt", "createdAt"),
        "tokenHint",
    }
    assert listed["tokenHint"] == body["token"][:9] + "..."
    assert listed["lastUsedAt"] is not None
    assert listed["expiresAt"] == body["expiresAt"]

    assert (await admin.request("DELETE", f"{TOKENS}/{body['id']}")).json() == {"success": True}
    assert (await admin.client.get("/api/smtp-monitors", headers=headers)).status_code == 401
    assert message(await admin.request("DELETE", f"{TOKENS}/{body['id']}")) == (404, "Token not found")


async def test_the_last_use_is_written_once_a_minute(admin: AdminClient) -> None:
    made = (await admin.request("POST", TOKENS, {"name": "used"})).json()
    headers = {"Authorization": f"Bearer {made['token']}"}

    async def used() -> Any:
        assert (await admin.client.get("/api/locations", headers=headers)).status_code == 200
        return await admin.api.value("SELECT last_used_at FROM api_token WHERE id = $1", made["id"])

    first = await used()
    assert await used() == first
    earlier = "UPDATE api_token SET last_used_at = last_used_at - interval '61 seconds' WHERE id = $1"
    await admin.api.value(earlier, made["id"])
    assert await used() > first


async def test_an_api_token_manages_no_tokens(admin: AdminClient) -> None:
    for path in (TOKENS, "/api/customer/tokens"):
        for method in ("GET", "POST"):
            assert message(await admin.api.client.request(method, path, json={"name": "x"})) == (403, "Forbidden")


async def test_a_customers_token_reaches_that_customer(admin: AdminClient) -> None:
    for path in (TOKENS, "/api/customer/tokens"):
        made = (await admin.request("POST", path, {"name": "C", "customerId": CUSTOMER})).json()
        headers = {"Authorization": f"Bearer {made['token']}"}
        listed = (await admin.client.get("/api/customers", headers=headers)).json()
        assert [each["publicId"] for each in listed] == [CUSTOMER]
        everyone = {each["id"]: each for each in (await admin.request("GET", "/api/customer/tokens")).json()}
        assert everyone[made["id"]]["customerId"] == admin.api.customer
        assert everyone[made["id"]]["customerName"] == "Example Customer"
        assert (await admin.request("DELETE", f"/api/customer/tokens/{made['id']}")).json() == {"success": True}


async def test_a_user_lists_and_deletes_only_tokens_of_the_own_customers(admin: AdminClient) -> None:
    limited = await person(admin.api, Role.USER, organization=admin.organization, customers=[admin.api.customer])
    own = (await admin.request("POST", "/api/customer/tokens", {"name": "o", "customerId": CUSTOMER})).json()
    other = (await admin.request("POST", "/api/customer/tokens", {"name": "x", "customerId": OTHER_CUSTOMER})).json()
    wide = (await admin.request("POST", TOKENS, {"name": "w"})).json()
    listed_ids = {each["id"] for each in (await admin.request("GET", "/api/customer/tokens", caller=limited)).json()}
    assert own["id"] in listed_ids
    assert not {other["id"], wide["id"]} & listed_ids
    assert wide["id"] not in {each["id"] for each in (await admin.request("GET", "/api/customer/tokens")).json()}
    for token in (other, wide):
        path = f"/api/customer/tokens/{token['id']}"
        assert message(await admin.request("DELETE", path, caller=limited)) == (404, "Token not found")
    assert (await admin.request("DELETE", f"/api/customer/tokens/{own['id']}", caller=limited)).status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        pytest.param(TOKENS, {}, "name is required", id="the name is missing"),
        pytest.param(TOKENS, {"name": ""}, "name must be 1 to 255", id="the name is empty"),
        pytest.param(TOKENS, {"name": "x" * 256}, "name must be 1 to 255", id="the name is too long"),
        pytest.param(
            TOKENS, {"name": "x", "expiresInDays": 0}, "expiresInDays must be from 1 to 365", id="expiry in 0 days"
        ),
        pytest.param(
            TOKENS, {"name": "x", "expiresInDays": 366}, "expiresInDays must be", id="expiry after more than a year"
        ),
        pytest.param(
            TOKENS,
            {"name": "x", "expiresInDays": 10**30},
            "expiresInDays must be",
            id="expiry in a huge number of days",
        ),
        pytest.param(TOKENS, {"name": "x", "customerId": "x"}, "Invalid customer ID", id="the customer is a word"),
        pytest.param(
            TOKENS, {"name": "x", "customerId": 987654321}, "Invalid customer ID", id="the customer is unknown"
        ),
        pytest.param(
            TOKENS,
            {"name": "x", "customerId": STRANGE_CUSTOMER},
            "Invalid customer ID",
            id="a customer of another organization",
        ),
        pytest.param(TOKENS, {"name": "x", "customerId": True}, "Invalid customer ID", id="the customer is true"),
        pytest.param("/api/customer/tokens", {"name": "x"}, "customerId is required", id="the customer is missing"),
        pytest.param(
            "/api/customer/tokens",
            {"name": "x", "customerId": None},
            "customerId is required",
            id="the customer is null",
        ),
    ],
)
async def test_a_token_is_refused_by_field(admin: AdminClient, path: str, body: dict[str, Any], text: str) -> None:
    status, error = message(await admin.request("POST", path, body))
    assert (status, text in error) == (400, True), error


@pytest.mark.parametrize("number", ["x", "0", "987654321", "9" * 30, "-1", "%00", "\N{ARABIC-INDIC DIGIT ONE}"])
async def test_an_unknown_token_is_not_found(admin: AdminClient, number: str) -> None:
    assert message(await admin.request("DELETE", f"{TOKENS}/{number}")) == (404, "Token not found")


async def test_another_organizations_token_is_not_found(admin: AdminClient) -> None:
    strange = await admin.api.value("SELECT id FROM api_token WHERE organization_id <> $1 LIMIT 1", admin.organization)
    assert message(await admin.request("DELETE", f"{TOKENS}/{strange}")) == (404, "Token not found")
