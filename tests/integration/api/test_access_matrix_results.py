"""Every role and scope at the history of results: own customer, another one, another organization."""

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
from tests.integration.api.conftest import Api
from tests.integration.api.outages import check, places
from tests.integration.api.roles import CUSTOMERS, WHO, World, all_roles
from tests.integration.api.test_access_matrix import expected

PATH = "/api/results"


class Seen(NamedTuple):
    """Who looks, and the monitor of each customer, with a result each."""

    world: World
    monitors: dict[str, str]

    def wheres(self, items: list[dict[str, Any]]) -> set[str]:
        return {where for where, name in self.monitors.items() if name in {item["monitorId"] for item in items}}


@pytest.fixture(scope="module")
async def seen(api: Api) -> AsyncIterator[Seen]:
    async with all_roles(api) as world:
        await places(api)
        monitors = {}
        for where in CUSTOMERS:
            made = await world.monitor(where)
            due = utc_now().replace(microsecond=0) - timedelta(minutes=5)
            assert all(await store_results(api.database, [check(made, due, "de-nbg")]))
            monitors[where] = made["publicId"]
        yield Seen(world, monitors)


@pytest.mark.parametrize("who", WHO)
async def test_pages_and_exports_hold_what_is_reached_and_no_more(seen: Seen, who: str) -> None:
    found: set[str] = set()
    for organization in ("Ours", "Strange"):
        number = seen.world.organizations[organization]
        answer = await seen.world.ask(who, "GET", PATH, organizationId=number)
        if organization == "Strange" and not WHO[who].everywhere:
            assert answer.status_code == 403
            continue
        assert answer.status_code == 200
        listed = answer.json()["results"]
        found |= seen.wheres(listed)
        lines = await seen.world.ask(who, "GET", PATH, organizationId=number, format="ndjson")
        assert [json.loads(line) for line in lines.text.splitlines()] == listed
        table = await seen.world.ask(who, "GET", PATH, organizationId=number, format="csv")
        rows = csv.DictReader(io.StringIO(table.text, newline=""))
        assert [row["checkId"] for row in rows] == [item["checkId"] for item in listed]
    assert found == set(WHO[who].reaches)


@pytest.mark.parametrize("where", CUSTOMERS)
@pytest.mark.parametrize("who", WHO)
async def test_a_monitor_or_a_customer_by_name(seen: Seen, who: str, where: str) -> None:
    home = seen.world.organizations["Strange" if where == "strange" else "Ours"]
    named = {"organizationId": home} if WHO[who].everywhere else {}
    by_monitor = await seen.world.ask(who, "GET", PATH, monitor=seen.monitors[where], **named)
    assert by_monitor.status_code == expected(WHO[who], "read", where)
    by_customer = await seen.world.ask(who, "GET", PATH, customerId=CUSTOMERS[where], **named)
    assert by_customer.status_code == expected(WHO[who], "read", where, hidden=400)
    for answer in (by_monitor, by_customer):
        if answer.status_code == 200:
            assert seen.wheres(answer.json()["results"]) == {where}


async def test_a_cursor_is_of_one_reach(seen: Seen) -> None:
    ours = {"organizationId": seen.world.organizations["Ours"]}
    first = await seen.world.ask("admin", "GET", PATH, limit=1, **ours)
    cursor = first.json()["nextCursor"]
    for who in ("admin of one customer", "customer token", "readonly of none"):
        answer = await seen.world.ask(who, "GET", PATH, cursor=cursor, **ours)
        assert (answer.status_code, answer.json()["message"].partition(":")[0]) == (
            400,
            "cursor belongs to another question",
        )
    again = await seen.world.ask("admin", "GET", PATH, cursor=cursor, **ours)
    assert len(again.json()["results"]) == 1


async def test_a_global_admin_must_say_which_organization_is_meant(seen: Seen) -> None:
    answer = await seen.world.ask("global admin", "GET", PATH)
    assert (answer.status_code, answer.json()["message"]) == (
        400,
        "Organization ID is required in the authenticated session",
    )


async def test_without_a_token_nothing_is_read(seen: Seen) -> None:
    assert (await seen.world.client.get(PATH)).status_code == 401
