"""Programs create, replace, read and delete monitors by their own keys."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from tests.integration.api.conftest import STRANGE_CUSTOMER, Api
from tests.integration.api.our_monitors.asking import PATH, SECRET, body, config_of, create, problems


def path_of(key: str, project: str = "shop") -> str:
    return f"{PATH}/by-key/{project}/{key}"


async def test_put_creates_and_then_replaces(api: Api) -> None:
    key = uuid4().hex
    first = await api.client.put(path_of(key), json=body(target={"login": {"user": "u", "password": SECRET}}))
    assert first.status_code == 201, first.text
    made = first.json()
    assert (made["project"], made["externalKey"]) == ("shop", key)
    assert first.headers["location"] == f"{PATH}/{made['id']}"
    again = await api.client.put(path_of(key), json=body(interval=600))
    assert again.status_code == 200
    assert (again.json()["id"], again.json()["interval"]) == (made["id"], 600)
    assert (await config_of(api, made))["auth"] == {"user": "u", "pass": SECRET}
    read = await api.client.get(path_of(key))
    assert read.json() == again.json()
    same = await api.client.put(path_of(key), json=body(interval=600))
    assert (same.json(), same.headers["etag"]) == (read.json(), read.headers["etag"])
    assert (await api.client.put(path_of(key), json=read.json())).json() == read.json()
    assert (await api.client.delete(path_of(key))).status_code == 204
    assert (await api.client.get(path_of(key))).status_code == 404
    assert (await api.client.put(path_of(key), json=body())).json()["id"] != made["id"]


async def test_a_key_is_one_monitors_within_its_project_and_organization(api: Api) -> None:
    key = uuid4().hex
    made = await create(api, project="shop", externalKey=key)
    taken = await api.client.post(PATH, json=body(project="shop", externalKey=key))
    assert taken.status_code == 409
    other = await create(api)
    moved = await api.client.patch(f"{PATH}/{other['id']}", json={"project": "shop", "externalKey": key})
    assert moved.status_code == 409
    assert (await create(api, project="Shop", externalKey=key))["id"] != made["id"]
    headers = {"Authorization": f"Bearer {api.strange_token}"}
    assert (await api.client.get(path_of(key), headers=headers)).status_code == 404
    strange = await api.client.put(path_of(key), json=body(customerId=STRANGE_CUSTOMER), headers=headers)
    assert strange.status_code == 201
    assert (await api.client.get(path_of(key))).json() == made


async def test_of_many_at_once_one_creates(api: Api) -> None:
    key = uuid4().hex
    answers = await asyncio.gather(*(api.client.put(path_of(key), json=body(interval=60 + n)) for n in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1


@pytest.mark.parametrize(("project", "key"), [("a%20b", "c"), ("a", "x" * 101), ("a", "k%3A"), ("é", "k")])
async def test_keys_are_plain(api: Api, project: str, key: str) -> None:
    for method in ("GET", "PUT", "DELETE"):
        sent = body() if method == "PUT" else None
        answer = await api.client.request(method, path_of(key, project), json=sent)
        assert set(problems(answer)) <= {"project", "externalKey"}


async def test_the_body_agrees_with_the_path(api: Api) -> None:
    answer = await api.client.put(path_of("a"), json=body(project="shop", externalKey="b"))
    assert list(problems(answer)) == ["externalKey"]
    half = await api.client.post(PATH, json=body(project="shop"))
    assert list(problems(half)) == ["externalKey"]
    missing = body()
    del missing["customerId"]
    assert problems(await api.client.put(path_of(uuid4().hex), json=missing)) == {"customerId": "is required"}


async def test_a_program_may_only_create_or_only_replace(api: Api) -> None:
    path = path_of(uuid4().hex)
    assert (await api.client.put(path, json=body(), headers={"If-Match": "*"})).status_code == 412
    only_create = {"If-None-Match": "*"}
    made = await api.client.put(path, json=body(), headers=only_create)
    assert made.status_code == 201
    again = await api.client.put(path, json=body(name="Another"), headers=only_create)
    shown = {name: value for name, value in made.json().items() if name != "warnings"}
    assert (again.status_code, again.json()["current"]) == (412, shown)
    assert (await api.client.put(path, json=body(), headers={"If-Match": "*"})).status_code == 200
