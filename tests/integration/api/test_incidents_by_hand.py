"""What people do about an incident: acknowledge, comment, resolve; in its timeline and on the event stream once."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import msgspec
import pytest

from controller.decisions.evaluation.state import Severity, Standing, VerdictKind
from controller.model import Role
from controller.store.evaluation import states
from shared.clock import utc_now
from shared.wire.events import IncidentEvent, VerdictEvent
from shared.wire.rounds import to_ms
from tests.integration.api.conftest import Api, client_of
from tests.integration.api.documented import MOMENT, assert_holds
from tests.integration.api.outages import Outage, outage, places, tell
from tests.integration.api.people import organization_of, person


@pytest.fixture
async def found(api: Api) -> Outage:
    """An open incident, its opening not on the way any more."""
    await places(api)
    made = await outage(api, await api.create())
    await api.value("DELETE FROM event_outbox")
    return made


async def do(api: Api, found: Outage, what: str, **body: Any) -> httpx.Response:
    return await api.client.post(f"{found.path}/{what}", json=body)


async def done(api: Api, found: Outage, what: str, **body: Any) -> dict[str, Any]:
    """The answer, which is what a GET says too."""
    answer = await do(api, found, what, **body)
    assert answer.status_code == 200, answer.text
    assert answer.json() == (await api.client.get(found.path)).json()
    said: dict[str, Any] = answer.json()
    return said


async def events(api: Api) -> list[dict[str, Any]]:
    """What waits to be published, as it will be read."""
    async with api.database.connection() as connection:
        rows = await connection.fetch("SELECT subject, body FROM event_outbox ORDER BY id")
    kinds = {"incident": IncidentEvent, "verdict": VerdictEvent}
    read = [msgspec.json.decode(row["body"], type=kinds[row["subject"].rpartition(".")[2]]) for row in rows]
    return [msgspec.to_builtins(event) for event in read]


async def standing(api: Api, found: Outage) -> Standing:
    async with api.database.transaction() as connection:
        held = await states.lock(connection, found.monitor["id"])
    assert held is not None
    return held


async def test_an_acknowledgement_is_noted_with_who_and_when(api: Api, found: Outage) -> None:
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


async def test_a_token_is_noted_by_its_name(api: Api, found: Outage) -> None:
    body = await done(api, found, "acknowledge")
    assert body["timeline"]["changes"][-1]["doneBy"] == "token test"


async def test_who_acknowledges_again_changes_nothing(api: Api, found: Outage) -> None:
    first = await done(api, found, "acknowledge", comment="mine")
    assert await done(api, found, "acknowledge", comment="mine too") == first
    assert len(await events(api)) == 1


async def test_comments_are_kept_in_order_also_after_the_end(api: Api, found: Outage) -> None:
    await done(api, found, "comments", comment="The disk\nis full")
    await done(api, found, "resolve", reason="cleaned up")
    body = await done(api, found, "comments", comment="ordered a bigger one")
    changes = [(one["kind"], one["reason"]) for one in body["timeline"]["changes"][1:]]
    assert changes == [
        ("commented", "The disk\nis full"),
        ("resolved", "cleaned up"),
        ("commented", "ordered a bigger one"),
    ]
    assert [event.get("change") for event in await events(api)] == ["commented", None, "resolved", "commented"]


async def test_resolving_by_hand_ends_the_incident_and_the_verdict(api: Api, found: Outage) -> None:
    before = utc_now()
    body = await done(api, found, "resolve", reason="the server is retired")
    assert_holds(body["incident"], {"status": "resolved", "resolvedAt": MOMENT})
    assert_holds(
        body["timeline"]["changes"][-1], {"kind": "resolved", "reason": "the server is retired", "doneBy": "token test"}
    )
    held = await standing(api, found)
    assert (held.verdict, held.severity, held.failing_looks) == (VerdictKind.UP, None, 0)
    assert held.reason == "resolved by hand: the server is retired"
    assert held.since_ms >= to_ms(before)
    assert await api.value("SELECT at_rest FROM standing WHERE monitor_id = $1", found.monitor["id"]) is True
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


async def test_a_standing_without_a_bad_verdict_keeps_it(api: Api, found: Outage) -> None:
    """All locations are blind by now, so the verdict is unknown, whatever a person says."""
    held = await standing(api, found)
    blind = msgspec.structs.replace(held, verdict=VerdictKind.UNKNOWN, severity=Severity.DOWN)
    async with api.database.transaction() as connection:
        await states.save(connection, {found.monitor["id"]: states.Judged(blind)})
    await done(api, found, "resolve", reason="r")
    after = await standing(api, found)
    assert (after.verdict, after.severity) == (VerdictKind.UNKNOWN, None)
    assert [event["type"] for event in await events(api)] == ["incident"]


@pytest.mark.parametrize(("what", "body"), [("acknowledge", {}), ("resolve", {"reason": "again"})])
async def test_what_is_over_cannot_be_acknowledged_or_resolved(
    api: Api, found: Outage, what: str, body: dict[str, Any]
) -> None:
    await done(api, found, "resolve", reason="r")
    before = await events(api)
    answer = await do(api, found, what, **body)
    assert (answer.status_code, answer.json()["message"]) == (409, "The incident is resolved")
    assert await events(api) == before


async def test_of_two_who_resolve_at_once_one_does_it(api: Api, found: Outage) -> None:
    answers = await asyncio.gather(*(do(api, found, "resolve", reason=f"r{n}") for n in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    assert [event["type"] for event in await events(api)] == ["verdict", "incident"]


@pytest.mark.parametrize(
    ("what", "body", "said"),
    [
        pytest.param("comments", {}, "comment is required", id="no comment"),
        pytest.param("comments", {"comment": " "}, "comment must be 1 to 2000 characters", id="a blank comment"),
        pytest.param("comments", {"comment": "x" * 2001}, "comment must be 1 to 2000 characters", id="a long comment"),
        pytest.param("comments", {"comment": "a\x00b"}, "none of them a control character", id="NUL"),
        pytest.param("comments", {"comment": 1}, "comment is refused", id="a number"),
        pytest.param("resolve", {}, "reason is required", id="no reason"),
        pytest.param("resolve", {"reason": ""}, "reason must be 1 to 2000 characters", id="an empty reason"),
        pytest.param("resolve", {"reason": "r", "force": True}, "unknown field `force`", id="an unknown field"),
        pytest.param("acknowledge", {"comment": "\x1b[2J"}, "comment must be 0 to 2000", id="an escape sequence"),
    ],
)
async def test_what_breaks_a_rule_is_refused_and_changes_nothing(
    api: Api, found: Outage, what: str, body: dict[str, Any], said: str
) -> None:
    before = (await api.client.get(found.path)).json()
    answer = await do(api, found, what, **body)
    assert answer.status_code == 400
    assert said in answer.json()["message"]
    assert (await api.client.get(found.path)).json() == before
    assert await events(api) == []


async def test_who_was_told_of_the_outage_is_told_that_a_person_ended_it(api: Api, found: Outage) -> None:
    await tell(api, found, "Ops Slack", None)
    await api.value("UPDATE delivery SET state = 'sent' WHERE incident_id = $1", found.incident.id)
    waiting = "SELECT array_agg(notice ->> 'change') FROM delivery WHERE state = 'waiting' AND incident_id = $1"
    await done(api, found, "acknowledge")
    await done(api, found, "comments", comment="c")
    assert await api.value(waiting, found.incident.id) is None
    await done(api, found, "resolve", reason="r")
    assert await api.value(waiting, found.incident.id) == ["resolved"]
