"""`dependsOn` in `POST /api/v1/monitors/bulk`."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

from controller.model import Role
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, Api, client_of
from tests.integration.api.our_monitors.asking import body
from tests.integration.api.people import organization_of, person

MONITORS = "/api/v1/monitors"


async def made(api: Api, *names: str, **fields: Any) -> list[str]:
    """Ids of new monitors."""
    ids = []
    for name in names:
        answer = await api.client.post(MONITORS, json=body(name=name, **fields))
        assert answer.status_code == 201, answer.text
        ids.append(answer.json()["id"])
    return ids


async def bulk(client: httpx.AsyncClient, ids: list[str], change: dict[str, Any], **more: Any) -> httpx.Response:
    return await client.post(f"{MONITORS}/bulk", json={"ids": ids, "change": change, **more})


async def parents(api: Api, monitor: str) -> list[str]:
    found: list[str] = (await api.client.get(f"{MONITORS}/{monitor}")).json()["dependsOn"]
    return found


async def test_all_of_them_depend_on_the_same_ones_and_each_change_is_recorded_once(api: Api) -> None:
    router, switch, first, second = await made(api, "Router", "Switch", "First", "Second")
    await api.client.patch(f"{MONITORS}/{first}", json={"dependsOn": [router]})
    tag = (await api.client.get(f"{MONITORS}/{second}")).headers["etag"]
    answer = await bulk(api.client, [first, second], {"dependsOn": [router], "enabled": True})
    assert answer.status_code == 200, answer.text
    assert {one["name"]: one["changed"] for one in answer.json()["items"]} == {"First": False, "Second": True}
    assert [await parents(api, one) for one in (first, second)] == [[router], [router]]
    lost = await api.client.patch(f"{MONITORS}/{second}", json={"name": "x"}, headers={"If-Match": tag})
    assert lost.status_code == 412
    await bulk(api.client, [first, second], {"dependsOn": [switch, router, switch], "enabled": False})
    assert [await parents(api, one) for one in (first, second)] == [[router, switch], [router, switch]]
    entry = (await api.client.get("/api/v1/audit", params={"objectId": second})).json()["items"][0]
    assert (entry["before"], entry["after"]) == (
        {"dependsOn": ["Router"], "status": "active"},
        {"dependsOn": ["Router", "Switch"], "status": "disabled"},
    )
    await bulk(api.client, [first, second], {"dependsOn": None})
    assert [await parents(api, one) for one in (first, second)] == [[], []]


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        pytest.param("one of them", "is this one", id="one of them"),
        pytest.param("child of one", "depends on this monitor", id="one that depends on one of them"),
        pytest.param("child of a child", "depends on this monitor", id="one that depends on one of them by another"),
    ],
)
async def test_what_would_close_a_circle_keeps_all_from_changing(api: Api, given: str, rule: str) -> None:
    router, first, second, child, below = await made(api, "Router", "First", "Second", "Child", "Below")
    await api.client.patch(f"{MONITORS}/{first}", json={"dependsOn": [router]})
    await api.client.patch(f"{MONITORS}/{child}", json={"dependsOn": [first]})
    await api.client.patch(f"{MONITORS}/{below}", json={"dependsOn": [child]})
    parent = {"one of them": first, "child of one": child, "child of a child": below}[given]
    refused = await bulk(api.client, [first, second], {"dependsOn": [parent]})
    assert refused.status_code == 400
    assert [one["field"] for one in refused.json()["errors"]] == [f"monitors.{first}.dependsOn"]
    assert rule in refused.json()["errors"][0]["rule"]
    assert [await parents(api, one) for one in (first, second)] == [[router], []]
    trial = await bulk(api.client, [first, second], {"dependsOn": [parent]}, dryRun=True)
    assert [(one["id"], one["field"]) for one in trial.json()["errors"]] == [(first, "dependsOn")]
    assert (trial.json()["changed"], await parents(api, second)) == (1, [])


async def test_a_circle_that_the_change_itself_opens_is_none(api: Api) -> None:
    router, first, second = await made(api, "Router", "First", "Second")
    await api.client.patch(f"{MONITORS}/{first}", json={"dependsOn": [second]})
    await api.client.patch(f"{MONITORS}/{router}", json={"dependsOn": [first]})
    refused = await bulk(api.client, [first, second], {"dependsOn": [router]})
    assert [one["field"] for one in refused.json()["errors"]] == [f"monitors.{first}.dependsOn"]
    await api.client.patch(f"{MONITORS}/{router}", json={"dependsOn": []})
    assert (await bulk(api.client, [first, second], {"dependsOn": [router]})).status_code == 200
    assert await parents(api, first) == [router]


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        pytest.param("unknown", "is unknown", id="one that there is not"),
        pytest.param("stranger", "is unknown", id="one of another organization"),
        pytest.param("too many", "at most 10", id="more than ten"),
    ],
)
async def test_what_no_monitor_could_depend_on_is_refused(api: Api, given: str, rule: str) -> None:
    ids = await made(api, "First", "Second")
    stranger = await api.value(
        "INSERT INTO monitor (organization_id, customer_id, kind, name, hostname, status, interval_seconds,"
        " timeout_seconds, config)"
        " SELECT organization_id, id, 'smtp', 'Theirs', 'mx.example.org', 'active', 60, 30, '{}'"
        " FROM customer WHERE organization_id <> (SELECT organization_id FROM customer WHERE public_id = $1) LIMIT 1"
        " RETURNING public_id",
        CUSTOMER,
    )
    named = {"unknown": [uuid4()], "stranger": [stranger], "too many": [uuid4() for _ in range(11)]}[given]
    refused = await bulk(api.client, ids, {"dependsOn": [str(one) for one in named], "enabled": False})
    assert refused.status_code == 400
    assert [one["field"] for one in refused.json()["errors"]] == ["change.dependsOn"]
    assert rule in refused.json()["errors"][0]["rule"]
    assert (await api.client.get(f"{MONITORS}/{ids[0]}")).json()["enabled"] is True


async def test_who_may_not_see_a_parent_neither_names_nor_removes_it(api: Api) -> None:
    [hidden] = await made(api, "Hidden", customerId=OTHER_CUSTOMER)
    router, *ids = await made(api, "Router", "First", "Second")
    await api.client.patch(f"{MONITORS}/{ids[0]}", json={"dependsOn": [hidden]})
    ours = await organization_of(api, "Ours")
    editor = await person(api, Role.EDITOR, organization=ours, customers=[api.customer])
    reader = await person(api, Role.READONLY, organization=ours, customers=[api.customer])
    async with client_of(api.application) as client:
        client.headers.update(editor.headers)
        assert (await bulk(client, ids, {"dependsOn": [hidden]})).status_code == 400
        assert (await bulk(client, ids, {"dependsOn": []})).json()["changed"] == 0
        assert (await bulk(client, ids, {"dependsOn": [router]})).json()["changed"] == 2
    async with client_of(api.application) as client:
        client.headers.update(reader.headers)
        assert (await bulk(client, ids, {"dependsOn": []})).status_code == 403
    assert [await parents(api, one) for one in ids] == [[hidden, router], [router]]
