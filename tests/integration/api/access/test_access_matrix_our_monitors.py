"""Which caller may do what to monitors by our own API: the same as by the vendors' groups."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.api.access.roles import CUSTOMERS, RIGHTS, SAMPLE, CallerClients, open_caller_clients
from tests.integration.api.conftest import Api

PATH = "/api/v1/monitors"
ON_ONE: list[tuple[str, str, Any, int]] = [
    ("read", "GET", None, 200),
    ("config", "PATCH", {"name": "N"}, 200),
    ("status", "PATCH", {"enabled": False}, 200),
    ("config", "PUT", "whole", 200),
    ("delete", "DELETE", None, 204),
]


@pytest.fixture(scope="module")
async def clients(api: Api) -> AsyncIterator[CallerClients]:
    async with open_caller_clients(api) as opened:
        yield opened


def whole(customer: str) -> dict[str, Any]:
    target = {"kind": "imap", "host": "mail.example.com"}
    return {"name": "M", "customerId": CUSTOMERS[customer], "target": target}


def parameters(clients: CallerClients, caller: str, customer: str) -> dict[str, Any]:
    if not RIGHTS[caller].all_organizations:
        return {}
    return {"organizationId": clients.organizations["Strange" if customer == "strange" else "Ours"]}


@pytest.mark.parametrize("by_key", [False, True])
@pytest.mark.parametrize("customer", ["own", "other", "strange"])
@pytest.mark.parametrize("caller", SAMPLE)
async def test_one_monitor(clients: CallerClients, caller: str, customer: str, by_key: bool) -> None:
    rights = RIGHTS[caller]
    for action, method, body, status in ON_ONE:
        key = f"shop/{uuid4().hex}"
        organization = parameters(clients, "global admin", customer)
        made = await clients.request("global admin", "PUT", f"{PATH}/by-key/{key}", whole(customer), **organization)
        assert made.status_code == 201, made.text
        if by_key and method == "PATCH":
            continue
        path = f"{PATH}/by-key/{key}" if by_key else f"{PATH}/{made.json()['id']}"
        sent = whole(customer) if body == "whole" else body
        answer = await clients.request(caller, method, path, sent, **parameters(clients, caller, customer))
        if customer == "strange" and not rights.all_organizations:
            # A key of another organization is free in this one, so PUT would create a monitor there.
            hidden = 400 if by_key and method == "PUT" else 404
            expected = 403 if method == "DELETE" and action not in rights.actions else hidden
            assert answer.status_code == expected, (method, answer.text)
            assert made.json()["id"] not in answer.text
        elif action in rights.actions and customer in rights.customers:
            assert answer.status_code == status, (method, answer.text)
        else:
            assert answer.status_code == 403, (method, answer.text)


@pytest.mark.parametrize("customer", ["own", "other", "strange"])
@pytest.mark.parametrize("caller", SAMPLE)
async def test_a_new_monitor(clients: CallerClients, caller: str, customer: str) -> None:
    rights = RIGHTS[caller]
    key = f"shop/{uuid4().hex}"
    for method, path in (("POST", PATH), ("PUT", f"{PATH}/by-key/{key}")):
        answer = await clients.request(caller, method, path, whole(customer), **parameters(clients, caller, customer))
        if "create" in rights.actions and customer in rights.customers:
            assert answer.status_code == 201, answer.text
        elif customer == "strange" and "create" in rights.actions:
            assert answer.status_code == 400, answer.text
        else:
            assert answer.status_code in {403, 400}, answer.text
            assert answer.status_code == 403 or customer == "strange"
