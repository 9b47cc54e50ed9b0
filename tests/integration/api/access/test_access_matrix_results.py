"""Every role and scope on the history of results: own customer, another customer, another organization."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from controller.store.checks.results import store_results
from shared.clock import utc_now
from tests.integration.api.access.roles import CUSTOMERS, RIGHTS, CallerClients, open_caller_clients
from tests.integration.api.access.test_access_matrix import expected_status
from tests.integration.api.conftest import Api
from tests.integration.api.outages import check_result, make_locations

PATH, OURS = "/api/results", "/api/v1/results"


class StoredResults(NamedTuple):
    """`monitors` holds the public id of one monitor of each customer; each monitor has one result."""

    clients: CallerClients
    monitors: dict[str, str]

    def customers_of(self, items: list[dict[str, Any]]) -> set[str]:
        return {customer for customer, name in self.monitors.items() if name in {item["monitorId"] for item in items}}


@pytest.fixture(scope="module")
async def stored(api: Api) -> AsyncIterator[StoredResults]:
    async with open_caller_clients(api) as clients:
        await make_locations(api)
        monitors = {}
        for customer in CUSTOMERS:
            made = await clients.monitor(customer)
            due = utc_now().replace(microsecond=0) - timedelta(minutes=5)
            assert all(await store_results(api.database, [check_result(made, due, "de-nbg")]))
            monitors[customer] = made["publicId"]
        yield StoredResults(clients, monitors)


@pytest.mark.parametrize(("path", "items"), [(PATH, "results"), (OURS, "items")])
@pytest.mark.parametrize("caller", RIGHTS)
async def test_pages_and_exports_hold_the_results_in_reach_and_no_others(
    stored: StoredResults, caller: str, path: str, items: str
) -> None:
    reached: set[str] = set()
    for organization in ("Ours", "Strange"):
        number = stored.clients.organizations[organization]
        answer = await stored.clients.request(caller, "GET", path, organizationId=number)
        if organization == "Strange" and not RIGHTS[caller].all_organizations:
            assert answer.status_code == 403
            continue
        assert answer.status_code == 200
        listed = answer.json()[items]
        reached |= stored.customers_of(listed)
        lines = await stored.clients.request(caller, "GET", path, organizationId=number, format="ndjson")
        assert [json.loads(line) for line in lines.text.splitlines()] == listed
        table = await stored.clients.request(caller, "GET", path, organizationId=number, format="csv")
        rows = csv.DictReader(io.StringIO(table.text, newline=""))
        assert [row["checkId"] for row in rows] == [item["checkId"] for item in listed]
    assert reached == set(RIGHTS[caller].customers)


@pytest.mark.parametrize("customer", CUSTOMERS)
@pytest.mark.parametrize("caller", RIGHTS)
@pytest.mark.parametrize(("path", "parameter", "items"), [(PATH, "customerId", "results"), (OURS, "customer", "items")])
async def test_a_monitor_or_a_customer_may_be_requested_by_its_id(
    stored: StoredResults, caller: str, customer: str, path: str, parameter: str, items: str
) -> None:
    home = stored.clients.organizations["Strange" if customer == "strange" else "Ours"]
    named = {"organizationId": home} if RIGHTS[caller].all_organizations else {}
    by_monitor = await stored.clients.request(caller, "GET", path, monitor=stored.monitors[customer], **named)
    assert by_monitor.status_code == expected_status(RIGHTS[caller], "read", customer)
    by_customer = await stored.clients.request(caller, "GET", path, **{parameter: CUSTOMERS[customer]}, **named)
    hidden = 400 if path == PATH else 404
    assert by_customer.status_code == expected_status(RIGHTS[caller], "read", customer, hidden=hidden)
    for answer in (by_monitor, by_customer):
        if answer.status_code == 200:
            assert stored.customers_of(answer.json()[items]) == {customer}


async def test_a_cursor_is_valid_only_for_callers_with_the_same_reach(stored: StoredResults) -> None:
    ours = {"organizationId": stored.clients.organizations["Ours"]}
    first = await stored.clients.request("admin", "GET", PATH, limit=1, **ours)
    cursor = first.json()["nextCursor"]
    for caller in ("admin of one customer", "customer token", "readonly of none"):
        answer = await stored.clients.request(caller, "GET", PATH, cursor=cursor, **ours)
        assert (answer.status_code, answer.json()["message"].partition(":")[0]) == (
            400,
            "cursor belongs to another query",
        )
    again = await stored.clients.request("admin", "GET", PATH, cursor=cursor, **ours)
    assert len(again.json()["results"]) == 1


async def test_a_global_admin_must_say_which_organization_is_meant(stored: StoredResults) -> None:
    answer = await stored.clients.request("global admin", "GET", PATH)
    assert (answer.status_code, answer.json()["message"]) == (
        400,
        "Organization ID is required in the authenticated session",
    )


async def test_without_a_token_nothing_is_read(stored: StoredResults) -> None:
    assert (await stored.clients.client.get(PATH)).status_code == 401
