"""Every role and scope on single sign-on: it decides who gets in, so only administrators as people change it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from controller.api.v1.sign_on.schemas import SignOnBody
from tests.integration.api.access.roles import RIGHTS, CallerClients, open_caller_clients
from tests.integration.api.conftest import Api

PATH = "/api/v1/sign-on"
ALLOWED = {"admin", "global admin"}


@pytest.fixture(scope="module")
async def clients(api: Api) -> AsyncIterator[CallerClients]:
    async with open_caller_clients(api) as opened:
        yield opened


@pytest.mark.parametrize("caller", RIGHTS)
async def test_who_may_read_and_change_it(clients: CallerClients, caller: str) -> None:
    api, ours = clients.api, clients.organizations["Ours"]
    params = {"organizationId": ours} if "global" in caller else {}
    changes: tuple[tuple[str, Any, int], ...] = (
        ("PUT", SignOnBody.EXAMPLE, 201),
        ("PUT", SignOnBody.EXAMPLE, 200),
        ("PATCH", {"createUsers": False}, 200),
        ("GET", None, 200),
        ("POST", {"issuer": "http://127.0.0.1:1"}, 200),
        ("DELETE", None, 204),
    )
    for method, body, status in changes:
        path = f"{PATH}/test" if method == "POST" else PATH
        answer = await clients.request(caller, method, path, body, **params)
        assert answer.status_code == (status if caller in ALLOWED else 403), (method, answer.text)
        stored = await api.value("SELECT array_agg(organization_id) FROM sign_on")
        assert stored == ([ours] if caller in ALLOWED and method != "DELETE" else None)


async def test_a_global_admin_must_say_which_organization_is_meant(clients: CallerClients) -> None:
    assert (await clients.request("global admin", "GET", PATH)).status_code == 400
    strange = clients.organizations["Strange"]
    made = await clients.request(
        "global admin", "PUT", PATH, {**SignOnBody.EXAMPLE, "roles": []}, organizationId=strange
    )
    assert made.status_code == 201, made.text
    assert await clients.api.value("SELECT organization_id FROM sign_on") == strange
    assert (await clients.request("admin", "GET", PATH)).status_code == 404
    await clients.api.value("DELETE FROM sign_on")
