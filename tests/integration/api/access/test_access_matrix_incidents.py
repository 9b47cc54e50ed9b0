"""Every role and scope on the incident routes: own customer, another customer, another organization."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.integration.api.access.roles import CUSTOMERS, RIGHTS, SAMPLE, CallerClients, open_caller_clients
from tests.integration.api.access.test_access_matrix import expected_status
from tests.integration.api.conftest import Api
from tests.integration.api.outages import group_of, make_locations, outage

OURS = "/api/v1/incidents"
GROUPS = "/api/v1/incident-groups"
ON_ONE: dict[str, tuple[str, str, str, dict[str, Any] | None]] = {
    "get": ("read", "GET", "", None),
    "acknowledge": ("trigger", "POST", "/acknowledge", {}),
    "comment": ("trigger", "POST", "/comments", {"comment": "c"}),
    "resolve": ("trigger", "POST", "/resolve", {"reason": "r"}),
}
"""Callers that may trigger a check may handle an incident."""


@pytest.fixture(scope="module")
async def clients(api: Api) -> AsyncIterator[CallerClients]:
    async with open_caller_clients(api) as opened:
        await make_locations(api)
        yield opened


@pytest.mark.parametrize("customer", CUSTOMERS)
@pytest.mark.parametrize("caller", SAMPLE)
@pytest.mark.parametrize("paths", ["/api/incidents", OURS])
async def test_incidents(clients: CallerClients, paths: str, caller: str, customer: str) -> None:
    found = await outage(clients.api, await clients.monitor(customer))
    statuses, expected = {}, {}
    for name, (action, method, rest, body) in ON_ONE.items():
        answer = await clients.request(caller, method, f"{paths}/{found.incident.public_id}{rest}", body)
        statuses[name], expected[name] = answer.status_code, expected_status(RIGHTS[caller], action, customer)
        if expected[name] == 404:
            assert "Incident not found" in answer.json().values()
    assert statuses == expected


@pytest.mark.parametrize("customer", CUSTOMERS)
@pytest.mark.parametrize("caller", RIGHTS)
async def test_groups_of_incidents(clients: CallerClients, caller: str, customer: str) -> None:
    """Those of another customer are not found, because the caller sees none of their incidents."""
    group = await group_of(clients.api, await outage(clients.api, await clients.monitor(customer)))
    answer = await clients.request(caller, "GET", f"{GROUPS}/{group}")
    expected = expected_status(RIGHTS[caller], "read", customer)
    assert answer.status_code == (404 if expected == 403 else expected)
    organization = clients.organizations["Strange" if customer == "strange" else "Ours"]
    listed = await clients.request(caller, "GET", GROUPS, organizationId=organization)
    found = listed.status_code == 200 and str(group) in [one["id"] for one in listed.json()["items"]]
    assert found == (expected == 200)


@pytest.mark.parametrize("caller", RIGHTS)
@pytest.mark.parametrize(("path", "key", "items"), [("/api/incidents", "publicId", None), (OURS, "id", "items")])
async def test_the_list_holds_the_incidents_in_reach_and_no_others(
    clients: CallerClients, caller: str, path: str, key: str, items: str | None
) -> None:
    made = {
        customer: str((await outage(clients.api, await clients.monitor(customer))).incident.public_id)
        for customer in CUSTOMERS
    }
    reached: set[str] = set()
    for organization in ("Ours", "Strange"):
        answer = await clients.request(
            caller, "GET", path, organizationId=clients.organizations[organization], limit=500
        )
        if organization == "Strange" and not RIGHTS[caller].all_organizations:
            assert answer.status_code == 403
            continue
        assert answer.status_code == 200
        listed = {item[key] for item in (answer.json()[items] if items else answer.json())}
        reached |= {customer for customer, public_id in made.items() if public_id in listed}
    assert reached == set(RIGHTS[caller].customers)


async def test_a_global_admin_must_say_which_organization_is_meant(clients: CallerClients) -> None:
    answer = await clients.request("global admin", "GET", "/api/incidents")
    assert (answer.status_code, answer.json()["message"]) == (400, "Organization ID is required")
