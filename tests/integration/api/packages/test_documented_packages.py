"""Every documented statement about packages, notification rules and billing ([D] of 4.3, 6.1, 6.2, 7.5)."""

from __future__ import annotations

import re
from typing import Any

import pytest

from controller.model import Role
from tests.integration.api.conftest import CUSTOMER, Api
from tests.integration.api.documented import MOMENT, Row, assert_answers, assert_holds, send
from tests.integration.api.people import organization_of, person

PATH = "/api/package-configs"
GATES = (
    "enableEmailAlerts", "enableSmsAlerts", "enableWebhookAlerts", "enableIntegrationAlerts",
    "enableMaintenanceWindows", "enablePdfReports",
    "enablePostRequestEscalation", "enableSslCheck", "enableHttpsCheck", "enableStatusCheck",
    "enableSizeCheck", "enableResponseTimeCheck", "enableKeywordCheck",
)  # fmt: skip
NUMBERS = {
    "checkIntervalMinutes": 1, "checkLocations": 3, "alertConsecutiveChecks": 3, "alertLocationThresholdCount": 2,
    "notificationDelayMinutes": 0, "reminderDelayMinutes": 10, "alertReminderInterval": 60, "dataRetentionMonths": 12,
    "maxUrls": 100,
}  # fmt: skip
SENT = NUMBERS | {"displayName": "Professional", "notes": "for clients", "alertLocationThreshold": "majority"}
SENT |= dict.fromkeys(GATES, False)
UNSET = dict.fromkeys(NUMBERS, None) | {"notificationDelayMinutes": 0}
NEW: dict[str, Any] = {"id": int, "organizationId": int, "packageType": "{new}", "displayName": "{new}", "notes": None}
NEW |= (
    UNSET | {"alertLocationThreshold": None} | dict.fromkeys(GATES, True) | {"createdAt": MOMENT, "updatedAt": MOMENT}
)

PACKAGES = [
    Row("an upsert without values makes a package that says nothing", "PATCH", f"{PATH}/fresh", 200,
        {**NEW, "packageType": "fresh", "displayName": "fresh"}, body={}),
    Row("every documented field is kept", "PATCH", f"{PATH}/full", 200, {"packageType": "full", **SENT}, body=SENT),
    Row("an upsert changes what is sent and keeps the rest", "PATCH", f"{PATH}/gold", 200,
        {"displayName": "Gold", "alertConsecutiveChecks": 5, "checkLocations": 2}, body={"alertConsecutiveChecks": 5}),
    Row("null takes a threshold away", "PATCH", f"{PATH}/gold", 200, {"checkLocations": None},
        body={"checkLocations": None}),
    Row("packageType is a free-form key", "PATCH", f"{PATH}/Größe L", 200, {"packageType": "Größe L"}, body={}),
    Row("get one", "GET", f"{PATH}/gold", 200, {"packageType": "gold", "displayName": "Gold"}),
    Row("get an unknown one", "GET", f"{PATH}/nothing", 404, "Package config not found"),
    Row("unknown keys are ignored", "PATCH", f"{PATH}/gold", 200, {"displayName": "Gold"}, body={"id": 9, "x": 1}),
    *(Row(f"{field} out of range", "PATCH", f"{PATH}/gold", 400, {"message": re.compile(f"{field} must be from .*")},
          body={field: -1}) for field in NUMBERS),
    Row("another threshold", "PATCH", f"{PATH}/gold", 400,
        "alertLocationThreshold must be one of any, majority, all, or null", body={"alertLocationThreshold": "most"}),
    Row("a threshold that is no text", "PATCH", f"{PATH}/gold", 400, {"message": str},
        body={"alertLocationThreshold": 3}),
    Row("a package that customers use cannot be deleted", "DELETE", f"{PATH}/used", 409,
        "The package cannot be deleted: 1 customer has it", caller="admin"),
    Row("one that nobody uses can", "DELETE", f"{PATH}/gold", 200, {"success": True}, caller="admin"),
    Row("delete an unknown one", "DELETE", f"{PATH}/nothing", 404, "Package config not found", caller="admin"),
    Row("of another organization", "GET", f"{PATH}/strange", 404, "Package config not found"),
    *(Row(f"{method} without a session", method, path, 401, "Unauthorized", caller="nobody", body=body)
      for method, path, body in (("GET", PATH, None), ("GET", f"{PATH}/gold", None), ("PATCH", f"{PATH}/gold", {}),
                                 ("DELETE", f"{PATH}/gold", None))),
    *(Row(f"{method} is for admins, not for {caller}", method, f"{PATH}/gold", 403, "Forbidden", caller=caller, body={})
      for method in ("PATCH", "DELETE") for caller in ("user", "readonly")),
    Row("everybody reads", "GET", f"{PATH}/gold", 200, {"packageType": "gold"}, caller="readonly"),
]  # fmt: skip

