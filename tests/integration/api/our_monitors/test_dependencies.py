"""On which others a monitor depends, in our own API."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from controller.model import Role
from tests.integration.api.conftest import OTHER_CUSTOMER, Api, client_of
from tests.integration.api.people import organization_of, person


def path(monitor: str) -> str:
    return f"/api/v1/monitors/{monitor}/dependencies"


async def made(api: Api, **fields: Any) -> str:
    return str((await api.create(**fields))["publicId"])


async def put(api: Api, monitor: str, *parents: str, **headers: str) -> httpx.Response:
    return await api.client.put(path(monitor), json={"dependsOn": parents}, headers=headers)


async def read(api: Api, monitor: str) -> Any:
    return (await api.client.get(path(monitor))).json()


async def test_a_monitor_names_its_parents_and_its_children(api: Api) -> None:
    router, mail = await made(api, name="Router"), await made(api, name="Mail")
    assert await read(api, mail) == {"dependsOn": [], "parents": [], "children": []}
    answer = await put(api, mail, router, router)
    assert answer.status_code == 200
    assert answer.json() == {"dependsOn": [router], "parents": [{"id": router, "name": "Router"}], "children": []}
    assert (await read(api, router))["children"] == [{"id": mail, "name": "Mail"}]
    assert (await put(api, mail)).json()["dependsOn"] == []


async def test_a_circle_is_refused_with_the_monitor_that_closes_it(api: Api) -> None:
    first, second, third = [await made(api) for _ in range(3)]
    await put(api, second, first)
    await put(api, third, second)
    answer = await put(api, first, third)
    assert answer.status_code == 400
    assert "dependsOn must not make a circle" in answer.text
    assert third in answer.text
    assert (await read(api, first))["dependsOn"] == []


async def test_two_changes_at_once_make_no_circle(api: Api) -> None:
    for _ in range(5):
        one, other = await made(api), await made(api)
        answers = await asyncio.gather(put(api, one, other), put(api, other, one))
        assert sorted(answer.status_code for answer in answers) == [200, 400]


@pytest.mark.parametrize(
    ("parents", "rule"),
    [
        pytest.param("itself", "must name other monitors", id="itself"),
        pytest.param("unknown", "is unknown", id="one that there is not"),
        pytest.param("too many", "at most 10", id="more than ten"),
    ],
)
async def test_what_cannot_be_a_parent_is_refused(api: Api, parents: str, rule: str) -> None:
    mine = await made(api)
    given = {"itself": [mine], "unknown": [str(uuid4())], "too many": [str(uuid4()) for _ in range(11)]}[parents]
    answer = await put(api, mine, *given)
    assert answer.status_code == 400
    assert "dependsOn" in answer.text
    assert rule in answer.text


async def test_an_old_version_is_not_overwritten(api: Api) -> None:
    mine, parent = await made(api), await made(api)
    tag = (await api.client.get(path(mine))).headers["etag"]
    assert (await put(api, mine, parent, **{"If-Match": tag})).status_code == 200
    assert (await put(api, mine, **{"If-Match": tag})).status_code == 412
    assert (await read(api, mine))["dependsOn"] == [parent]


async def test_who_may_not_see_a_parent_neither_names_nor_removes_it(api: Api) -> None:
    mine, hidden = await made(api), await made(api, customerId=OTHER_CUSTOMER)
    await put(api, mine, hidden)
    someone = await person(api, Role.EDITOR, organization=await organization_of(api, "Ours"), customers=[api.customer])
    async with client_of(api.application) as client:
        client.headers.update(someone.headers)
        assert (await client.get(path(mine))).json()["dependsOn"] == []
        refused = await client.put(path(mine), json={"dependsOn": [hidden]})
        assert (refused.status_code, "is unknown" in refused.text) == (400, True)
        assert (await client.put(path(mine), json={"dependsOn": []})).json()["dependsOn"] == []
    assert (await read(api, mine))["dependsOn"] == [hidden]
