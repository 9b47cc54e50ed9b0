"""Moments that not every clock can show are refused by name."""

from __future__ import annotations

from uuid import uuid4

import pytest

from controller.model import Role
from tests.integration.api.conftest import Api, client_of
from tests.integration.api.people import organization_of, person

ROTAS = "/api/v1/rotas"


@pytest.mark.parametrize("at", ["9999-12-31T00:00:00Z", "0001-01-01T00:00:00Z", "1999-12-31T23:59:59Z"])
async def test_a_moment_at_an_edge_of_the_calendar_is_refused(api: Api, at: str) -> None:
    who = await person(api, Role.ADMIN, organization=await organization_of(api, "Ours"))
    async with client_of(api.application) as client:
        client.headers.update(who.headers)
        rota = (await client.post(ROTAS, json={"name": uuid4().hex})).json()["id"]
        answer = await client.get(f"{ROTAS}/{rota}/on-call", params={"at": at})
        assert answer.status_code == 400, answer.text
        assert [one["message"] for one in answer.json()["errors"]] == ["at must be between 2000 and 2100"]


@pytest.mark.parametrize(
    ("since", "until", "field"),
    [
        ("2099-12-31T00:00:00Z", "9999-12-31T23:59:59-05:00", "to"),
        ("0001-01-01T00:00:00+05:00", "2099-12-31T00:00:00Z", "from"),
    ],
)
async def test_an_override_at_an_edge_of_the_calendar_is_refused(api: Api, since: str, until: str, field: str) -> None:
    who = await person(api, Role.ADMIN, organization=await organization_of(api, "Ours"))
    async with client_of(api.application) as client:
        client.headers.update(who.headers)
        rota = (await client.post(ROTAS, json={"name": uuid4().hex})).json()["id"]
        body = {"from": since, "to": until, "person": who.email}
        answer = await client.post(f"{ROTAS}/{rota}/overrides", json=body)
        assert answer.status_code == 400, answer.text
        assert [one["message"] for one in answer.json()["errors"]] == [f"{field} must be between 2000 and 2100"]
