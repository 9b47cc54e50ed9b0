"""`/api/v1/saved-filters`: filters of the overview under a name, for one person or for the organization."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from controller.model import Role
from controller.store.overview.saved_filters import MOST
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, STRANGE_CUSTOMER, Api, client_of
from tests.integration.api.people import organization_of, person

PATH = "/api/v1/saved-filters"
DOWN = {"name": "Down", "query": "state=down"}


@asynccontextmanager
async def as_somebody(api: Api, role: Role = Role.USER, **limits: Any) -> AsyncIterator[httpx.AsyncClient]:
    who = await person(api, role, organization=await organization_of(api, "Ours"), **limits)
    async with client_of(api.application) as client:
        client.headers.update(who.headers)
        yield client


@pytest.fixture(autouse=True)
async def _no_filters(api: Api) -> None:
    await api.value("DELETE FROM saved_filter")


async def names(client: httpx.AsyncClient) -> list[str]:
    return [item["name"] for item in (await client.get(PATH)).json()["items"]]


async def test_a_filter_is_kept_as_the_overview_writes_it(api: Api) -> None:
    async with as_somebody(api) as client:
        answer = await client.post(PATH, json={"name": " Down ", "query": "?page=3&kind=&state=partial&state=down"})
        assert answer.status_code == 201, answer.text
        made = answer.json()
        assert (made["name"], made["query"], made["shared"]) == ("Down", "state=down,partial", False)
        read = await client.get(answer.headers["location"])
        assert (read.json(), read.headers["etag"]) == (made, answer.headers["etag"])


async def test_only_shared_ones_are_seen_by_others(api: Api) -> None:
    async with as_somebody(api) as mine, as_somebody(api, Role.READONLY, customers=[api.customer]) as other:
        own = (await mine.post(PATH, json=DOWN)).json()
        await mine.post(PATH, json={"name": "Everybody's", "query": "q=mail", "shared": True})
        assert await names(mine) == ["Down", "Everybody's"]
        assert await names(other) == ["Everybody's"]
        for method in ("GET", "DELETE"):
            assert (await other.request(method, f"{PATH}/{own['id']}")).status_code == 404


async def test_one_that_names_a_customer_is_not_shown_to_those_who_may_not_see_it(api: Api) -> None:
    async with as_somebody(api) as mine, as_somebody(api, customers=[api.customer]) as other:
        for name, customer in (("Own", CUSTOMER), ("Other", OTHER_CUSTOMER)):
            body = {"name": name, "query": f"customer={customer}", "shared": True}
            assert (await mine.post(PATH, json=body)).status_code == 201
        assert await names(other) == ["Own"]
        refused = await other.post(PATH, json={"name": "N", "query": f"customer={OTHER_CUSTOMER}"})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "query")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"query": "state=broken"}, "query"),
        ({"query": "colour=red"}, "query"),
        ({"query": "page=2"}, "query"),
        ({"query": f"customer={STRANGE_CUSTOMER}"}, "query"),
    ],
)
async def test_what_the_overview_would_refuse_is_refused(api: Api, change: dict[str, str], field: str) -> None:
    async with as_somebody(api) as client:
        made = (await client.post(PATH, json=DOWN)).json()
        for answer in (
            await client.post(PATH, json={"name": "N", "query": "q=a", **change}),
            await client.patch(f"{PATH}/{made['id']}", json=change),
        ):
            assert answer.status_code == 400, answer.text
            assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_a_name_is_there_once_for_each_owner(api: Api) -> None:
    async with as_somebody(api) as mine, as_somebody(api) as other:
        assert (await mine.post(PATH, json=DOWN)).status_code == 201
        again = await mine.post(PATH, json=DOWN | {"name": "DOWN"})
        assert again.json()["errors"] == [
            {
                "field": "name",
                "rule": "is that of another saved filter",
                "message": again.json()["errors"][0]["message"],
            }
        ]
        assert (await other.post(PATH, json=DOWN)).status_code == 201
        assert (await other.post(PATH, json=DOWN | {"shared": True})).status_code == 201


async def test_there_is_a_limit_for_each_owner(api: Api) -> None:
    async with as_somebody(api) as client:
        for number in range(MOST):
            assert (await client.post(PATH, json={"name": f"F{number}", "query": "q=a"})).status_code == 201
        refused = await client.post(PATH, json=DOWN)
        assert (refused.status_code, f"there are {MOST}" in refused.text) == (400, True)
        assert (await client.post(PATH, json=DOWN | {"shared": True})).status_code == 201


async def test_sharing_moves_it_to_the_organization_and_back(api: Api) -> None:
    async with as_somebody(api) as mine, as_somebody(api, Role.EDITOR) as other:
        made = (await mine.post(PATH, json=DOWN)).json()
        one = f"{PATH}/{made['id']}"
        assert (await mine.patch(one, json={"shared": True})).json()["shared"] is True
        taken = await other.patch(one, json={"shared": False, "name": "Mine now"})
        assert (taken.status_code, await names(mine), await names(other)) == (200, [], ["Mine now"])


async def test_a_change_made_for_an_earlier_state_is_refused(api: Api) -> None:
    async with as_somebody(api) as client:
        made = await client.post(PATH, json=DOWN)
        one, earlier = made.headers["location"], {"If-Match": made.headers["etag"]}
        assert (await client.patch(one, json={"name": "Other"}, headers=earlier)).status_code == 200
        for method, body in (("PATCH", {"name": "Third"}), ("DELETE", None)):
            assert (await client.request(method, one, json=body, headers=earlier)).status_code == 412
        assert (await client.delete(one)).status_code == 204
        assert await names(client) == []


async def test_they_go_with_their_person(api: Api) -> None:
    async with as_somebody(api) as client:
        await client.post(PATH, json=DOWN)
        await client.post(PATH, json=DOWN | {"shared": True})
        await api.value("DELETE FROM account WHERE id = (SELECT account_id FROM saved_filter WHERE account_id > 0)")
    assert await api.value("SELECT array_agg(account_id) FROM saved_filter") == [None]
