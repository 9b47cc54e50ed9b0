"""The policy routes of our own API: flat, with entity tags, and what was read may be sent back."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from controller.api.v1.policies.in_force import EXAMPLE as STANDARD
from controller.api.v1.policies.schemas import PolicyBody
from controller.decisions.evaluation.policy import PRESETS
from controller.model import Mode
from tests.integration.api.conftest import CUSTOMER, ORGANIZATION, Api

ORGANIZATIONS = f"/api/v1/organizations/{ORGANIZATION}/policy"
CUSTOMERS = f"/api/v1/customers/{CUSTOMER}/policy"


@pytest.fixture(autouse=True)
async def nothing_set(api: Api) -> None:
    await api.value("UPDATE organization SET policy = NULL")
    await api.value("UPDATE customer SET policy = NULL, alert_location_threshold_count = NULL")


async def monitor(api: Api) -> str:
    return f"/api/v1/monitors/{(await api.create())['publicId']}/policy"


async def policy(api: Api, path: str) -> dict[str, Any]:
    answer = await api.client.get(path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def change(api: Api, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await api.client.patch(path, json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json() == await policy(api, path)
    found: dict[str, Any] = answer.json()
    return found


async def test_the_nearest_level_holds_and_null_removes_its_policy(api: Api) -> None:
    path = await monitor(api)
    assert await policy(api, path) == STANDARD
    assert await change(api, ORGANIZATIONS, {"quorum": 3}) == STANDARD | {"quorum": 3, "from": "organization"}
    assert (await change(api, CUSTOMERS, {"recoveryRounds": 2}))["quorum"] == 3
    found = await change(api, path, {"quorum": 4})
    assert (found["quorum"], found["recoveryRounds"], found["from"]) == (4, 2, "monitor")
    assert (await change(api, path, {"preset": None}))["from"] == "customer"
    assert (await change(api, CUSTOMERS, {"preset": None}))["from"] == "organization"
    assert await change(api, ORGANIZATIONS, {"preset": None}) == STANDARD


async def test_an_answer_may_be_changed_and_sent_back(api: Api) -> None:
    path = await monitor(api)
    read = await change(api, path, {"quorum": 2})
    assert read["preset"] == "Global Verify"
    assert await change(api, path, read) == read
    assert await api.value("SELECT mode FROM monitor WHERE public_id = $1::uuid", path.split("/")[4]) == read["preset"]
    changed = await change(api, path, {**read, "preset": None, "rechecks": 0})
    assert changed == read | {"preset": None, "rechecks": 0}


async def test_a_preset_of_a_monitor_is_its_mode_at_alertsite(api: Api) -> None:
    path = await monitor(api)
    assert (await change(api, path, {"preset": "SLA"}))["quorum"] == PRESETS[Mode.SLA].quorum
    assert await api.value("SELECT mode FROM monitor WHERE public_id = $1::uuid", path.split("/")[4]) == "SLA"


async def test_an_empty_change_makes_no_policy_of_its_own(api: Api) -> None:
    path = await monitor(api)
    before = await api.value("SELECT count(*) FROM audit")
    for level in (ORGANIZATIONS, CUSTOMERS, path):
        assert await change(api, level, {}) == STANDARD
    assert await api.value("SELECT count(*) FROM audit") == before


@pytest.mark.parametrize("level", ["organization", "customer", "monitor"])
async def test_a_change_of_another_state_is_refused_with_the_present_one(api: Api, level: str) -> None:
    path = {"organization": ORGANIZATIONS, "customer": CUSTOMERS}.get(level) or await monitor(api)
    read = await api.client.get(path)
    match = {"If-Match": read.headers["ETag"]}
    changed = await api.client.patch(path, json={"quorum": "all"}, headers=match)
    assert (changed.status_code, changed.headers["ETag"] != read.headers["ETag"]) == (200, True)
    lost = await api.client.patch(path, json={"quorum": "any"}, headers=match)
    assert (lost.status_code, lost.json()["current"], lost.headers["ETag"]) == (
        412,
        changed.json(),
        changed.headers["ETag"],
    )
    assert (await policy(api, path))["quorum"] == "all"
    same = await api.client.get(path, headers={"If-None-Match": changed.headers["ETag"]})
    assert (same.status_code, same.content) == (304, b"")


async def test_every_mistake_is_named(api: Api) -> None:
    answer = await api.client.patch(CUSTOMERS, json={"quorum": 0, "voters": "some", "recoveryRounds": "1"})
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["quorum", "voters", "recoveryRounds"]
    both = await api.client.patch(CUSTOMERS, json={"alertConsecutiveChecks": 2, "quorum": 2})
    assert both.json()["errors"][0]["field"] == "alertConsecutiveChecks"


async def test_the_example_is_accepted(api: Api) -> None:
    found = await change(api, CUSTOMERS, PolicyBody.EXAMPLE)
    assert PolicyBody.EXAMPLE.items() <= found.items()


async def test_who_may_not_change_a_policy_is_refused(api: Api) -> None:
    async def sent(path: str, token: str) -> httpx.Response:
        return await api.client.patch(path, json={"quorum": 2}, headers={"Authorization": f"Bearer {token}"})

    path = await monitor(api)
    for level in (ORGANIZATIONS, CUSTOMERS, path):
        assert (await sent(level, api.strange_token)).status_code == 404
    assert (await sent(ORGANIZATIONS, api.customer_token)).status_code == 403
    assert (await sent(path, api.customer_token)).status_code == 200
    assert (await api.client.get(ORGANIZATIONS.replace(ORGANIZATION, "1"))).status_code == 400