CUSTOMERS = [
    Row("6.2 an unknown package is refused", "POST", "/api/customers", 400,
        "packageType must be one of gold, used, or null", body={"name": "C", "email": None, "packageType": "nothing"}),
    Row("6.2 a known one is taken", "POST", "/api/customers", 200,
        {"customer": {"packageType": "gold", "packageDisplayName": "Gold", "packageId": int}},
        body={"name": "C", "email": None, "packageType": "gold"}),
    Row("an unknown one in a change", "PATCH", "/api/customers/{customer}", 400,
        "packageType must be one of gold, used, or null", body={"packageType": "nothing"}),
    Row("none", "PATCH", "/api/customers/{customer}", 200,
        {"packageType": None, "packageDisplayName": None, "packageId": None}, body={"packageType": None}),
    Row("7.5 rules of a customer", "PATCH", "/api/customers/{customer}", 200,
        {"notificationRules": {"smtp": {"sms": False}, "imap_pop": {"integrations": True}}},
        body={"notificationRules": {"smtp": {"sms": False}, "imap_pop": {"integrations": True}}}),
    Row("7.5 without rules null", "GET", "/api/customers/{customer}", 200, {"notificationRules": None}),
    Row("7.5 rules of the organization", "PATCH", "/api/organization", 200,
        {"defaultNotificationRules": {"smtp": {"email": True, "webhook": False}}},
        body={"defaultNotificationRules": {"smtp": {"email": True, "webhook": False}}}),
    Row("7.5 the types of checks are those of here", "PATCH", "/api/customers/{customer}", 400,
        re.compile("notificationRules may have these types of checks: .*smtp.*"),
        body={"notificationRules": {"keyword": {"sms": False}}}),
    Row("7.5 a kind of channel that is not known is ignored", "PATCH", "/api/organization", 200,
        {"defaultNotificationRules": None},
        body={"defaultNotificationRules": {"smtp": {"fax": False}}}),
    Row("7.5 a rule is a boolean", "PATCH", "/api/customers/{customer}", 400, {"message": str},
        body={"notificationRules": {"smtp": {"sms": "no"}}}),
]  # fmt: skip

BILLING = [
    Row("6.1 billing", "GET", "/api/organization/billing", 200, {"billingEmail": None, "paymentMethod": None}),
    Row("6.1 a new address", "PATCH", "/api/organization/billing", 200,
        {"billingEmail": "bills@example.com", "paymentMethod": None}, caller="admin",
        body={"billingEmail": "bills@example.com"}),
    Row("no way to pay can be set", "PATCH", "/api/organization/billing", 400,
        "paymentMethod must be null: this installation bills nobody", caller="admin", body={"paymentMethod": "card"}),
    Row("a wrong address", "PATCH", "/api/organization/billing", 400,
        "billingEmail must be an e-mail address, or null", caller="admin", body={"billingEmail": "x"}),
    Row("for admins", "PATCH", "/api/organization/billing", 403, "Forbidden", caller="user", body={}),
    Row("without a session", "GET", "/api/organization/billing", 401, "Unauthorized", caller="nobody"),
]  # fmt: skip


@pytest.fixture(scope="module")
async def people(api: Api) -> dict[str, dict[str, str]]:
    """The headers of each caller."""
    ours = await organization_of(api, "Ours")
    limited = [api.customer]
    return {
        "admin token": {"Authorization": api.client.headers["Authorization"]},
        "nobody": {},
        "admin": (await person(api, Role.ADMIN, organization=ours)).headers,
        "user": (await person(api, Role.USER, organization=ours)).headers,
        "readonly": (await person(api, Role.READONLY, organization=ours, customers=limited)).headers,
    }


@pytest.fixture(autouse=True)
async def customer(api: Api) -> dict[str, Any]:
    """Two packages, of which a customer has one, and another organization's."""
    ours, strange = await organization_of(api, "Ours"), await organization_of(api, "Strange")
    await api.value("DELETE FROM package")
    await api.value("DELETE FROM request_count")
    await api.value("UPDATE organization SET billing_email = NULL, default_notification_rules = NULL")
    insert = "INSERT INTO package (organization_id, package_type, display_name, check_locations) VALUES ($1, $2, $3, 2)"
    for number, key, name in ((ours, "gold", "Gold"), (ours, "used", "Used"), (strange, "strange", "Strange")):
        await api.value(insert, number, key, name)
    await api.value("UPDATE customer SET package_type = NULL, notification_rules = NULL")
    await api.value("UPDATE customer SET package_type = 'used' WHERE id = $1", api.other_customer)
    return {"customer": CUSTOMER}


@pytest.mark.parametrize("row", [pytest.param(row, id=row.title) for row in (*PACKAGES, *CUSTOMERS, *BILLING)])
async def test_the_statement_holds(
    api: Api, people: dict[str, dict[str, str]], customer: dict[str, Any], row: Row
) -> None:
    answer = await send(api, row, people, customer)
    if isinstance(row.answer, re.Pattern):
        assert answer.status_code == row.status
        assert_holds(answer.json()["message"], row.answer)
    else:
        assert_answers(row, answer)


async def test_the_list_says_how_many_customers_have_a_package(api: Api, people: dict[str, dict[str, str]]) -> None:
    answer = await send(api, Row("", "GET", PATH), people, {})
    counts = {one["packageType"]: one["usedByCustomerCount"] for one in answer.json()}
    assert counts == {"gold": 0, "used": 1}


async def test_an_organization_without_packages_takes_any(api: Api, people: dict[str, dict[str, str]]) -> None:
    await api.value("DELETE FROM package")
    row = Row("", "PATCH", "/api/customers/{customer}", body={"packageType": "anything"})
    found = (await send(api, row, people, {"customer": CUSTOMER})).json()
    assert (found["packageType"], found["packageDisplayName"], found["packageId"]) == ("anything", "anything", None)
