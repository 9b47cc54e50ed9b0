"""Roles and scopes at incidents: those of its own customer, of another one, of another organization."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.integration.api.conftest import Api
from tests.integration.api.outages import outage, places
from tests.integration.api.roles import CUSTOMERS, SAMPLE, WHO, World, all_roles
from tests.integration.api.test_access_matrix import expected

ON_ONE: dict[str, tuple[str, str, str, dict[str, Any] | None]] = {
    "get": ("read", "GET", "", None),
    "acknowledge": ("trigger", "POST", "/acknowledge", {}),
    "comment": ("trigger", "POST", "/comments", {"comment": "c"}),
    "resolve": ("trigger", "POST", "/resolve", {"reason": "r"}),
}
"""Who may trigger a check may handle an incident."""


@pytest.fixture(scope="module")
async def world(api: Api) -> AsyncIterator[World]:
    async with all_roles(api) as everybody:
        await places(api)
        yield everybody


@pytest.mark.parametrize("where", CUSTOMERS)
@pytest.mark.parametrize("who", SAMPLE)
async def test_incidents(world: World, who: str, where: str) -> None:
    found = await outage(world.api, await world.monitor(where))
    got, wanted = {}, {}
    for name, (action, method, rest, body) in ON_ONE.items():
        answer = await world.ask(who, method, found.path + rest, body)
        got[name], wanted[name] = answer.status_code, expected(WHO[who], action, where)
        if wanted[name] == 404:
            assert answer.json()["message"] == "Incident not found"
    assert got == wanted


@pytest.mark.parametrize("who", WHO)
async def test_the_list_holds_what_is_reached_and_no_more(world: World, who: str) -> None:
    made = {where: (await outage(world.api, await world.monitor(where))).incident.id for where in CUSTOMERS}
    seen: set[str] = set()
    for organization in ("Ours", "Strange"):
        answer = await world.ask(
            who, "GET", "/api/incidents", organizationId=world.organizations[organization], limit=500
        )
        if organization == "Strange" and not WHO[who].everywhere:
            assert answer.status_code == 403
            continue
        assert answer.status_code == 200
        listed = {item["id"] for item in answer.json()}
        seen |= {where for where, number in made.items() if number in listed}
    assert seen == set(WHO[who].reaches)


async def test_a_global_admin_must_say_which_organization_is_meant(world: World) -> None:
    answer = await world.ask("global admin", "GET", "/api/incidents")
    assert (answer.status_code, answer.json()["message"]) == (400, "Organization ID is required")
