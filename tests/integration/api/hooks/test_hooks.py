"""`/hooks`: what is done in an on-call service is done to the incidents handed over to it, and to no other."""

from __future__ import annotations

import hmac
import json
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from shared.clock import utc_now
from shared.epoch import to_text
from tests.integration.api.conftest import Api, client_of
from tests.integration.api.outages import Outage, make_locations, outage

SECRET = "of-the-webhook-subscription"


@pytest.fixture
async def found(api: Api) -> Outage:
    await make_locations(api)
    await api.value("DELETE FROM request_count")
    return await outage(api, await api.create())


async def channel(api: Api, type_: str = "pagerduty", **config: Any) -> dict[str, Any]:
    key = {"routingKey": "R" * 32} if type_ == "pagerduty" else {"apiKey": "k" * 36}
    given: dict[str, Any] = {"type": type_, **key, "webhookSecret": SECRET, **config}
    answer = await api.client.post("/api/v1/channels", json={"name": "Duty", "config": given})
    assert answer.status_code == 201, answer.text
    assert SECRET not in answer.text
    made: dict[str, Any] = answer.json()
    return made


async def told(api: Api, found: Outage, channel_id: str) -> int:
    """Store that the channel was notified of the incident's opening, and return the delivery."""
    number: int = await api.value(
        "INSERT INTO delivery (organization_id, incident_id, change_id, type, receiver, channel_id, channel_name,"
        " notice, state) SELECT $1, $2, $3, type, name, id, name, '{}', 'sent' FROM notification_channel"
        " WHERE public_id = $4 RETURNING id",
        found.incident.organization_id,
        found.incident.id,
        found.opened.id,
        UUID(channel_id),
    )
    return number


def event(key: object, kind: str = "incident.acknowledged") -> bytes:
    agent = {"id": "P1", "type": "user_reference", "summary": "Jane Doe"}
    data = {"id": "PT4KHLK", "type": "incident", "incident_key": str(key)}
    sent = {"id": "e1", "event_type": kind, "occurred_at": to_text(utc_now()), "agent": agent, "data": data}
    return json.dumps({"event": sent}).encode()


async def call(
    api: Api, channel_id: str, body: bytes, *, secret: str = SECRET, service: str = "pagerduty"
) -> httpx.Response:
    """As the service does: without a token."""
    signature = "v1=" + hmac.new(secret.encode(), body, "sha256").hexdigest()
    headers = {
        "X-PagerDuty-Signature": signature,
        "Authorization": f"Bearer {secret}",
        "Content-Type": "application/json",
    }
    async with client_of(api.application) as client:
        return await client.post(f"/hooks/{service}/{channel_id}", content=body, headers=headers)


async def changes(api: Api, found: Outage) -> list[tuple[str, str | None]]:
    body = (await api.client.get(found.path)).json()
    return [(change["kind"], change["doneBy"]) for change in body["timeline"]["changes"]]


async def test_an_acknowledgement_there_is_one_here_once(api: Api, found: Outage) -> None:
    duty = await channel(api)
    await told(api, found, duty["id"])
    body = event(found.incident.public_id)
    for _ in range(2):
        answer = await call(api, duty["id"], body)
        assert (answer.status_code, answer.json()) == (200, {"outcome": "acknowledged"})
    assert (await changes(api, found))[1:] == [("acknowledged", "PagerDuty: Jane Doe")]
    entry = await api.value(
        "SELECT actor_kind || ' ' || actor_name FROM audit WHERE action = 'incident.acknowledged' AND object_id = $1",
        str(found.incident.public_id),
    )
    assert entry == "service PagerDuty: Jane Doe"


async def test_an_end_there_resolves_as_a_person_does_and_is_not_sent_back(api: Api, found: Outage) -> None:
    duty, other = await channel(api), await channel(api)
    for one in (duty, other):
        await told(api, found, one["id"])
    answer = await call(api, duty["id"], event(found.incident.public_id, "incident.resolved"))
    assert answer.json() == {"outcome": "resolved"}
    assert (await changes(api, found))[-1] == ("resolved", "PagerDuty: Jane Doe")
    again = await call(api, duty["id"], event(found.incident.public_id, "incident.resolved"))
    assert again.json() == {"outcome": "ignored"}
    source = await api.value(
        "SELECT channel.public_id FROM incident_change JOIN notification_channel AS channel"
        " ON channel.id = incident_change.channel_id WHERE incident_id = $1 AND kind = 'resolved'",
        found.incident.id,
    )
    assert str(source) == duty["id"]


