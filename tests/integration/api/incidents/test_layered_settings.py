"""Settings of an organization, with what differs for a customer: grouping and reminders, by the same rules."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.integration.api.conftest import CUSTOMER, ORGANIZATION, Api
from tests.integration.api.our_monitors.asking import problems

OWNERS = {"organization": f"/api/v1/organizations/{ORGANIZATION}", "customer": f"/api/v1/customers/{CUSTOMER}"}
USUAL: dict[str, dict[str, Any]] = {
    "grouping": {"enabled": True, "groupSeconds": 60, "groupUpdateSeconds": 300, "stormLimit": 5},
    "reminders": {"enabled": False, "firstMinutes": 15, "maxMinutes": 240},
}
NUMBER = {"grouping": "groupSeconds", "reminders": "firstMinutes"}
kinds = pytest.mark.parametrize("kind", USUAL)


@pytest.fixture(autouse=True)
async def nothing_set(api: Api) -> None:
    await api.value("UPDATE organization SET grouping = NULL, reminders = NULL")
    await api.value("UPDATE customer SET grouping = NULL, reminders = NULL")


async def put(api: Api, owner: str, kind: str, **body: Any) -> Any:
    answer = await api.client.put(f"{OWNERS[owner]}/{kind}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def read(api: Api, owner: str, kind: str) -> Any:
    return (await api.client.get(f"{OWNERS[owner]}/{kind}")).json()


@kinds
async def test_where_nothing_is_set_what_is_usual_holds(api: Api, kind: str) -> None:
    for owner in OWNERS:
        assert await read(api, owner, kind) == {**dict.fromkeys(USUAL[kind]), "inForce": USUAL[kind]}


@kinds
async def test_a_customer_has_what_it_sets_and_the_rest_of_its_organization(api: Api, kind: str) -> None:
    number = NUMBER[kind]
    await put(api, "organization", kind, **{"enabled": False, number: 20})
    found = await put(api, "customer", kind, enabled=True)
    assert (found["enabled"], found[number]) == (True, None)
    assert found["inForce"] == {**USUAL[kind], "enabled": True, number: 20}
    await put(api, "customer", kind, **{number: 30})
    found = await read(api, "customer", kind)
    assert (found["enabled"], found["inForce"]["enabled"], found["inForce"][number]) == (None, False, 30)
    assert (await read(api, "organization", kind))["inForce"][number] == 20


@kinds
async def test_what_is_read_may_be_sent_back_and_nulls_set_nothing(api: Api, kind: str) -> None:
    before = await put(api, "customer", kind, enabled=True)
    assert await put(api, "customer", kind, **before) == before
    await put(api, "customer", kind, **dict.fromkeys(USUAL[kind]))
    stored = "SELECT to_jsonb(customer) -> $2::text FROM customer WHERE public_id = $1::text::uuid"
    assert await api.value(stored, CUSTOMER, kind) is None


@kinds
async def test_of_changes_of_one_version_one_is_stored(api: Api, kind: str) -> None:
    path, number = f"{OWNERS['customer']}/{kind}", NUMBER[kind]
    tag = (await api.client.get(path)).headers["etag"]
    answers = await asyncio.gather(
        *(api.client.put(path, json={number: 20 + one}, headers={"If-Match": tag}) for one in range(4))
    )
    assert sorted(one.status_code for one in answers) == [200, 412, 412, 412]


@pytest.mark.parametrize(
    ("kind", "body", "field", "rule"),
    [
        pytest.param("grouping", {"groupSeconds": 9}, "groupSeconds", "from 10 to 3600", id="too short"),
        pytest.param("grouping", {"stormLimit": 0}, "stormLimit", "from 1 to 1000", id="no cause at all"),
        pytest.param("grouping", {"stormLimit": "5"}, "stormLimit", "must be an integer", id="a text"),
        pytest.param("grouping", {"pause": 5}, "pause", "", id="a field that there is not"),
        pytest.param("reminders", {"firstMinutes": 1441}, "firstMinutes", "from 1 to 1440", id="too long"),
        pytest.param(
            "reminders", {"firstMinutes": 60, "maxMinutes": 30}, "maxMinutes", "less than firstMinutes", id="shrinking"
        ),
    ],
)
async def test_what_breaks_a_rule_is_refused_by_name(
    api: Api, kind: str, body: dict[str, Any], field: str, rule: str
) -> None:
    for path in OWNERS.values():
        found = problems(await api.client.put(f"{path}/{kind}", json=body))
        assert rule in found[field]
