"""Incidents in our own API: pages of the list, one with its timeline, and what people do about it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from controller.api.v1.incidents.schemas import Acknowledgement, Comment, Resolution
from controller.model import Role
from shared.clock import utc_now
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, STRANGE_CUSTOMER, Api, client_of
from tests.integration.api.documented import MOMENT, assert_holds
from tests.integration.api.outages import REASON, Outage, add_delivery, make_locations, outage, recover, timestamp
from tests.integration.api.people import organization_of, person

LIST = "/api/v1/incidents"
HOOK = "https://hooks.example.com/services/T0123456789abcdef"


@pytest.fixture
async def none_before(api: Api) -> AsyncIterator[None]:
    await make_locations(api)
    await api.value("DELETE FROM incident")
    yield
    await api.value("DELETE FROM incident")


@pytest.fixture
async def found(api: Api) -> Outage:
    await make_locations(api)
    return await outage(api, await api.create())


def path(found: Outage, rest: str = "") -> str:
    return f"{LIST}/{found.incident.public_id}{rest}"


async def act(api: Api, found: Outage, action: str, body: dict[str, Any], **headers: str) -> httpx.Response:
    return await api.client.post(path(found, f"/{action}"), json=body, headers=headers)


async def listed(api: Api, **query: Any) -> list[str]:
    answer = await api.client.get(LIST, params=query)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def some(api: Api, number: int) -> list[str]:
    """Incidents one minute apart, oldest first."""
    made = []
    for minute in range(number):
        found = await outage(api, await api.create(), began=utc_now() - timedelta(minutes=30 - minute))
        made.append(str(found.incident.public_id))
    return made


@pytest.mark.usefixtures("none_before")
@pytest.mark.parametrize("sort", ["startedAt", "-startedAt"])
async def test_pages_hold_each_incident_once_whatever_happens_meanwhile(api: Api, sort: str) -> None:
    made = await some(api, 5)
    first = (await api.client.get(LIST, params={"limit": 2, "sort": sort})).json()
    await outage(api, await api.create())
    await api.client.post(f"{LIST}/{made[1]}/resolve", json={"reason": "over"})
    seen, cursor = [item["id"] for item in first["items"]], first["nextCursor"]
    while cursor:
        page = (await api.client.get(LIST, params={"limit": 2, "sort": sort, "cursor": cursor})).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["nextCursor"]
    assert seen[:5] == (made if sort == "startedAt" else made[::-1])
    assert len(seen) == (6 if sort == "startedAt" else 5)


@pytest.mark.usefixtures("none_before")
async def test_filters(api: Api) -> None:
    one, two, three = [
        await outage(api, await api.create(**fields), began=utc_now() - timedelta(minutes=minutes))
        for minutes, fields in ((50, {}), (40, {"customerId": OTHER_CUSTOMER}), (30, {}))
    ]
    await api.client.post(path(two, "/acknowledge"))
    await recover(api, three)
    await api.value("UPDATE incident SET severity = 'partial' WHERE public_id = $1", one.incident.public_id)
    names = {str(each.incident.public_id): name for each, name in ((one, "one"), (two, "two"), (three, "three"))}

    async def names_of(**query: Any) -> str:
        return " ".join(names[each] for each in await listed(api, sort="startedAt", **query))

    assert await names_of() == "one two three"
    assert await names_of(state="open") == "one two"
    assert await names_of(state="unacknowledged") == "one"
    assert await names_of(state="acknowledged") == "two"
    assert await names_of(state="resolved") == "three"
    assert await names_of(severity="partial") == "one"
    assert await names_of(customer=CUSTOMER) == "one three"
    assert await names_of(monitor=three.monitor["publicId"]) == "three"
    assert await names_of(to=timestamp(utc_now() - timedelta(minutes=45))) == "one"
    assert await names_of(**{"from": timestamp(utc_now() + timedelta(minutes=5))}) == "one two"
    answer = await api.client.get(LIST, params={"fields": "id,state", "state": "acknowledged"})
    assert answer.json()["items"] == [{"id": str(two.incident.public_id), "state": "acknowledged"}]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"state": "active"}, "state"),
        ({"severity": "high"}, "severity"),
        ({"sort": "reason"}, "sort"),
        ({"customer": "7"}, "customer"),
        ({"monitor": "x"}, "monitor"),
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-01-02", "to": "2026-01-01"}, "to"),
        ({"cursor": "x"}, "cursor"),
        ({"limit": "0"}, "limit"),
        ({"fields": "id,secret"}, "fields"),
        ({"offset": "10"}, "offset"),
    ],
)
async def test_a_wrong_parameter_is_named(api: Api, query: dict[str, str], field: str, found: Outage) -> None:
    answer = await api.client.get(LIST, params=query)
    assert answer.status_code == 400, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_a_cursor_is_good_for_its_own_query_only(api: Api) -> None:
    await make_locations(api)
    await some(api, 2)
    cursor = (await api.client.get(LIST, params={"limit": 1})).json()["nextCursor"]
    assert (await api.client.get(LIST, params={"limit": 1, "cursor": cursor, "state": "open"})).status_code == 400
    other = {"Authorization": f"Bearer {api.customer_token}"}
    assert (await api.client.get(LIST, params={"limit": 1, "cursor": cursor}, headers=other)).status_code == 400


async def test_one_incident_with_its_timeline_its_checks_and_who_was_notified(api: Api, found: Outage) -> None:
    await add_delivery(api, found, f"Slack {HOOK}", f"{HOOK} answered 500", None)
    await act(api, found, "comments", {"comment": "The disk was full"})
    await recover(api, found)
    answer = await api.client.get(path(found))
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert_holds(
        body,
        {
            "id": str(found.incident.public_id),
            "monitorId": found.monitor["publicId"],
            "monitorName": "Outbound SMTP",
            "customerId": CUSTOMER,
            "state": "resolved",
            "severity": "down",
            "reason": REASON,
            "outageStartedAt": timestamp(found.began),
            "resolvedAt": MOMENT,
            "updatedAt": MOMENT,
            "failedChecksTotal": 4,
            "recoveryChecksTotal": 2,
            "servers": ["smtp.example.com"],
        },
    )
    assert [(one["kind"], one["doneBy"]) for one in body["timeline"]] == [
        ("opened", None),
        ("commented", "token test"),
        ("resolved", None),
    ]
    assert body["evidenceCheck"]["transcript"][0]["text"] == "192.0.2.25: connection refused"
    assert {vote["ballot"] for vote in body["evidence"]["votes"]} == {"failed"}
    [delivery] = body["notified"]["deliveries"]
    assert (delivery["change"], delivery["receiver"], len(delivery["latestAttempts"])) == ("opened", None, 2)
    assert "T0123456789abcdef" not in answer.text
    assert body["notified"]["nobody"] is None
    [item] = (await api.client.get(LIST, params={"monitor": body["monitorId"]})).json()["items"]
    assert item == {name: body[name] for name in item}


async def test_it_says_why_nobody_was_notified(api: Api, found: Outage) -> None:
    assert (await api.client.get(path(found))).json()["notified"] == {
        "deliveries": [],
        "nobody": "no_channel",
        "maintenanceWindows": [],
    }


async def test_acknowledge_comment_and_resolve(api: Api, found: Outage) -> None:
    admin = await person(api, Role.ADMIN, organization=await organization_of(api, "Ours"))
    async with client_of(api.application) as client:
        taken = await client.post(path(found, "/acknowledge"), headers=admin.headers)
    assert taken.status_code == 200, taken.text
    assert_holds(taken.json(), {"state": "acknowledged", "acknowledgedBy": admin.email, "acknowledgedAt": MOMENT})
    await act(api, found, "comments", {"comment": "Cleaning up"})
    done = await act(api, found, "resolve", {"reason": "It has space again"})
    assert done.json()["state"] == "resolved"
    assert [one["reason"] for one in done.json()["timeline"]] == [REASON, "", "Cleaning up", "It has space again"]
    assert done.json() == (await api.client.get(path(found))).json()
    again = await act(api, found, "resolve", {"reason": "twice"})
    assert (again.status_code, again.headers["content-type"]) == (409, "application/problem+json")


async def test_an_action_for_another_state_is_refused_with_the_present_one(api: Api, found: Outage) -> None:
    read = await api.client.get(path(found))
    match = {"If-Match": read.headers["ETag"]}
    taken = await act(api, found, "acknowledge", {}, **match)
    assert taken.status_code == 200, taken.text
    for action, body in (("acknowledge", {}), ("comments", {"comment": "c"}), ("resolve", {"reason": "r"})):
        lost = await act(api, found, action, body, **match)
        assert (lost.status_code, lost.json()["current"]) == (412, taken.json())
        assert lost.headers["ETag"] == taken.headers["ETag"]
    assert (await api.client.get(path(found))).json() == taken.json()
    assert (await act(api, found, "resolve", {"reason": "r"}, **{"If-Match": taken.headers["ETag"]})).status_code == 200


async def test_the_entity_tag_stays_while_only_checks_and_notifications_come(api: Api, found: Outage) -> None:
    read = await api.client.get(path(found))
    await add_delivery(api, found, "Slack", None)
    same = await api.client.get(path(found), headers={"If-None-Match": read.headers["ETag"]})
    assert same.status_code == 304


async def test_every_mistake_of_a_body_is_named(api: Api, found: Outage) -> None:
    answer = await act(api, found, "comments", {"comment": 1, "text": "x"})
    assert answer.status_code == 400
    assert {error["field"] for error in answer.json()["errors"]} == {"comment", "text"}
    assert (await act(api, found, "resolve", {"reason": " "})).json()["errors"][0]["field"] == "reason"


async def test_the_examples_are_accepted(api: Api, found: Outage) -> None:
    examples = {"acknowledge": Acknowledgement.EXAMPLE, "comments": Comment.EXAMPLE, "resolve": Resolution.EXAMPLE}
    for action, body in examples.items():
        assert (await act(api, found, action, body)).status_code == 200


async def test_a_customer_of_somebody_else_is_not_found(api: Api) -> None:
    assert (await api.client.get(LIST, params={"customer": STRANGE_CUSTOMER})).status_code == 404
    other = {"Authorization": f"Bearer {api.customer_token}"}
    answer = await api.client.get(LIST, params={"customer": OTHER_CUSTOMER}, headers=other)
    assert answer.status_code == 403
