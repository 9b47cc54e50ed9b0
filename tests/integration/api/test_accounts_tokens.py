"""API tokens over their routes: shown once, hashed, limited, and gone when they are deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from controller.model import Role
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, STRANGE_CUSTOMER, Api
from tests.integration.api.office import Office, at_work, message
from tests.integration.api.people import person


@pytest.fixture(scope="module")
async def office(api: Api) -> AsyncIterator[Office]:
    async with at_work(api) as open_office:
        yield open_office


TOKENS = "/api/organization/tokens"


async def test_a_token_is_shown_once_and_works_until_it_is_deleted(office: Office) -> None:
    made = await office.ask("POST", TOKENS, {"name": "CI", "expiresInDays": 30})
    assert made.status_code == 200
    body = made.json()
    assert list(body) == ["id", "name", "token", "lastUsedAt", "expiresAt", "createdAt"]
    assert body["token"].startswith("wsm_")
    assert body["lastUsedAt"] is None
    headers = {"Authorization": f"Bearer {body['token']}"}
    assert (await office.client.get("/api/smtp-monitors", headers=headers)).status_code == 200

    answer = await office.ask("GET", TOKENS)
    assert body["token"] not in answer.text
    listed = {each["id"]: each for each in answer.json()}[body["id"]]
    assert set(listed) == {
        *("id", "organizationId", "name", "customerId", "customerName", "lastUsedAt", "expiresAt", "createdAt"),
        "tokenHint",
    }
    assert listed["tokenHint"] == body["token"][:9] + "..."
    assert listed["lastUsedAt"] is not None
    assert listed["expiresAt"] == body["expiresAt"]

    assert (await office.ask("DELETE", f"{TOKENS}/{body['id']}")).json() == {"success": True}
    assert (await office.client.get("/api/smtp-monitors", headers=headers)).status_code == 401
    assert message(await office.ask("DELETE", f"{TOKENS}/{body['id']}")) == (404, "Token not found")


async def test_the_last_use_is_written_once_a_minute(office: Office) -> None:
    made = (await office.ask("POST", TOKENS, {"name": "used"})).json()
    headers = {"Authorization": f"Bearer {made['token']}"}

    async def used() -> Any:
        assert (await office.client.get("/api/locations", headers=headers)).status_code == 200
        return await office.api.value("SELECT last_used_at FROM api_token WHERE id = $1", made["id"])

    first = await used()
    assert await used() == first
    earlier = "UPDATE api_token SET last_used_at = last_used_at - interval '61 seconds' WHERE id = $1"
    await office.api.value(earlier, made["id"])
    assert await used() > first


async def test_an_api_token_manages_no_tokens(office: Office) -> None:
    for path in (TOKENS, "/api/customer/tokens"):
        for method in ("GET", "POST"):
            assert message(await office.api.client.request(method, path, json={"name": "x"})) == (403, "Forbidden")


async def test_a_customers_token_reaches_that_customer(office: Office) -> None:
    for path in (TOKENS, "/api/customer/tokens"):
        made = (await office.ask("POST", path, {"name": "C", "customerId": CUSTOMER})).json()
        headers = {"Authorization": f"Bearer {made['token']}"}
        listed = (await office.client.get("/api/customers", headers=headers)).json()
        assert [each["publicId"] for each in listed] == [CUSTOMER]
        everyone = {each["id"]: each for each in (await office.ask("GET", "/api/customer/tokens")).json()}
        assert everyone[made["id"]]["customerId"] == office.api.customer
        assert everyone[made["id"]]["customerName"] == "Example Customer"
        assert (await office.ask("DELETE", f"/api/customer/tokens/{made['id']}")).json() == {"success": True}


async def test_a_user_sees_and_deletes_tokens_of_the_own_customers_only(office: Office) -> None:
    limited = await person(office.api, Role.USER, organization=office.organization, customers=[office.api.customer])
    own = (await office.ask("POST", "/api/customer/tokens", {"name": "o", "customerId": CUSTOMER})).json()
    other = (await office.ask("POST", "/api/customer/tokens", {"name": "x", "customerId": OTHER_CUSTOMER})).json()
    wide = (await office.ask("POST", TOKENS, {"name": "w"})).json()
    seen = {each["id"] for each in (await office.ask("GET", "/api/customer/tokens", who=limited)).json()}
    assert own["id"] in seen
    assert not {other["id"], wide["id"]} & seen
    assert wide["id"] not in {each["id"] for each in (await office.ask("GET", "/api/customer/tokens")).json()}
    for token in (other, wide):
        path = f"/api/customer/tokens/{token['id']}"
        assert message(await office.ask("DELETE", path, who=limited)) == (404, "Token not found")
    assert (await office.ask("DELETE", f"/api/customer/tokens/{own['id']}", who=limited)).status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        pytest.param(TOKENS, {}, "name is required", id="no name"),
        pytest.param(TOKENS, {"name": ""}, "name must be 1 to 255", id="empty name"),
        pytest.param(TOKENS, {"name": "x" * 256}, "name must be 1 to 255", id="a long name"),
        pytest.param(TOKENS, {"name": "x", "expiresInDays": 0}, "expiresInDays must be from 1 to 365", id="no day"),
        pytest.param(TOKENS, {"name": "x", "expiresInDays": 366}, "expiresInDays must be", id="more than a year"),
        pytest.param(TOKENS, {"name": "x", "expiresInDays": 10**30}, "expiresInDays must be", id="for ever"),
        pytest.param(TOKENS, {"name": "x", "customerId": "x"}, "Invalid customer ID", id="customer is a word"),
        pytest.param(TOKENS, {"name": "x", "customerId": 987654321}, "Invalid customer ID", id="no such customer"),
        pytest.param(TOKENS, {"name": "x", "customerId": STRANGE_CUSTOMER}, "Invalid customer ID", id="another's"),
        pytest.param(TOKENS, {"name": "x", "customerId": True}, "Invalid customer ID", id="customer is true"),
        pytest.param("/api/customer/tokens", {"name": "x"}, "customerId is required", id="no customer"),
        pytest.param("/api/customer/tokens", {"name": "x", "customerId": None}, "customerId is required", id="null"),
    ],
)
async def test_a_token_is_refused_by_field(office: Office, path: str, body: dict[str, Any], text: str) -> None:
    status, told = message(await office.ask("POST", path, body))
    assert (status, text in told) == (400, True), told


@pytest.mark.parametrize("number", ["x", "0", "987654321", "9" * 30, "-1", "%00", "\N{ARABIC-INDIC DIGIT ONE}"])
async def test_a_token_that_is_not_there_is_not_found(office: Office, number: str) -> None:
    assert message(await office.ask("DELETE", f"{TOKENS}/{number}")) == (404, "Token not found")


async def test_another_organizations_token_is_not_found(office: Office) -> None:
    strange = await office.api.value(
        "SELECT id FROM api_token WHERE organization_id <> $1 LIMIT 1", office.organization
    )
    assert message(await office.ask("DELETE", f"{TOKENS}/{strange}")) == (404, "Token not found")
