"""The organization and its customers over their routes: each documented statement with its answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.integration.api.conftest import ORGANIZATION, OTHER_CUSTOMER, STRANGE_CUSTOMER, Api
from tests.integration.api.office import NOBODY, Office, at_work, message


@pytest.fixture(scope="module")
async def office(api: Api) -> AsyncIterator[Office]:
    async with at_work(api) as open_office:
        yield open_office


ORGANIZATION_KEYS = {
    *("id", "name", "companyName", "street", "postalCode", "city", "country", "vatId", "billingEmail", "createdAt"),
    *("publicId", "updatedAt", "allowedCheckCountryCodes"),
    *("defaultNotificationChannels", "defaultNotificationTargets", "timeZone"),
}
CUSTOMER_KEYS = {
    *("id", "publicId", "organizationId", "name", "email", "notificationPhoneNumber", "notificationEmail", "packageId"),
    *("packageType", "packageDisplayName", "status", "allowedCheckCountryCodes", "alertLocationThresholdCount"),
    *("cancellationDate", "cancelledAt", "customFields", "monthlyReportsEnabled", "notificationChannels"),
    *("notificationTargets", "notificationRules", "smsUsageCurrentMonth", "createdAt", "updatedAt"),
}


@pytest.mark.parametrize("path", ["/api/organization", "/api/organizations", f"/api/organizations/{ORGANIZATION}"])
async def test_the_organization_has_three_addresses_and_every_documented_key(office: Office, path: str) -> None:
    answer = await office.ask("GET", path)
    assert answer.status_code == 200
    assert set(answer.json()) == ORGANIZATION_KEYS
    assert (answer.json()["id"], answer.json()["publicId"]) == (office.organization, ORGANIZATION)


async def test_the_organization_is_changed_field_by_field(office: Office) -> None:
    first = await office.ask(
        "PATCH",
        "/api/organization",
        {
            "companyName": "Ours GmbH",
            "billingEmail": "billing@example.com",
            "allowedCheckCountryCodes": ["de", "DE", "fr"],
            "defaultNotificationChannels": {"email": True, "sms": False},
            "defaultNotificationTargets": {"email": "both"},
            "unknown": 1,
        },
    )
    assert first.status_code == 200, first.text
    second = (await office.ask("PATCH", "/api/organization", {"defaultNotificationChannels": {"sms": True}})).json()
    assert second["companyName"] == "Ours GmbH"
    assert second["billingEmail"] == "billing@example.com"
    assert second["allowedCheckCountryCodes"] == ["DE", "FR"]
    assert second["defaultNotificationChannels"] == {"email": True, "sms": True}
    assert second["defaultNotificationTargets"] == {"email": "both"}
    cleared = await office.ask("PATCH", "/api/organization", {"allowedCheckCountryCodes": [], "companyName": None})
    assert (cleared.json()["allowedCheckCountryCodes"], cleared.json()["companyName"]) == (None, None)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        pytest.param({"name": ""}, "name must be", id="empty name"),
        pytest.param({"name": None}, "name is refused", id="no name"),
        pytest.param({"city": "a\0"}, "city must be at most 255 printable", id="NUL"),
        pytest.param({"vatId": "x" * 256}, "vatId must be at most 255", id="too long"),
        pytest.param({"billingEmail": "x"}, "billingEmail must be", id="no address"),
        pytest.param({"allowedCheckCountryCodes": ["XX"]}, "allowedCheckCountryCodes must", id="no country"),
        pytest.param({"defaultNotificationTargets": {"email": "all"}}, "defaultNotificationTargets.email", id="target"),
        pytest.param({"defaultNotificationChannels": {"email": 1}}, "defaultNotificationChannels.email", id="channel"),
    ],
)
async def test_the_organization_refuses_by_field(office: Office, body: dict[str, Any], text: str) -> None:
    status, told = message(await office.ask("PATCH", "/api/organization", body))
    assert status == 400
    assert text in told


async def test_an_organizations_address_is_its_uuid(office: Office) -> None:
    assert message(await office.ask("GET", "/api/organizations/1")) == (
        400,
        "Organization public ID (UUID) required",
    )
    assert message(await office.ask("GET", f"/api/organizations/{NOBODY}")) == (404, "Not found")


async def test_a_customer_is_made_read_listed_and_changed(office: Office) -> None:
    made = await office.ask(
        "POST",
        "/api/customers",
        {"name": "New", "email": "new@example.com", "packageType": "pro", "customFields": {"contract": "A-1"}},
    )
    assert made.status_code == 200
    assert set(made.json()) == {"success", "customer"}
    customer = made.json()["customer"]
    assert made.json()["success"] is True
    assert set(customer) == CUSTOMER_KEYS
    assert customer["status"] == "active"
    assert (customer["packageType"], customer["customFields"]) == ("pro", {"contract": "A-1"})
    for identifier in (customer["publicId"], customer["id"]):
        assert (await office.ask("GET", f"/api/customers/{identifier}")).json() == customer
    listed = (await office.ask("GET", "/api/customers")).json()
    assert isinstance(listed, list)
    assert customer in listed
    assert STRANGE_CUSTOMER not in {each["publicId"] for each in listed}

    changed = await office.ask(
        "PATCH",
        f"/api/customers/{customer['publicId']}",
        {
            "status": "marked_for_cancellation",
            "notificationEmail": "ops@example.com",
            "notificationPhoneNumber": "+4930123456",
            "monthlyReportsEnabled": True,
            "alertLocationThresholdCount": 2,
        },
    )
    after = changed.json()
    assert after["cancelledAt"] is not None
    assert {**after, "status": "", "cancelledAt": "", "cancellationDate": "", "updatedAt": ""} == {
        **customer,
        "status": "",
        "cancelledAt": "",
        "cancellationDate": "",
        "updatedAt": "",
        "notificationEmail": "ops@example.com",
        "notificationPhoneNumber": "+4930123456",
        "monthlyReportsEnabled": True,
        "alertLocationThresholdCount": 2,
    }
    back = await office.ask("PATCH", f"/api/customers/{customer['id']}", {"status": "active"})
    assert back.json()["cancelledAt"] is None


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        pytest.param({"email": "a@example.com"}, 400, "name is required", id="no name"),
        pytest.param({"name": "N"}, 400, "email is required", id="no e-mail"),
        pytest.param({"name": "N", "email": "x"}, 400, "email must be an e-mail address", id="no address"),
        pytest.param({"name": "", "email": None}, 400, "name must be", id="empty name"),
        pytest.param({"name": "N", "email": None, "status": "gone"}, 400, "Invalid status", id="unknown status"),
        pytest.param({"name": "N", "email": None, "status": 1}, 400, "Invalid status", id="status is a number"),
        pytest.param(
            {"name": "N", "email": None, "customFields": {"a": "\0"}}, 400, "customFields must not", id="NUL inside"
        ),
        pytest.param({"name": "N", "email": None, "customFields": []}, 400, "customFields is refused", id="a list"),
        pytest.param(
            {"name": "N", "email": None, "allowedCheckCountryCodes": ["XX"]}, 400, "allowedCheck", id="no country"
        ),
        pytest.param(
            {"name": "N", "email": None, "alertLocationThresholdCount": 0}, 400, "alertLocation", id="threshold of 0"
        ),
        pytest.param(
            {"name": "N", "email": None, "alertLocationThresholdCount": 10**30}, 400, "alertLocation", id="too many"
        ),
        pytest.param({"name": "N", "email": None, "packageType": "a\nb"}, 400, "packageType must", id="line break"),
        pytest.param({"name": "N", "email": None, "organizationId": 0}, 400, "Organization ID required", id="0"),
        pytest.param({"name": "N", "email": None, "organizationId": 2**70}, 403, "Forbidden", id="beyond 64 bits"),
        pytest.param({"name": "N", "email": None, "organizationId": True}, 400, "organizationId is", id="true"),
    ],
)
async def test_a_customer_is_refused_by_field(office: Office, body: dict[str, Any], status: int, text: str) -> None:
    before = await office.api.value("SELECT count(*) FROM customer")
    got, told = message(await office.ask("POST", "/api/customers", body))
    assert (got, text in told) == (status, True), told
    assert await office.api.value("SELECT count(*) FROM customer") == before


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        pytest.param("/api/customers?organizationId=0", 400, "Organization ID required", id="organization 0"),
        pytest.param("/api/customers?organizationId=x", 400, "Invalid organizationId", id="a word"),
        pytest.param("/api/customers?organizationId=987654321", 403, "Forbidden", id="another organization"),
        pytest.param("/api/customers/x", 400, "Invalid Customer identifier", id="no identifier"),
        pytest.param(f"/api/customers/{NOBODY}", 404, "Customer not found", id="nobody"),
        pytest.param("/api/customers/987654321", 404, "Customer not found", id="no such number"),
        pytest.param(f"/api/customers/{STRANGE_CUSTOMER}", 404, "Customer not found", id="another organization's"),
    ],
)
async def test_customers_are_found_or_not_as_documented(office: Office, path: str, status: int, text: str) -> None:
    assert message(await office.ask("GET", path)) == (status, text)
    if path.startswith("/api/customers/"):
        assert message(await office.ask("PATCH", path, {})) == (status, text)


async def test_the_countries_of_a_customer_reach_the_scheduler(office: Office) -> None:
    heard: list[str] = []
    async with office.api.database.connection() as connection:

        def hear(*given: object) -> None:
            heard.append(str(given[3]))

        await connection.add_listener("mailprobe_change", hear)
        await office.ask("PATCH", f"/api/customers/{OTHER_CUSTOMER}", {"name": "Renamed"})
        await office.ask("PATCH", "/api/organization", {"city": "Bonn"})
        await connection.execute("SELECT 1")
        assert heard == []
        await office.ask("PATCH", f"/api/customers/{OTHER_CUSTOMER}", {"allowedCheckCountryCodes": ["de"]})
        await office.ask("PATCH", "/api/organization", {"allowedCheckCountryCodes": ["de"]})
        await connection.execute("SELECT 1")
        assert heard == [f"customer:{office.api.other_customer}", f"organization:{office.organization}"]
        await connection.remove_listener("mailprobe_change", hear)
