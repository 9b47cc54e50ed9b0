"""People acknowledge, comment and resolve incidents. Each action is once in the timeline and once on the stream."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import msgspec
import pytest

from controller.decisions.evaluation.state import MonitorState, Severity, VerdictKind
from controller.model import Role
from controller.store.evaluation import states
from shared.clock import utc_now
from shared.epoch import to_ms
from shared.wire.events import IncidentEvent, VerdictEvent
from tests.integration.api.conftest import Api, client_of
from tests.integration.api.documented import MOMENT, assert_holds
from tests.integration.api.outages import Outage, add_delivery, make_locations, outage
from tests.integration.api.people import organization_of, person


@pytest.fixture
async def found(api: Api) -> Outage:
    """An open incident whose opening event was published already."""
    await make_locations(api)
    made = await outage(api, await api.create())
    await api.value("DELETE FROM event_outbox")
    return made


async def post_action(api: Api, found: Outage, action: str, **body: Any) -> httpx.Response:
    return await api.client.post(f"{found.path}/{action}", json=body)


async def perform(api: Api, found: Outage, action: str, **body: Any) -> dict[str, Any]:
    """The answer to an action. Asserts that a GET answers the same."""
    answer = await post_action(api, found, action, **body)
    assert answer.status_code == 200, answer.text
    assert answer.json() == (await api.client.get(found.path)).json()
    message: dict[str, Any] = answer.json()
    return message


async def events(api: Api) -> list[dict[str, Any]]:
    """The events that wait to be published, decoded."""
    async with api.database.connection() as connection:
        rows = await connection.fetch("SELECT subject, body FROM event_outbox ORDER BY id")
    kinds = {"incident": IncidentEvent, "verdict": VerdictEvent}
    read = [msgspec.json.decode(row["body"], type=kinds[row["subject"].rpartition(".")[2]]) for row in rows]
    return [msgspec.to_builtins(event) for event in read]


async def state(api: Api, found: Outage) -> MonitorState:
    async with api.database.transaction() as connection:
        current = await states.lock(connection, found.monitor["id"])
    assert current is not None
    return current


async def test_an_acknowledgement_is_stored_with_its_author_and_time(api: Api, found: Outage) -> None:
    admin = await person(api, Role.ADMIN, organization=await organization_of(api, "Ours"))
    async with client_of(api.application) as client:
        answer = await client.post(f"{found.path}/acknowledge", json={"comment": "On my way"}, headers=admin.headers)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert_holds(body["incident"], {"status": "open", "acknowledgedAt": MOMENT})
    change = body["timeline"]["changes"][-1]
    assert (change["kind"], change["reason"], change["verdict"]) == ("acknowledged", "On my way", "down")
    assert change["doneBy"] == admin.email
    assert change["at"] == body["incident"]["acknowledgedAt"]
    [event] = await events(api)
    assert (event["change"], event["reason"]) == ("acknowledged", "On my way")


async def test_an_acknowledgement_needs_no_body(api: Api, found: Outage) -> None:
    answer = await api.client.post(f"{found.path}/acknowledge")
    assert answer.status_code == 200, answer.text
    assert answer.json()["timeline"]["changes"][-1]["reason"] == ""


async def test_an_action_with_a_token_is_stored_with_the_name_of_the_token(api: Api, found: Outage) -> None:
    body = await perform(api, found, "acknowledge")
    assert body["timeline"]["changes"][-1]["doneBy"] == "token test"


async def test_a_second_acknowledgement_changes_nothing(api: Api, found: Outage) -> None:
    first = await perform(api, found, "acknowledge", comment="mine")
    assert await perform(api, found, "acknowledge", comment="mine too") == first
    assert len(await events(api)) == 1


async def test_comments_are_kept_in_order_also_after_the_end(api: Api, found: Outage) -> None:
    await perform(api, found, "comments", comment="The disk\nis full")
    await perform(api, found, "resolve", reason="cleaned up")
    body = await perform(api, found, "comments", comment="ordered a bigger one")
    changes = [(one["kind"], one["reason"]) for one in body["timeline"]["changes"][1:]]
    assert changes == [
        ("commented", "The disk\nis full"),
        ("resolved", "cleaned up"),
        ("commented", "ordered a bigger one"),
    ]
    assert [event.get("change") for event in await events(api)] == ["commented", None, "resolved", "commented"]


async def test_resolving_by_hand_ends_the_incident_and_the_verdict(api: Api, found: Outage) -> None:
    before = utc_now()
    body = await perform(api, found, "resolve", reason="the server is retired")
    assert_holds(body["incident"], {"status": "resolved", "resolvedAt": MOMENT})
    assert_holds(
        body["timeline"]["changes"][-1], {"kind": "resolved", "reason": "the server is retired", "doneBy": "token test"}
    )
    current = await state(api, found)
    assert (current.verdict, current.severity, current.failing_evaluations) == (VerdictKind.UP, None, 0)
    assert current.reason == "resolved by hand: the server is retired"
    assert current.since_ms >= to_ms(before)
    assert await api.value("SELECT stable FROM monitor_state WHERE monitor_id = $1", found.monitor["id"]) is True
    verdict, resolved = await events(api)
    assert_holds(
        verdict, {"type": "verdict", "verdict": "up", "previous": "down", "monitorId": found.monitor["publicId"]}
    )
    assert_holds(
        resolved,
        {
            "type": "incident",
            "change": "resolved",
            "incidentId": str(found.incident.public_id),
            "reason": "the server is retired",
        },
    )


async def test_resolving_keeps_a_verdict_that_is_not_a_failure(api: Api, found: Outage) -> None:
    """All locations are blind by now, so the verdict stays unknown although a person resolved the incident."""
    current = await state(api, found)
    blind = msgspec.structs.replace(current, verdict=VerdictKind.UNKNOWN, severity=Severity.DOWN)
    async with api.database.transaction() as connection:
        await states.save(connection, {found.monitor["id"]: states.EvaluatedState(blind)})
    await perform(api, found, "resolve", reason="r")
    after = await state(api, found)
    assert (after.verdict, after.severity) == (VerdictKind.UNKNOWN, None)
    assert [event["type"] for event in await events(api)] == ["incident"]


@pytest.mark.parametrize(("action", "body"), [("acknowledge", {}), ("resolve", {"reason": "again"})])
async def test_a_resolved_incident_cannot_be_acknowledged_or_resolved(
    api: Api, found: Outage, action: str, body: dict[str, Any]
) -> None:
    await perform(api, found, "resolve", reason="r")
    before = await events(api)
    answer = await post_action(api, found, action, **body)
    assert (answer.status_code, answer.json()["message"]) == (409, "The incident is resolved")
    assert await events(api) == before


async def test_of_several_people_who_resolve_at_once_one_succeeds(api: Api, found: Outage) -> None:
    answers = await asyncio.gather(*(post_action(api, found, "resolve", reason=f"r{n}") for n in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    assert [event["type"] for event in await events(api)] == ["verdict", "incident"]


@pytest.mark.parametrize(
    ("action", "body", "message"),
    [
        pytest.param("comments", {}, "comment is required", id="the comment is missing"),
        pytest.param("comments", {"comment": " "}, "comment must be 1 to 2000 characters", id="a blank comment"),
        pytest.param("comments", {"comment": "x" * 2001}, "comment must be 1 to 2000 characters", id="a long comment"),
        pytest.param("comments", {"comment": "a\x00b"}, "none of them a control character", id="a comment with a NUL"),
        pytest.param("comments", {"comment": 1}, "comment must be a string", id="a comment that is a number"),
        pytest.param("resolve", {}, "reason is required", id="the reason is missing"),
        pytest.param("resolve", {"reason": ""}, "reason must be 1 to 2000 characters", id="an empty reason"),
        pytest.param("resolve", {"reason": "r", "force": True}, "force is not a known field", id="an unknown field"),
        pytest.param(
            "acknowledge", {"comment": "\x1b[2J"}, "comment must be 0 to 2000", id="a comment with an escape sequence"
        ),
    ],
)
async def test_an_invalid_action_is_refused_and_changes_nothing(
    api: Api, found: Outage, action: str, body: dict[str, Any], message: str
) -> None:
    before = (await api.client.get(found.path)).json()
    answer = await post_action(api, found, action, **body)
    assert answer.status_code == 400
    assert message in answer.json()["message"]
    assert (await api.client.get(found.path)).json() == before
    assert await events(api) == []


async def test_receivers_of_the_outage_are_notified_that_a_person_resolved_it(api: Api, found: Outage) -> None:
    await add_delivery(api, found, "Ops Slack", None)
    await api.value("UPDATE delivery SET state = 'sent' WHERE incident_id = $1", found.incident.id)
    waiting = "SELECT array_agg(notice ->> 'change') FROM delivery WHERE state = 'waiting' AND incident_id = $1"
    await perform(api, found, "acknowledge")
    await perform(api, found, "comments", comment="c")
    assert await api.value(waiting, found.incident.id) is None
    await perform(api, found, "resolve", reason="r")
    assert await api.value(waiting, found.incident.id) == ["resolved"]
