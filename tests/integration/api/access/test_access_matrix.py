"""Every role and scope on every monitor route: own customer, another customer, another organization."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.integration.api.access.roles import (
    CUSTOMERS,
    RIGHTS,
    SAMPLE,
    UPTIMEIFY,
    CallerClients,
    Rights,
    open_caller_clients,
)
from tests.integration.api.conftest import CUSTOMER, Api

ON_ONE: dict[str, tuple[str, str, str, dict[str, Any] | None]] = {
    "get": ("read", "GET", "", None),
    "details": ("read", "GET", "/details", None),
    "check history": ("read", "GET", "/check-history", None),
    "incident history": ("read", "GET", "/incident-history", None),
    "alert history": ("read", "GET", "/alert-history", None),
    "policy": ("read", "GET", "/policy", None),
    "change of the policy": ("config", "PATCH", "/policy", {"quorum": "any"}),
    "change of the config": ("config", "PATCH", "", {"status": "active", "name": "M"}),
    "change of an unknown field": ("config", "PATCH", "", {"status": "active", "unknown": 1}),
    "change of the status": ("status", "PATCH", "", {"status": "active"}),
    "trigger": ("trigger", "POST", "/trigger-check", None),
    "delete": ("delete", "DELETE", "", None),
}
ALERTSITE_ON_ONE: dict[str, tuple[str, str, str, dict[str, Any] | None]] = {
    "get": ("read", "GET", "/api/v3/monitors/{number}", None),
    "change of the config": ("config", "PATCH", "/api/v3/monitors/email-smtp/{number}", {"name": "M"}),
    "change of the config by POST": ("config", "POST", "/api/v3/monitors/email-smtp/{number}", {"name": "M"}),
    "change of the status": ("status", "PATCH", "/api/v3/monitors/email-smtp/{number}", {"enabled": True}),
    "delete": ("delete", "DELETE", "/api/v3/monitors/{number}", None),
}
OURS_ON_ONE: dict[str, tuple[str, str, str, dict[str, Any] | None]] = {
    "state": ("read", "GET", "/state", None),
    "results": ("read", "GET", "/results", None),
    "uptime": ("read", "GET", "/uptime", None),
    "chart": ("read", "GET", "/chart", None),
    "facts": ("read", "GET", "/facts", None),
    "policy": ("read", "GET", "/policy", None),
    "change of the policy": ("config", "PATCH", "/policy", {"quorum": "any"}),
    "preview of the policy": ("config", "POST", "/policy/preview", {"quorum": "any"}),
    "dependencies": ("read", "GET", "/dependencies", None),
    "change of the dependencies": ("config", "PUT", "/dependencies", {"dependsOn": []}),
    "check": ("trigger", "POST", "/check", None),
}


@pytest.fixture(scope="module")
async def clients(api: Api) -> AsyncIterator[CallerClients]:
    async with open_caller_clients(api) as opened:
        yield opened


def expected_status(caller: Rights, action: str, customer: str, *, hidden: int = 404) -> int:
    """The role is checked before existence, so 403 comes before 404. `hidden` is the status for a monitor of another
    organization.
    """
    if action not in caller.actions:
        return 403
    if customer in caller.customers:
        return 200
    return hidden if customer == "strange" else 403


@pytest.mark.parametrize("customer", CUSTOMERS)
@pytest.mark.parametrize("caller", SAMPLE)
@pytest.mark.parametrize("group", UPTIMEIFY)
async def test_monitors_in_uptimeifys_shape(clients: CallerClients, group: str, caller: str, customer: str) -> None:
    path = f"{UPTIMEIFY[group]}/{(await clients.monitor(customer, group))['publicId']}"
    statuses, expected = {}, {}
    for name, (action, method, rest, body) in ON_ONE.items():
        answer = await clients.request(caller, method, path + rest, body)
        statuses[name] = answer.status_code
        expected[name] = expected_status(RIGHTS[caller], action, customer)
        if action == "trigger" and expected[name] == 200:
            expected[name] = 500  # it is permitted, but there is no agent
            assert answer.json()["message"] == "No active monitoring locations available"
    new = {"customerId": CUSTOMERS[customer], "name": "M", "hostname": "mail.example.com"}
    statuses["create"] = (await clients.request(caller, "POST", UPTIMEIFY[group], new)).status_code
    expected["create"] = expected_status(RIGHTS[caller], "create", customer, hidden=400 if group == "smtp" else 404)
    assert statuses == expected


@pytest.mark.parametrize("customer", CUSTOMERS)
@pytest.mark.parametrize("caller", SAMPLE)
async def test_below_a_monitor_in_our_own_shape(clients: CallerClients, caller: str, customer: str) -> None:
    path = f"/api/v1/monitors/{(await clients.monitor(customer))['publicId']}"
    statuses, expected = {}, {}
    for name, (action, method, rest, body) in OURS_ON_ONE.items():
        answer = await clients.request(caller, method, path + rest, body)
        statuses[name], expected[name] = answer.status_code, expected_status(RIGHTS[caller], action, customer)
        if action == "trigger" and expected[name] == 200:
            expected[name] = 409  # it is permitted, but there is no agent
    assert statuses == expected


@pytest.mark.parametrize("customer", CUSTOMERS)
@pytest.mark.parametrize("caller", SAMPLE)
async def test_monitors_in_alertsites_shape(clients: CallerClients, caller: str, customer: str) -> None:
    number = (await clients.monitor(customer))["id"]
    statuses, expected = {}, {}
    for name, (action, method, path, body) in ALERTSITE_ON_ONE.items():
        answer = await clients.request(caller, method, path.format(number=number), body)
        statuses[name] = answer.status_code
        expected[name] = expected_status(RIGHTS[caller], action, customer)
        if action == "config" and customer == "strange" and "readonly" in caller:
            expected[name] = 404  # readonly may change the status, so existence is checked before the changed fields
        if answer.status_code >= 400:
            assert answer.json()["errors"][0]["code"] == answer.status_code
        elif method == "DELETE":
            expected[name] = 204
    assert statuses == expected


@pytest.mark.parametrize("group", UPTIMEIFY)
@pytest.mark.parametrize("caller", RIGHTS)
async def test_lists_hold_the_monitors_in_reach_and_no_others(clients: CallerClients, group: str, caller: str) -> None:
    ids = {customer: (await clients.monitor(customer, group))["publicId"] for customer in CUSTOMERS}
    reached: set[str] = set()
    for organization in ("Ours", "Strange"):
        answer = await clients.request(
            caller, "GET", UPTIMEIFY[group], organizationId=clients.organizations[organization], perPage=200
        )
        if organization == "Strange" and not RIGHTS[caller].all_organizations:
            assert answer.status_code == 403
            continue
        assert answer.status_code == 200
        listed = {item["publicId"] for item in answer.json()["items"]}
        reached |= {customer for customer, public_id in ids.items() if public_id in listed}
    assert reached == set(RIGHTS[caller].customers)


@pytest.mark.parametrize("caller", RIGHTS)
async def test_a_secret_is_shown_only_to_callers_that_may_write_it(clients: CallerClients, caller: str) -> None:
    made = await clients.client.post(
        UPTIMEIFY["smtp"],
        json={
            "customerId": CUSTOMER,
            "name": "M",
            "hostname": "mail.example.com",
            "smtpConfig": {"auth": {"user": "u", "pass": "hunter2"}},
        },
        headers=clients.headers["global admin"],
    )
    path = f"{UPTIMEIFY['smtp']}/{made.json()['publicId']}"
    changed = await clients.request(caller, "PATCH", path, {"status": "active"})
    shown = changed.status_code == 200 and changed.json()["smtpConfig"]["auth"]["pass"] == "hunter2"
    assert shown == ("config" in RIGHTS[caller].actions and "own" in RIGHTS[caller].customers)
    assert "hunter2" not in (await clients.request(caller, "GET", path)).text
