"""A group of incidents in our own API: its incidents and messages, for those who may read them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from controller.model import Role
from shared.clock import utc_now
from tests.integration.api.conftest import OTHER_CUSTOMER, Api, client_of
from tests.integration.api.outages import Outage, add_delivery, group_of, hold, make_locations, outage, recover
from tests.integration.api.people import organization_of, person

GROUPS = "/api/v1/incident-groups"


@pytest.fixture
async def three(api: Api) -> list[Outage]:
    await make_locations(api)
    return [await outage(api, await api.create(name=f"Outbound {number}")) for number in range(3)]


async def test_a_group_shows_its_incidents_open_ones_first_with_who_has_each(api: Api, three: list[Outage]) -> None:
    group = await group_of(api, *three)
    first, second, third = (str(one.incident.public_id) for one in three)
    await recover(api, three[0])
    await api.client.post(f"/api/v1/incidents/{third}/acknowledge", json={})
    found = (await api.client.get(f"{GROUPS}/{group}")).json()
    assert (found["id"], found["kind"], found["cause"], found["total"]) == (group, "cause", "mail.example.com", 3)
    assert [(one["id"], one["state"]) for one in found["incidents"]] == [
        (second, "unacknowledged"),
        (third, "acknowledged"),
        (first, "resolved"),
    ]
    assert found["causes"] == [{"cause": "mail.example.com", "unacknowledged": 1, "acknowledged": 1, "resolved": 1}]
    assert found["incidents"][1]["acknowledgedBy"]


async def test_an_incident_names_its_group_and_what_holds_it(api: Api, three: list[Outage]) -> None:
    parent, child, alone = three
    group = await group_of(api, parent, child)
    await hold(api, child, parent)
    path = "/api/v1/incidents"
    found = (await api.client.get(f"{path}/{child.incident.public_id}")).json()
    assert (found["groupId"], found["heldBy"]) == (group, str(parent.incident.public_id))
    shown = (await api.client.get(f"{GROUPS}/{group}")).json()
    held = {one["id"]: one["heldBy"] for one in shown["incidents"]}
    assert held == {str(parent.incident.public_id): None, str(child.incident.public_id): found["heldBy"]}
    assert {one["cause"] for one in shown["causes"]} == {"", "mail.example.com"}
    await api.value(
        "UPDATE incident SET released_at = now() - interval '1 ms' WHERE id = $1 RETURNING id", child.incident.id
    )
    assert (await api.client.get(f"{path}/{child.incident.public_id}")).json()["heldBy"] is None
    found = (await api.client.get(f"{path}/{alone.incident.public_id}")).json()
    assert (found["groupId"], found["heldBy"]) == (None, None)


async def test_messages_name_how_many_incidents_they_tell_of_and_no_secret(api: Api, three: list[Outage]) -> None:
    group = await group_of(api, *three[:2])
    hook = "https://hooks.example.com/services/T0123456789abcdef"
    await add_delivery(api, three[0], hook, None, f"{hook} refused it")
    await api.value(
        "INSERT INTO grouped_change (group_id, receiver_key, incident_id, change_id, kind, delivery_id)"
        " SELECT incident.group_id, 'k', incident.id, change.id, 'opened', delivery.id FROM delivery, incident"
        " JOIN incident_change AS change ON change.incident_id = incident.id"
        " WHERE incident.id = ANY ($1::bigint[]) AND delivery.incident_id = $2 RETURNING id",
        [one.incident.id for one in three[:2]],
        three[0].incident.id,
    )
    answer = await api.client.get(f"{GROUPS}/{group}")
    (message,) = answer.json()["messages"]
    assert (message["incidents"], message["changes"], message["receiver"]) == (2, ["opened"], None)
    assert "T0123456789abcdef" not in answer.text


async def test_the_address_of_a_group_that_a_storm_took_over_shows_the_storm(api: Api, three: list[Outage]) -> None:
    group, storm = await group_of(api, three[0]), await group_of(api, *three, kind="storm")
    await api.value(
        "UPDATE incident_group SET merged_into = (SELECT id FROM incident_group WHERE public_id = $2::uuid)"
        " WHERE public_id = $1::uuid RETURNING id",
        group,
        storm,
    )
    found = (await api.client.get(f"{GROUPS}/{group}")).json()
    assert (found["id"], found["kind"], found["total"]) == (storm, "storm", 3)


async def test_who_is_limited_to_customers_sees_only_their_incidents(api: Api, three: list[Outage]) -> None:
    theirs = await outage(api, await api.create(name="Theirs", customerId=OTHER_CUSTOMER))
    both, ours = await group_of(api, three[0], theirs), await group_of(api, *three[1:])
    await api.value("UPDATE incident SET cause = 'mx.theirs.example' WHERE id = $1 RETURNING id", theirs.incident.id)
    ours_too = await organization_of(api, "Ours")
    someone = await person(api, Role.READONLY, organization=ours_too, customers=[api.other_customer])
    async with client_of(api.application) as client:
        found = (await client.get(f"{GROUPS}/{both}", headers=someone.headers)).json()
        assert [one["id"] for one in found["incidents"]] == [str(theirs.incident.public_id)]
        assert (found["total"], found["cause"]) == (1, "mx.theirs.example")
        assert (await client.get(f"{GROUPS}/{ours}", headers=someone.headers)).status_code == 404


@pytest.mark.parametrize(("identifier", "status"), [("nothing", 400), ("0b2c1f6e-5a55-4c0e-9f5e-1d1c9c4a7a11", 404)])
async def test_what_is_no_group_is_refused(api: Api, identifier: str, status: int) -> None:
    assert (await api.client.get(f"{GROUPS}/{identifier}")).status_code == status


async def test_the_list_counts_by_state_and_has_the_newest_first(api: Api, three: list[Outage]) -> None:
    older = await group_of(api, *three[:2], cause="older.example.com")
    newer = await group_of(api, three[2], cause="newer.example.com", kind="storm")
    await recover(api, three[0])
    await api.client.post(f"/api/v1/incidents/{three[1].incident.public_id}/acknowledge", json={})
    found = (await api.client.get(GROUPS, params={"limit": 2})).json()["items"]
    assert [(one["id"], one["kind"], one["cause"]) for one in found] == [
        (newer, "storm", "newer.example.com"),
        (older, "cause", "older.example.com"),
    ]
    counts = [[one[name] for name in ("total", "unacknowledged", "acknowledged", "resolved")] for one in found]
    assert counts == [[1, 1, 0, 0], [2, 0, 1, 1]]
    await api.value(
        "UPDATE incident SET acknowledged_until = now() - interval '1 ms' WHERE id = $1 RETURNING id",
        three[1].incident.id,
    )
    found = (await api.client.get(GROUPS, params={"minIncidents": 2, "limit": 1})).json()["items"]
    assert (found[0]["id"], found[0]["unacknowledged"]) == (older, 1)
    assert (await api.client.get(f"{GROUPS}/{older}")).json()["causes"][0]["unacknowledged"] == 1


async def test_the_list_is_filtered_and_read_page_by_page(api: Api, three: list[Outage]) -> None:
    groups = [await group_of(api, one) for one in three]
    await recover(api, three[0])
    await api.value(
        "UPDATE incident_group SET closed_at = now() - interval '1 hour' WHERE public_id = $1::text::uuid RETURNING id",
        groups[0],
    )

    async def listed(**query: str) -> list[str]:
        found: list[str] = []
        cursor = None
        while True:
            params: dict[str, str] = {**query, "limit": "2", **({"cursor": cursor} if cursor else {})}
            answer = await api.client.get(GROUPS, params=params)
            assert answer.status_code == 200, answer.text
            found += (one["id"] for one in answer.json()["items"] if one["id"] in groups)
            cursor = answer.json()["nextCursor"]
            if cursor is None:
                return found

    assert await listed() == groups[::-1]
    assert await listed(state="open") == groups[:0:-1]
    assert await listed(state="resolved") == groups[:1]
    recently = (utc_now() - timedelta(minutes=30)).isoformat()
    assert await listed(**{"from": recently}) == groups[:0:-1]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        pytest.param("state=closed", "state", id="a state that there is not"),
        pytest.param("from=yesterday", "from", id="no moment"),
        pytest.param("minIncidents=0", "minIncidents", id="no number of incidents"),
        pytest.param("cursor=x", "cursor", id="no cursor"),
    ],
)
async def test_a_query_that_breaks_a_rule_is_refused_by_name(api: Api, query: str, field: str) -> None:
    refused = await api.client.get(f"{GROUPS}?{query}")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, field)


async def test_who_is_limited_to_customers_sees_groups_of_theirs_alone(api: Api, three: list[Outage]) -> None:
    other = await outage(api, await api.create(name="Theirs", customerId=OTHER_CUSTOMER))
    mixed = await group_of(api, other, three[0], cause="mx.theirs.example")
    await api.value("UPDATE incident SET cause = 'mx.ours.example' WHERE id = $1 RETURNING id", three[0].incident.id)
    strange = await outage(api, await api.create(name="Theirs too", customerId=OTHER_CUSTOMER))
    theirs = await group_of(api, strange)
    someone = await person(api, Role.EDITOR, organization=await organization_of(api, "Ours"), customers=[api.customer])
    async with client_of(api.application) as client:
        client.headers.update(someone.headers)
        items = (await client.get(GROUPS, params={"limit": 500})).json()["items"]
    found = {one["id"]: (one["total"], one["cause"]) for one in items}
    assert (found[mixed], theirs in found) == ((1, "mx.ours.example"), False)
