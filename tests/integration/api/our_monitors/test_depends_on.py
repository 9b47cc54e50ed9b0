"""`dependsOn` as a field of monitors in our own API."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from controller.model import Role
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, Api, client_of
from tests.integration.api.our_monitors.asking import body
from tests.integration.api.people import organization_of, person

MONITORS = "/api/v1/monitors"


async def made(api: Api, **fields: Any) -> Any:
    answer = await api.client.post(MONITORS, json=body(**fields))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def patched(api: Api, monitor: str, **fields: Any) -> httpx.Response:
    return await api.client.patch(f"{MONITORS}/{monitor}", json=fields)


async def recorded(api: Api, monitor: str) -> list[Any]:
    """What the audit log says of it, newest first."""
    found = await api.client.get("/api/v1/audit", params={"objectId": monitor})
    assert found.status_code == 200, found.text
    return [one["after"]["dependsOn"] for one in found.json()["items"] if "dependsOn" in (one["after"] or {})]


async def test_a_new_monitor_names_those_it_depends_on(api: Api) -> None:
    router = await made(api, name="Router")
    mail = await made(api, dependsOn=[router["id"]])
    assert mail["dependsOn"] == [router["id"]]
    read = await api.client.get(f"{MONITORS}/{mail['id']}")
    assert read.json()["dependsOn"] == [router["id"]]
    assert read.json()["updatedAt"] == mail["updatedAt"]
    listed = (await api.client.get(f"{MONITORS}?sort=-createdAt&limit=2")).json()["items"]
    assert {one["name"]: one["dependsOn"] for one in listed} == {"Router": [], "Mail": [router["id"]]}
    below = (await api.client.get(f"{MONITORS}/{router['id']}/dependencies")).json()
    assert below["children"] == [{"id": mail["id"], "name": "Mail"}]


async def test_a_patch_and_a_replacement_set_it(api: Api) -> None:
    router, switch, mail = [await made(api, name=name) for name in ("Router", "Switch", "Mail")]
    both = [router["id"], switch["id"]]
    assert (await patched(api, mail["id"], dependsOn=both)).json()["dependsOn"] == both
    assert (await patched(api, mail["id"], name="Mail in")).json()["dependsOn"] == both
    path = f"{MONITORS}/{mail['id']}"
    assert (await api.client.put(path, json=body(dependsOn=both[1:]))).json()["dependsOn"] == both[1:]
    assert (await api.client.put(path, json=body())).json()["dependsOn"] == []
    await patched(api, mail["id"], dependsOn=both)
    assert (await patched(api, mail["id"], dependsOn=None)).json()["dependsOn"] == []


async def test_a_monitor_by_key_has_it_too(api: Api) -> None:
    router = await made(api, name="Router")
    path = f"{MONITORS}/by-key/shop/mail"
    new = await api.client.put(path, json=body(dependsOn=[router["id"]]))
    assert (new.status_code, new.json()["dependsOn"]) == (201, [router["id"]])
    again = await api.client.put(path, json=body(dependsOn=[router["id"]]))
    assert (again.status_code, again.headers["etag"]) == (200, new.headers["etag"])
    assert (await api.client.put(path, json=body())).json()["dependsOn"] == []


async def test_it_is_in_the_etag(api: Api) -> None:
    router, mail = await made(api, name="Router"), await made(api)
    path = f"{MONITORS}/{mail['id']}"
    tag = (await api.client.get(path)).headers["etag"]
    changed = await api.client.patch(path, json={"dependsOn": [router["id"]]}, headers={"If-Match": tag})
    assert changed.status_code == 200
    assert (await api.client.get(path)).headers["etag"] == changed.headers["etag"] != tag
    lost = await api.client.patch(path, json={"dependsOn": []}, headers={"If-Match": tag})
    assert lost.status_code == 412
    other = await api.client.put(f"{path}/dependencies", json={"dependsOn": []})
    assert other.status_code == 200
    assert (await api.client.patch(path, json={"name": "x"}, headers={"If-Match": tag})).status_code == 412


async def test_of_two_changes_from_one_version_one_is_refused(api: Api) -> None:
    router, switch, mail = [await made(api, name=name) for name in ("Router", "Switch", "Mail")]
    path = f"{MONITORS}/{mail['id']}"
    tag = (await api.client.get(path)).headers["etag"]
    answers = await asyncio.gather(
        *(
            api.client.patch(path, json={"dependsOn": [one["id"]]}, headers={"If-Match": tag})
            for one in (router, switch)
        )
    )
    assert sorted(one.status_code for one in answers) == [200, 412]


@pytest.mark.parametrize(
    ("parents", "rule"),
    [
        pytest.param("itself", "must name other monitors", id="itself"),
        pytest.param("child", "must not make a circle", id="one that depends on it"),
        pytest.param("unknown", "is unknown", id="one that there is not"),
        pytest.param("stranger", "is unknown", id="one of another organization"),
        pytest.param("too many", "at most 10", id="more than ten"),
        pytest.param("no id", "must", id="no id"),
    ],
)
async def test_what_cannot_be_a_parent_is_refused_and_nothing_changes(api: Api, parents: str, rule: str) -> None:
    mail = await made(api)
    child = await made(api, name="Child", dependsOn=[mail["id"]])
    stranger = await api.value(
        "INSERT INTO monitor (organization_id, customer_id, kind, name, hostname, status, interval_seconds,"
        " timeout_seconds, config)"
        " SELECT organization_id, id, 'smtp', 'Theirs', 'mx.example.org', 'active', 60, 30, '{}'"
        " FROM customer WHERE organization_id <> (SELECT organization_id FROM customer WHERE public_id = $1) LIMIT 1"
        " RETURNING public_id",
        CUSTOMER,
    )
    given = {
        "itself": [mail["id"]],
        "child": [child["id"]],
        "unknown": [str(uuid4())],
        "stranger": [str(stranger)],
        "too many": [str(uuid4()) for _ in range(11)],
        "no id": ["mail"],
    }[parents]
    refused = await patched(api, mail["id"], name="Another name", dependsOn=given)
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["field"].startswith("dependsOn")
    assert rule in refused.json()["errors"][0]["rule"]
    assert (await api.client.get(f"{MONITORS}/{mail['id']}")).json()["name"] == "Mail"
    if parents in ("unknown", "stranger", "too many"):
        new = await api.client.post(MONITORS, json=body(name="New one", dependsOn=given))
        assert (new.status_code, new.json()["errors"][0]["field"]) == (400, "dependsOn")
        assert (await api.client.get(f"{MONITORS}?q=New one")).json()["items"] == []


async def test_a_change_is_recorded_by_names_once(api: Api) -> None:
    router = await made(api, name="Router")
    mail = await made(api, dependsOn=[router["id"]])
    await patched(api, mail["id"], dependsOn=[router["id"]])
    await patched(api, mail["id"], dependsOn=[])
    assert await recorded(api, mail["id"]) == [[], ["Router"]]


async def test_who_may_not_see_a_parent_neither_reads_nor_removes_it(api: Api) -> None:
    hidden = await made(api, name="Hidden", customerId=OTHER_CUSTOMER)
    mail = await made(api, dependsOn=[hidden["id"]])
    path = f"{MONITORS}/{mail['id']}"
    someone = await person(api, Role.EDITOR, organization=await organization_of(api, "Ours"), customers=[api.customer])
    async with client_of(api.application) as client:
        client.headers.update(someone.headers)
        assert (await client.get(path)).json()["dependsOn"] == []
        listed = (await client.get(f"{MONITORS}?sort=-createdAt")).json()["items"]
        assert (listed[0]["id"], listed[0]["dependsOn"]) == (mail["id"], [])
        assert (await client.patch(path, json={"dependsOn": [hidden["id"]]})).status_code == 400
        assert (await client.put(path, json=body())).json()["dependsOn"] == []
    assert (await api.client.get(path)).json()["dependsOn"] == [hidden["id"]]


async def test_a_reader_who_may_change_the_status_may_not_change_it(api: Api) -> None:
    mail = await made(api)
    someone = await person(
        api, Role.READONLY, organization=await organization_of(api, "Ours"), customers=[api.customer]
    )
    async with client_of(api.application) as client:
        client.headers.update(someone.headers)
        path = f"{MONITORS}/{mail['id']}"
        assert (await client.patch(path, json={"enabled": False})).status_code == 200
        assert (await client.patch(path, json={"dependsOn": []})).status_code == 403
