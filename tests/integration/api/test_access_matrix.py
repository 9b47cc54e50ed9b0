"""Roles and scopes at every route of monitors: own customer, another customer, another organization."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.integration.api.conftest import CUSTOMER, Api
from tests.integration.api.roles import CUSTOMERS, SAMPLE, UPTIMEIFY, WHO, Who, World, all_roles

ON_ONE: dict[str, tuple[str, str, str, dict[str, Any] | None]] = {
    "get": ("read", "GET", "", None),
    "details": ("read", "GET", "/details", None),
    "check history": ("read", "GET", "/check-history", None),
    "incident history": ("read", "GET", "/incident-history", None),
    "alert history": ("read", "GET", "/alert-history", None),
    "policy": ("read", "GET", "/policy", None),
    "change of the policy": ("config", "PATCH", "/policy", {"quorum": "any"}),
    "change of the config": ("config", "PATCH", "", {"status": "active", "name": "M"}),
    "change of a field that is not known": ("config", "PATCH", "", {"status": "active", "unknown": 1}),
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


@pytest.fixture(scope="module")
async def world(api: Api) -> AsyncIterator[World]:
    async with all_roles(api) as everybody:
        yield everybody


def expected(who: Who, action: str, where: str, *, hidden: int = 404) -> int:
    """200, or why not: the role comes first, for it says nothing about what is there."""
    if action not in who.may:
        return 403
    if where in who.reaches:
        return 200
    return hidden if where == "strange" else 403


@pytest.mark.parametrize("where", CUSTOMERS)
@pytest.mark.parametrize("who", SAMPLE)
@pytest.mark.parametrize("group", UPTIMEIFY)
async def test_monitors_in_uptimeifys_shape(world: World, group: str, who: str, where: str) -> None:
    path = f"{UPTIMEIFY[group]}/{(await world.monitor(where, group))['publicId']}"
    got, wanted = {}, {}
    for name, (action, method, rest, body) in ON_ONE.items():
        answer = await world.ask(who, method, path + rest, body)
        got[name] = answer.status_code
        wanted[name] = expected(WHO[who], action, where)
        if action == "trigger" and wanted[name] == 200:
            wanted[name] = 500  # it may, but no agent is there
            assert answer.json()["message"] == "No active monitoring locations available"
    new = {"customerId": CUSTOMERS[where], "name": "M", "hostname": "mail.example.com"}
    got["create"] = (await world.ask(who, "POST", UPTIMEIFY[group], new)).status_code
    wanted["create"] = expected(WHO[who], "create", where, hidden=400 if group == "smtp" else 404)
    assert got == wanted


@pytest.mark.parametrize("where", CUSTOMERS)
@pytest.mark.parametrize("who", SAMPLE)
async def test_monitors_in_alertsites_shape(world: World, who: str, where: str) -> None:
    number = (await world.monitor(where))["id"]
    got, wanted = {}, {}
    for name, (action, method, path, body) in ALERTSITE_ON_ONE.items():
        answer = await world.ask(who, method, path.format(number=number), body)
        got[name] = answer.status_code
        wanted[name] = expected(WHO[who], action, where)
        if action == "config" and where == "strange" and "readonly" in who:
            wanted[name] = 404  # its role may change the status, so here the monitor comes first
        if answer.status_code >= 400:
            assert answer.json()["errors"][0]["code"] == answer.status_code
        elif method == "DELETE":
            wanted[name] = 204
    assert got == wanted


@pytest.mark.parametrize("group", UPTIMEIFY)
@pytest.mark.parametrize("who", WHO)
async def test_lists_hold_what_is_reached_and_no_more(world: World, group: str, who: str) -> None:
    ids = {where: (await world.monitor(where, group))["publicId"] for where in CUSTOMERS}
    seen: set[str] = set()
    for organization in ("Ours", "Strange"):
        answer = await world.ask(
            who, "GET", UPTIMEIFY[group], organizationId=world.organizations[organization], perPage=200
        )
        if organization == "Strange" and not WHO[who].everywhere:
            assert answer.status_code == 403
            continue
        assert answer.status_code == 200
        listed = {item["publicId"] for item in answer.json()["items"]}
        seen |= {where for where, public_id in ids.items() if public_id in listed}
    assert seen == set(WHO[who].reaches)


@pytest.mark.parametrize("who", WHO)
async def test_a_secret_is_shown_only_to_who_may_write_it(world: World, who: str) -> None:
    made = await world.client.post(
        UPTIMEIFY["smtp"],
        json={
            "customerId": CUSTOMER,
            "name": "M",
            "hostname": "mail.example.com",
            "smtpConfig": {"auth": {"user": "u", "pass": "hunter2"}},
        },
        headers=world.headers["global admin"],
    )
    path = f"{UPTIMEIFY['smtp']}/{made.json()['publicId']}"
    changed = await world.ask(who, "PATCH", path, {"status": "active"})
    shown = changed.status_code == 200 and changed.json()["smtpConfig"]["auth"]["pass"] == "hunter2"
    assert shown == ("config" in WHO[who].may and "own" in WHO[who].reaches)
    assert "hunter2" not in (await world.ask(who, "GET", path)).text
