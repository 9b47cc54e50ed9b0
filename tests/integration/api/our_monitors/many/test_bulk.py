"""`POST /api/v1/monitors/bulk`: one change of many monitors, all of them or none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from controller.api.v1.monitors.many.bodies import ChangeManyBody
from controller.model import Role
from tests.integration.api.conftest import OTHER_CUSTOMER, Api, client_of
from tests.integration.api.our_monitors.many.herd import PATH, make_herd
from tests.integration.api.people import organization_of, person

BULK = f"{PATH}/bulk"
POST = {"label": ["team:post"]}
"""A filter for alpha (every 300 s) and Beta (every 60 s)."""


@pytest.fixture(autouse=True)
async def ids(api: Api) -> AsyncIterator[dict[str, str]]:
    found = await make_herd(api)
    yield found
    await api.value("UPDATE monitor SET deleted_at = now() WHERE deleted_at IS NULL")


async def bulk(api: Api, body: dict[str, Any], status: int = 200, **more: Any) -> dict[str, Any]:
    answer = await api.client.post(BULK, json=body, **more)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def now(api: Api, field: str) -> dict[str, Any]:
    """A field of all monitors by their names."""
    page = (await api.client.get(PATH, params={"fields": f"name,{field}"})).json()
    return {item["name"]: item[field] for item in page["items"]}


async def entries(api: Api, action: str) -> list[tuple[str, Any, Any]]:
    """Names with before and after."""
    page = (await api.client.get("/api/v1/audit", params={"action": action})).json()
    return [(item["object"]["name"], item["before"], item["after"]) for item in page["items"]]


async def test_what_matches_changes_and_the_rest_stays(api: Api, ids: dict[str, str]) -> None:
    answer = await bulk(api, {"filter": POST, "change": {"interval": 300}})
    assert answer == {
        "matched": 2,
        "changed": 1,
        "dryRun": False,
        "items": [
            {"id": ids["alpha"], "name": "alpha", "changed": False},
            {"id": ids["Beta"], "name": "Beta", "changed": True},
        ],
        "errors": [],
    }
    assert await now(api, "interval") == {
        "alpha": 300,
        "Beta": 300,
        "delta": 900,
        "epsilon": 60,
        "gamma": 60,
        "zeta": 1800,
    }
    assert (await entries(api, "monitor.changed"))[0] == ("Beta", {"intervalSeconds": 60}, {"intervalSeconds": 300})


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        pytest.param(
            {"labels": {"team": None, "new": "x", "critical": "y"}},
            "labels",
            {"alpha": {"critical": "y", "new": "x"}, "gamma": {"critical": "y", "new": "x"}},
            id="labels are merged",
        ),
        pytest.param(
            {"countries": ["de", "FR", "DE"]},
            "countries",
            {"alpha": ["DE", "FR"], "gamma": ["DE", "FR"]},
            id="countries",
        ),
        pytest.param({"countries": []}, "countries", {"alpha": None, "gamma": None}, id="countries of the customer"),
        pytest.param({"enabled": False}, "state", {"alpha": "disabled", "gamma": "disabled"}, id="disabled"),
        pytest.param(
            {"notifyOnError": False}, "notifyOnError", {"alpha": False, "gamma": False}, id="nobody is notified"
        ),
        pytest.param({"inMaintenance": True}, "inMaintenance", {"alpha": True, "gamma": True}, id="in maintenance"),
    ],
)
async def test_each_setting(
    api: Api, ids: dict[str, str], change: dict[str, Any], field: str, expected: dict[str, Any]
) -> None:
    before = await now(api, field)
    await bulk(api, {"ids": [ids["alpha"], ids["gamma"], ids["alpha"]], "change": change})
    assert await now(api, field) == {**before, **expected}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"enabled": True}, {"alpha": "active", "delta": "maintenance", "epsilon": "active"}),
        ({"enabled": False}, {"alpha": "disabled", "delta": "disabled", "epsilon": "disabled"}),
        ({"inMaintenance": True}, {"alpha": "maintenance", "delta": "maintenance", "epsilon": "disabled"}),
        ({"inMaintenance": False}, {"alpha": "active", "delta": "active", "epsilon": "disabled"}),
        ({"enabled": True, "inMaintenance": False}, {"alpha": "active", "delta": "active", "epsilon": "active"}),
    ],
)
async def test_one_that_is_not_enabled_is_never_in_maintenance(
    api: Api, ids: dict[str, str], change: dict[str, Any], expected: dict[str, str]
) -> None:
    begun = "SELECT target_changed_at FROM monitor WHERE public_id = $1::uuid"
    before = {name: await api.value(begun, ids[name]) for name in expected}
    await bulk(api, {"ids": [ids[name] for name in expected], "change": change})
    status = "SELECT set_status(id, status) FROM monitor WHERE public_id = $1::uuid"
    assert {name: await api.value(status, ids[name]) for name in expected} == expected
    after = {name: await api.value(begun, ids[name]) for name in expected}
    begins_anew = {name for name in expected if after[name] != before[name]}
    assert begins_anew == ({"epsilon"} if expected["epsilon"] == "active" else set())


async def test_a_policy_is_set_and_removed(api: Api, ids: dict[str, str]) -> None:
    path = f"/api/smtp-monitors/{ids['alpha']}/policy"
    await bulk(api, {"filter": POST, "change": {"policy": {"quorum": "all", "rechecks": 3}}})
    shown = (await api.client.get(path)).json()
    assert (shown["from"], shown["policy"]["quorum"], shown["policy"]["rechecks"]) == ("monitor", "all", 3)
    assert [name for name, _, _ in (await entries(api, "policy.changed"))[:2]] == ["Beta", "alpha"]
    again = await bulk(api, {"filter": POST, "change": {"policy": {"quorum": "all"}}})
    assert (again["matched"], again["changed"]) == (2, 0)
    await bulk(api, {"filter": POST, "change": {"policy": {"preset": "SLA"}}})
    assert (await api.client.get(path)).json()["preset"] == "SLA"
    await bulk(api, {"filter": POST, "change": {"policy": None}})
    assert (await api.client.get(path)).json()["from"] == "standard"


async def test_all_that_match_are_deleted(api: Api, ids: dict[str, str]) -> None:
    answer = await bulk(api, {"filter": {"q": "gamm"}, "change": {"delete": True}})
    assert (answer["matched"], answer["changed"]) == (1, 1)
    assert "gamma" not in await now(api, "id")
    assert (await api.client.get(f"/api/smtp-monitors/{ids['gamma']}")).status_code == 404
    name, before, after = (await entries(api, "monitor.deleted"))[0]
    assert (name, before["hostname"], after) == ("gamma", "smtp.example.com", None)


async def test_one_that_must_not_change_so_keeps_all_from_changing(api: Api, ids: dict[str, str]) -> None:
    intervals, entered = await now(api, "interval"), await entries(api, "monitor.changed")
    unknown = str(uuid4())
    body = {"ids": [ids["zeta"], unknown, ids["alpha"], ids["Beta"]], "change": {"interval": 15}}
    problem = await bulk(api, body, 400)
    rule = "must not be longer than the interval (15 s)"
    assert {(one["field"], one["rule"]) for one in problem["errors"]} == {
        (f"monitors.{unknown}.id", "must be that of a monitor"),
        (f"monitors.{ids['alpha']}.timeout", rule),
        (f"monitors.{ids['Beta']}.timeout", rule),
        (f"monitors.{ids['zeta']}.timeout", rule),
    }
    trial = await bulk(api, {**body, "dryRun": True})
    assert (trial["matched"], trial["changed"]) == (3, 0)
    assert {(one["id"], one["field"]) for one in trial["errors"]} == {
        (unknown, "id"),
        (ids["alpha"], "timeout"),
        (ids["Beta"], "timeout"),
        (ids["zeta"], "timeout"),
    }
    assert (await now(api, "interval"), await entries(api, "monitor.changed")) == (intervals, entered)


async def test_labels_may_not_become_too_many(api: Api, ids: dict[str, str]) -> None:
    many = {str(number): "" for number in range(31)}
    problem = await bulk(api, {"filter": POST, "change": {"labels": many}}, 400)
    assert [one["field"] for one in problem["errors"]] == [
        f"monitors.{ids['alpha']}.labels",
        f"monitors.{ids['Beta']}.labels",
    ]
    await bulk(api, {"filter": POST, "change": {"labels": {**many, "team": None, "critical": None, "url": None}}})
    assert (await now(api, "labels"))["Beta"] == many


async def test_a_trial_run_says_what_would_be_done(api: Api) -> None:
    before, entered = await now(api, "labels"), await entries(api, "monitor.deleted")
    for change in ({"labels": {"new": "x"}}, {"delete": True}):
        trial = await bulk(api, {"filter": {"kind": ["smtp"]}, "change": change, "dryRun": True})
        assert (trial["matched"], trial["changed"], trial["dryRun"]) == (5, 5, True)
    assert (await now(api, "labels"), await entries(api, "monitor.deleted")) == (before, entered)


async def test_as_many_ids_as_are_allowed(api: Api, ids: dict[str, str]) -> None:
    others = [str(uuid4()) for _ in range(9_999)]
    trial = await bulk(api, {"ids": [*others, ids["alpha"]], "change": {"interval": 60}, "dryRun": True})
    assert (trial["matched"], trial["changed"], len(trial["errors"])) == (1, 1, 100)
    assert [one["id"] for one in trial["errors"]] == others[:100]
    problem = await bulk(api, {"ids": [*others, *ids.values()], "change": {"interval": 60}}, 400)
    assert [one["field"] for one in problem["errors"]] == ["ids"]


async def test_the_example_is_accepted(api: Api) -> None:
    assert (await bulk(api, ChangeManyBody.EXAMPLE))["matched"] == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"change": {"enabled": True}}, "filter", id="neither filter nor ids"),
        pytest.param({"filter": POST, "ids": [str(uuid4())], "change": {"enabled": True}}, "filter", id="both"),
        pytest.param({"filter": {}, "change": {"enabled": True}}, "filter", id="an empty filter"),
        pytest.param({"filter": {"q": ""}, "change": {"enabled": True}}, "filter.q", id="a filter for everything"),
        pytest.param({"filter": {"kinds": ["smtp"]}, "change": {"enabled": True}}, "filter.kinds", id="no such filter"),
        pytest.param({"filter": {"country": ["XX"]}, "change": {"enabled": True}}, "filter.country", id="a country"),
        pytest.param({"filter": {"label": [":"]}, "change": {"enabled": True}}, "filter.label", id="no label"),
        pytest.param({"ids": [], "change": {"enabled": True}}, "ids", id="no ids"),
        pytest.param({"ids": ["1"], "change": {"enabled": True}}, "ids[0]", id="a number as id"),
        pytest.param({"filter": POST}, "change", id="nothing to do"),
        pytest.param({"filter": POST, "change": {}}, "change", id="an empty change"),
        pytest.param({"filter": POST, "change": {"interval": 9}}, "change.interval", id="a short interval"),
        pytest.param({"filter": POST, "change": {"countries": ["XX"]}}, "change.countries", id="no country"),
        pytest.param({"filter": POST, "change": {"labels": {"a:b": ""}}}, "change.labels", id="a key with a colon"),
        pytest.param(
            {"filter": POST, "change": {"labels": {"a": "\0"}}}, "change.labels[...]", id="a value with a NUL"
        ),
        pytest.param(
            {"filter": POST, "change": {"delete": True, "interval": 60}}, "change.delete", id="delete and more"
        ),
        pytest.param({"filter": POST, "change": {"delete": False}}, "change.delete", id="no deletion"),
        pytest.param(
            {"filter": POST, "change": {"enabled": False, "inMaintenance": True}},
            "change.inMaintenance",
            id="not enabled, but in maintenance",
        ),
        pytest.param(
            {"filter": POST, "change": {"policy": {"preset": None, "rechecks": 1}}},
            "change.policy.preset",
            id="a policy that contradicts itself",
        ),
    ],
)
async def test_what_is_wrong_is_named(api: Api, body: dict[str, Any], field: str) -> None:
    assert [error["field"] for error in (await bulk(api, body, 400))["errors"]] == [field]


class TestPermissions:
    async def test_a_filter_means_only_what_the_caller_may_see(self, api: Api) -> None:
        body = {"filter": {"kind": ["smtp"]}, "change": {"labels": {"new": ""}}}
        own = {"Authorization": f"Bearer {api.customer_token}"}
        assert (await bulk(api, body, headers=own))["matched"] == 4
        strange = {"Authorization": f"Bearer {api.strange_token}"}
        assert (await bulk(api, body, headers=strange))["matched"] == 0
        assert "new" not in (await now(api, "labels"))["gamma"]

    async def test_ids_of_others_are_unknown_or_forbidden(self, api: Api, ids: dict[str, str]) -> None:
        body = {"ids": [ids["gamma"], ids["alpha"]], "change": {"enabled": False}}
        await bulk(api, body, 403, headers={"Authorization": f"Bearer {api.customer_token}"})
        found = await bulk(api, body, 400, headers={"Authorization": f"Bearer {api.strange_token}"})
        assert {one["rule"] for one in found["errors"]} == {"must be that of a monitor"}
        customer = {"filter": {"customer": OTHER_CUSTOMER}, "change": {"enabled": False}}
        await bulk(api, customer, 403, headers={"Authorization": f"Bearer {api.customer_token}"})
        assert set((await now(api, "enabled")).values()) == {True, False}

    @pytest.mark.parametrize(
        ("change", "status"),
        [
            ({"enabled": False}, 200),
            ({"inMaintenance": True}, 200),
            ({"labels": {"a": ""}}, 403),
            ({"enabled": False, "interval": 60}, 403),
            ({"policy": {"rechecks": 1}}, 403),
            ({"delete": True}, 403),
        ],
    )
    async def test_a_reader_may_change_the_status_alone(self, api: Api, change: dict[str, Any], status: int) -> None:
        organization = await organization_of(api, "Ours")
        reader = await person(api, Role.READONLY, organization=organization, customers=[api.customer])
        async with client_of(api.application) as client:
            headers = {**reader.headers, "Origin": "http://mailprobe.test"}
            answer = await client.post(BULK, json={"filter": POST, "change": change}, headers=headers)
        assert answer.status_code == status, answer.text
