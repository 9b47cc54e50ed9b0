"""What our own API creates, reads, changes and deletes, and what it refuses."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from controller.api.v1.monitors.bodies import MonitorCreation, MonitorPatch, MonitorReplacement
from controller.model import Role
from tests.integration.api.conftest import OTHER_CUSTOMER, Api, client_of
from tests.integration.api.our_monitors.asking import PATH, body, create, problems
from tests.integration.api.outages import make_locations
from tests.integration.api.people import organization_of, person


async def test_what_is_left_out_has_its_default(api: Api) -> None:
    made = await create(api)
    expected: dict[str, Any] = {
        "kind": "smtp",
        "project": None,
        "externalKey": None,
        "enabled": True,
        "inMaintenance": False,
        "interval": 1800,
        "timeout": 30,
        "countries": None,
        "locations": None,
        "homeLocation": None,
        "rotateLocations": False,
        "locationsPerRound": 1,
        "retryOnFailure": False,
        "notifyOnError": True,
        "notificationEmail": None,
        "notificationPhone": None,
        "notes": None,
        "labels": {},
        "state": "unknown",
        "lastCheckedAt": None,
    }
    assert {name: made[name] for name in expected} == expected


async def test_every_field_is_kept_by_a_patch_and_reset_by_a_put(api: Api) -> None:
    await make_locations(api)
    fields: dict[str, Any] = {
        "project": "shop",
        "externalKey": uuid4().hex,
        "inMaintenance": True,
        "interval": 120,
        "timeout": 100,
        "countries": ["DE"],
        "locations": ["de-nbg", "fi-hel"],
        "homeLocation": "fi-hel",
        "rotateLocations": True,
        "locationsPerRound": 2,
        "retryOnFailure": True,
        "notifyOnError": False,
        "notificationEmail": "post@example.com",
        "notificationPhone": "+4930123456",
        "notes": "one\ntwo",
        "labels": {"team": "post", "critical": ""},
    }
    made = await create(api, **fields)
    assert {name: made[name] for name in fields} == fields
    assert made["state"] == "maintenance"
    path = f"{PATH}/{made['id']}"
    patch = {"labels": {"critical": None, "new": "1"}, "notes": None, "interval": None, "locations": None}
    patched = (await api.client.patch(path, json=patch)).json()
    expected = {"labels": {"team": "post", "new": "1"}, "notes": None, "interval": 1800, "locations": None}
    assert {name: patched[name] for name in fields} == fields | expected
    replaced = await api.client.put(path, json=body())
    plain = await create(api)
    differ = {"id", "createdAt", "updatedAt"}
    assert {name: value for name, value in replaced.json().items() if name not in differ} == {
        name: value for name, value in plain.items() if name not in differ
    }


@pytest.mark.parametrize(
    ("status", "change", "after"),
    [
        ({}, {"enabled": False}, "disabled"),
        ({"enabled": False}, {"enabled": True}, "unknown"),
        ({"inMaintenance": True}, {"enabled": True}, "maintenance"),
        ({"inMaintenance": True}, {"enabled": False}, "disabled"),
        ({"inMaintenance": True}, {"inMaintenance": None}, "unknown"),
        ({"enabled": False}, {"enabled": True, "inMaintenance": True}, "maintenance"),
        ({"enabled": False}, {"inMaintenance": True}, None),
    ],
)
async def test_enabled_and_in_maintenance(
    api: Api, status: dict[str, Any], change: dict[str, Any], after: str | None
) -> None:
    made = await create(api, **status)
    answer = await api.client.patch(f"{PATH}/{made['id']}", json=change)
    if after is None:
        assert list(problems(answer)) == ["inMaintenance"]
    else:
        assert answer.json()["state"] == after


async def test_all_mistakes_are_named_at_once_as_the_caller_names_them(api: Api) -> None:
    types = body(
        interval=5,
        project="a b",
        countries=["XX"],
        notificationEmail="nobody",
        target={"host": "http://x"},
    )
    both = {"interval", "project", "countries", "notificationEmail", "target.host"}
    assert set(problems(await api.client.post(PATH, json=types))) == both
    one = f"{PATH}/{(await create(api))['id']}"
    patch = {name: value for name, value in types.items() if name in both} | {"target": {"host": "http://x", "port": 0}}
    assert set(problems(await api.client.patch(one, json=patch))) == both | {"target.port"}
    types = body(interval=5, labels=7, target={"port": 0, "tls": "yes", "sslOnly": True, "login": {"password": ""}})
    assert set(problems(await api.client.post(PATH, json=types))) == {
        "interval",
        "labels",
        "target.port",
        "target.tls",
        "target.sslOnly",
        "target.login.user",
        "target.login.password",
    }
    rules = body(
        name="\x07",
        interval=10,
        timeout=20,
        enabled=False,
        inMaintenance=True,
        countries=["XX"],
        locations=["nowhere"],
        project="a b",
        externalKey="c",
        notificationEmail="nobody",
        notificationPhone="110",
        target={"host": "http://x", "mailFrom": "nobody"},
    )
    assert set(problems(await api.client.post(PATH, json=rules))) == {
        "name",
        "timeout",
        "inMaintenance",
        "countries",
        "locations",
        "project",
        "notificationEmail",
        "notificationPhone",
        "target.host",
    }
    made = await create(api)
    changes = {"timeout": 2000, "target": {"mailFrom": "nobody"}, "customerId": OTHER_CUSTOMER, "homeLocation": "x"}
    refused = await api.client.patch(f"{PATH}/{made['id']}", json=changes)
    assert set(problems(refused)) == {"timeout"}
    refused = await api.client.patch(f"{PATH}/{made['id']}", json=changes | {"timeout": 200})
    assert set(problems(refused)) == {"target.mailFrom", "customerId", "homeLocation"}
    assert (await api.client.get(f"{PATH}/{made['id']}")).json() == made


@pytest.mark.parametrize("field", ["name", "target", "customerId"])
async def test_what_is_required_cannot_be_removed(api: Api, field: str) -> None:
    made = await create(api)
    assert problems(await api.client.patch(f"{PATH}/{made['id']}", json={field: None})) == {field: "is required"}
    assert field in problems(await api.client.post(PATH, json=body() | {field: None}))


async def test_the_examples_are_accepted(api: Api) -> None:
    made = await api.client.post(PATH, json=MonitorCreation.EXAMPLE)
    assert made.status_code == 201, made.text
    path = f"{PATH}/{made.json()['id']}"
    assert (await api.client.put(path, json=MonitorReplacement.EXAMPLE)).status_code == 200
    headers = {"Content-Type": "application/merge-patch+json"}
    patched = await api.client.patch(path, json=MonitorPatch.EXAMPLE, headers=headers)
    assert patched.json()["labels"] == {"team": "mail"}


async def test_a_change_is_refused_when_it_was_made_for_another_state(api: Api) -> None:
    made = await create(api)
    path = f"{PATH}/{made['id']}"
    etag = (await api.client.get(path)).headers["etag"]
    assert (await api.client.get(path, headers={"If-None-Match": etag})).status_code == 304
    changed = await api.client.patch(path, json={"name": "Renamed"}, headers={"If-Match": etag})
    assert changed.headers["etag"] != etag
    for method, sent in (("PATCH", {"name": "Lost"}), ("PUT", body()), ("DELETE", None)):
        lost = await api.client.request(method, path, json=sent, headers={"If-Match": etag})
        assert lost.status_code == 412
        assert lost.json()["current"]["name"] == "Renamed"
        assert lost.headers["etag"] == changed.headers["etag"]
    current = {"If-Match": changed.headers["etag"]}
    assert (await api.client.delete(path, headers=current)).status_code == 204
    assert (await api.client.get(path)).status_code == 404


async def test_readers_change_the_status_and_nothing_else(api: Api) -> None:
    made = await create(api)
    ours = await organization_of(api, "Ours")
    reader = await person(api, Role.READONLY, organization=ours, customers=[api.customer])
    path = f"{PATH}/{made['id']}"
    async with client_of(api.application) as client:
        client.headers.update({**reader.headers, "Origin": "http://mailprobe.test"})
        answer = await client.patch(path, json={"inMaintenance": True})
        assert answer.status_code == 200, answer.text
        assert answer.json()["state"] == "maintenance"
        changes: list[dict[str, Any]] = [{"enabled": False, "name": "x"}, {"notes": None}, {"target": {}}]
        for change in changes:
            assert (await client.patch(path, json=change)).status_code == 403
        assert (await client.put(path, json=body())).status_code == 403
        assert (await client.delete(path)).status_code == 403


async def test_what_our_api_makes_the_vendors_groups_show(api: Api) -> None:
    made = await create(api, "pop3", target={"tls": "implicit"}, interval=60)
    shown = (await api.client.get(f"/api/imap-pop-monitors/{made['id']}")).json()
    assert (shown["hostname"], shown["checkIntervalSeconds"]) == ("pop.example.com", 60)
    assert shown["imapPopConfig"] == {"protocol": "pop3", "tls": True}
