"""The routes of the organization and of its customers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.integration.api.admin_client import UNKNOWN_ID, AdminClient, message, open_admin_client
from tests.integration.api.conftest import ORGANIZATION, OTHER_CUSTOMER, STRANGE_CUSTOMER, Api


@pytest.fixture(scope="module")
async def admin(api: Api) -> AsyncIterator[AdminClient]:
    async with open_admin_client(api) as client:
        yield client


ORGANIZATION_KEYS = {
    *("id", "name", "companyName", "street", "postalCode", "city", "country", "vatId", "billingEmail", "createdAt"),
    *("publicId", "updatedAt", "allowedCheckCountryCodes"),
    *("defaultNotificationChannels", "defaultNotificationTargets", "defaultNotificationRules", "timeZone"),
}
CUSTOMER_KEYS = {
    *("id", "publicId", "organizationId", "name", "email", "notificationPhoneNumber", "notificationEmail", "packageId"),
    *("packageType", "packageDisplayName", "status", "allowedCheckCountryCodes", "alertLocationThresholdCount"),
    *("cancellationDate", "cancelledAt", "customFields", "monthlyReportsEnabled", "notificationChannels"),
    *("notificationTargets", "notificationRules", "smsUsageCurrentMonth", "createdAt", "updatedAt"),
}


@pytest.mark.parametrize("path", ["/api/organization", "/api/organizations", f"/api/organizations/{ORGANIZATION}"])
async def test_the_organization_has_three_paths_and_every_documented_key(admin: AdminClient, path: str) -> None:
    answer = await admin.request("GET", path)
    assert answer.status_code == 200
    assert set(answer.json()) == ORGANIZATION_KEYS
    assert (answer.json()["id"], answer.json()["publicId"]) == (admin.organization, ORGANIZATION)


async def test_the_organization_is_changed_field_by_field(admin: AdminClient) -> None:
    first = await admin.request(
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
    second = (await admin.request("PATCH", "/api/organization", {"defaultNotificationChannels": {"sms": True}})).json()
    assert second["companyName"] == "Ours GmbH"
    assert second["billingEmail"] == "billing@example.com"
    assert second["allowedCheckCountryCodes"] == ["DE", "FR"]
    assert second["defaultNotificationChannels"] == {"email": True, "sms": True}
    assert second["defaultNotificationTargets"] == {"email": "both"}
    cleared = await admin.request("PATCH", "/api/organization", {"allowedCheckCountryCodes": [], "companyName": None})
    assert (cleared.json()["allowedCheckCountryCodes"], cleared.json()["companyName"]) == (None, None)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        pytest.param({"name": ""}, "name must be", id="the name is empty"),
        pytest.param({"name": None}, "name must be a string", id="the name is null"),
        pytest.param({"city": "a\0"}, "city must be at most 255 printable", id="a city with a NUL"),
        pytest.param({"vatId": "x" * 256}, "vatId must be at most 255", id="a VAT id that is too long"),
        pytest.param({"billingEmail": "x"}, "billingEmail must be", id="the e-mail address is malformed"),
        pytest.param({"allowedCheckCountryCodes": ["XX"]}, "allowedCheckCountryCodes must", id="an unknown country"),
        pytest.param(
            {"defaultNotificationTargets": {"email": "all"}},
            "defaultNotificationTargets.email",
            id="an unknown notification target",
        ),
        pytest.param(
            {"defaultNotificationChannels": {"email": 1}},
            "defaultNotificationChannels.email",
            id="a notification channel that is no boolean",
        ),
    ],
)
async def test_the_organization_refuses_by_field(admin: AdminClient, body: dict[str, Any], text: str) -> None:
    status, error = message(await admin.request("PATCH", "/api/organization", body))
    assert status == 400
    assert text in error


async def test_the_path_of_an_organization_holds_its_uuid(admin: AdminClient) -> None:
    assert message(await admin.request("GET", "/api/organizations/1")) == (
        400,
        "Organization public ID (UUID) required",
    )
    assert message(await admin.request("GET", f"/api/organizations/{UNKNOWN_ID}")) == (404, "Not found")


async def test_a_customer_is_made_read_listed_and_changed(admin: AdminClient) -> None:
    made = await admin.request(
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
        assert (await admin.request("GET", f"/api/customers/{identifier}")).json() == customer
    listed = (await admin.request("GET", "/api/customers")).json()
    assert isinstance(listed, list)
    assert customer in listed
    assert STRANGE_CUSTOMER not in {each["publicId"] for each in listed}

    changed = await admin.request(
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
    back = await admin.request("PATCH", f"/api/customers/{customer['id']}", {"status": "active"})
    assert back.json()["cancelledAt"] is None


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        pytest.param({"email": "a@example.com"}, 400, "name is required", id="the name is missing"),
        pytest.param({"name": "N"}, 400, "email is required", id="the e-mail address is missing"),
        pytest.param(
            {"name": "N", "email": "x"}, 400, "email must be an e-mail address", id="the e-mail address is malformed"
        ),
        pytest.param({"name": "", "email": None}, 400, "name must be", id="the name is empty"),
        pytest.param({"name": "N", "email": None, "status": "gone"}, 400, "Invalid status", id="the status is unknown"),
        pytest.param({"name": "N", "email": None, "status": 1}, 400, "Invalid status", id="the status is a number"),
        pytest.param(
            {"name": "N", "email": None, "customFields": {"a": "\0"}},
            400,
            "customFields must not",
            id="a custom field with a NUL",
        ),
        pytest.param(
            {"name": "N", "email": None, "customFields": []},
            400,
            "customFields must be an object or null",
            id="custom fields are a list",
        ),
        pytest.param(
            {"name": "N", "email": None, "allowedCheckCountryCodes": ["XX"]},
            400,
            "allowedCheck",
            id="an unknown country",
        ),
        pytest.param(
            {"name": "N", "email": None, "alertLocationThresholdCount": 0}, 400, "alertLocation", id="a threshold of 0"
        ),
        pytest.param(
            {"name": "N", "email": None, "alertLocationThresholdCount": 10**30},
            400,
            "alertLocation",
            id="a threshold beyond 64 bits",
        ),
        pytest.param(
            {"name": "N", "email": None, "packageType": "a\nb"},
            400,
            "packageType must",
            id="a package type with a line break",
        ),
        pytest.param(
            {"name": "N", "email": None, "organizationId": 0}, 400, "Organization ID required", id="organization 0"
        ),
        pytest.param(
            {"name": "N", "email": None, "organizationId": 2**70}, 403, "Forbidden", id="an organization beyond 64 bits"
        ),
        pytest.param(
            {"name": "N", "email": None, "organizationId": True},
            400,
            "organizationId must be an integer",
            id="the organization is true",
        ),
    ],
)
async def test_a_customer_is_refused_by_field(admin: AdminClient, body: dict[str, Any], status: int, text: str) -> None:
    before = await admin.api.value("SELECT count(*) FROM customer")
    got, error = message(await admin.request("POST", "/api/customers", body))
    assert (got, text in error) == (status, True), error
    assert await admin.api.value("SELECT count(*) FROM customer") == before


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        pytest.param("/api/customers?organizationId=0", 400, "Organization ID required", id="organization 0"),
        pytest.param("/api/customers?organizationId=x", 400, "Invalid organizationId", id="the organization is a word"),
        pytest.param("/api/customers?organizationId=987654321", 403, "Forbidden", id="another organization"),
        pytest.param("/api/customers/x", 400, "Invalid Customer identifier", id="a malformed customer identifier"),
        pytest.param(f"/api/customers/{UNKNOWN_ID}", 404, "Customer not found", id="an unknown UUID"),
        pytest.param("/api/customers/987654321", 404, "Customer not found", id="an unknown number"),
        pytest.param(
            f"/api/customers/{STRANGE_CUSTOMER}", 404, "Customer not found", id="a customer of another organization"
        ),
    ],
)
async def test_customers_are_found_or_not_as_documented(admin: AdminClient, path: str, status: int, text: str) -> None:
    assert message(await admin.request("GET", path)) == (status, text)
    if path.startswith("/api/customers/"):
        assert message(await admin.request("PATCH", path, {})) == (status, text)


async def test_the_countries_of_a_customer_reach_the_scheduler(admin: AdminClient) -> None:
    notifications: list[str] = []
    async with admin.api.database.connection() as connection:

        def notified(*arguments: object) -> None:
            notifications.append(str(arguments[3]))

        await connection.add_listener("mailprobe_change", notified)
        await admin.request("PATCH", f"/api/customers/{OTHER_CUSTOMER}", {"name": "Renamed"})
        await admin.request("PATCH", "/api/organization", {"city": "Bonn"})
        await connection.execute("SELECT 1")
        assert notifications == []
        await admin.request("PATCH", f"/api/customers/{OTHER_CUSTOMER}", {"allowedCheckCountryCodes": ["de"]})
        await admin.request("PATCH", "/api/organization", {"allowedCheckCountryCodes": ["de"]})
        await connection.execute("SELECT 1")
        assert notifications == [f"customer:{admin.api.other_customer}", f"organization:{admin.organization}"]
        await connection.remove_listener("mailprobe_change", notified)