async def test_opsgenie_brings_the_secret_in_a_header(api: Api, found: Outage) -> None:
    duty = await channel(api, "opsgenie")
    await told(api, found, duty["id"])
    alert = {"alias": str(found.incident.public_id), "username": "jane@example.com"}
    body = json.dumps({"action": "Acknowledge", "alert": alert}).encode()
    assert (await call(api, duty["id"], body, service="opsgenie", secret="x" * 20)).status_code == 401
    assert (await call(api, duty["id"], body, service="opsgenie")).json() == {"outcome": "acknowledged"}
    assert (await changes(api, found))[-1] == ("acknowledged", "Opsgenie: jane@example.com")


async def test_all_incidents_that_joined_the_alerts_group_are_acknowledged(api: Api, found: Outage) -> None:
    duty = await channel(api)
    delivery = await told(api, found, duty["id"])
    joined, apart = await outage(api, await api.create()), await outage(api, await api.create())
    group = await api.value(
        "INSERT INTO incident_group (organization_id, kind, cause) VALUES ($1, 'cause', 'c') RETURNING id",
        found.incident.organization_id,
    )
    await api.value(
        "INSERT INTO grouped_change (group_id, receiver_key, incident_id, change_id, kind, delivery_id)"
        " SELECT $1, receiver_key(type, receiver, channel_id), $2, $3, 'opened', id FROM delivery WHERE id = $4",
        *(group, joined.incident.id, joined.opened.id, delivery),
    )
    other = await channel(api)
    before = [await told(api, one, other["id"]) for one in (found, joined, apart)]
    answer = await call(api, duty["id"], event(found.incident.public_id))
    assert answer.json() == {"outcome": "acknowledged"}
    found_kinds = [[kind for kind, _ in await changes(api, one)] for one in (found, joined, apart)]
    assert found_kinds == [["opened", "acknowledged"], ["opened", "acknowledged"], ["opened"]]
    assert await api.value("SELECT count(*) FROM delivery WHERE id > $1", max(before)) == 1, "one message, for both"


async def test_what_does_not_concern_the_channel_is_ignored(api: Api, found: Outage) -> None:
    duty = await channel(api)
    for body in (
        event(found.incident.public_id),  # it was not notified of this one
        event(uuid4()),
        event("opened by hand"),
        event(found.incident.public_id, "incident.annotated"),
    ):
        answer = await call(api, duty["id"], body)
        assert (answer.status_code, answer.json()) == (200, {"outcome": "ignored"})
    assert [kind for kind, _ in await changes(api, found)] == ["opened"]


async def test_whoever_cannot_sign_changes_nothing(api: Api, found: Outage) -> None:
    duty, silent = await channel(api), await channel(api, webhookSecret=None)
    off = await channel(api)
    await api.client.patch(f"/api/v1/channels/{off['id']}", json={"enabled": False})
    for one in (duty, silent, off):
        await told(api, found, one["id"])
    body = event(found.incident.public_id)
    refused = [
        (await call(api, duty["id"], body, secret="another")).status_code,
        (await call(api, silent["id"], body)).status_code,
        (await call(api, off["id"], body)).status_code,
        (await call(api, duty["id"], body, service="opsgenie")).status_code,
        (await call(api, duty["id"], body, service="goalert")).status_code,
        (await call(api, str(uuid4()), body)).status_code,
        (await call(api, "1", body)).status_code,
        (await call(api, duty["id"], b"[]")).status_code,
        (await call(api, duty["id"], b"x" * 300_000)).status_code,
    ]
    assert refused == [401, 401, 404, 404, 404, 404, 400, 400, 413]
    async with client_of(api.application) as client:
        assert (await client.post(f"/hooks/pagerduty/{duty['id']}", content=body)).status_code == 401
        assert (await client.post(f"/hooks/pagerduty/{duty['id']}", data={"event": "x"})).status_code == 415
    assert [kind for kind, _ in await changes(api, found)] == ["opened"]
