"""Whoever follows the stream learns what was changed by whom, and when maintenance begins and ends; never a value."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from shared.wire import subjects
from shared.wire.side_events import ConfigurationEvent, MaintenanceEvent
from tests.integration.api.audit.world import MARK, World
from tests.integration.api.conftest import CUSTOMER, ORGANIZATION


@pytest.fixture(autouse=True)
async def empty(world: World) -> None:
    await world.api.value("DELETE FROM event_outbox")


async def waiting(world: World) -> list[tuple[str, dict[str, Any]]]:
    async with world.api.database.connection() as connection:
        rows = await connection.fetch("SELECT subject, body FROM event_outbox ORDER BY id")
    return [(row["subject"], msgspec.json.decode(row["body"])) for row in rows]


async def configurations(world: World) -> list[tuple[str, ConfigurationEvent]]:
    return [
        (subject, msgspec.convert(body, ConfigurationEvent))
        for subject, body in await waiting(world)
        if body["type"] == "configuration"
    ]


async def test_a_change_of_a_monitor_names_its_fields_and_its_author_and_no_value(world: World) -> None:
    made = await world.smtp()
    await world.send(
        "PATCH", f"/api/smtp-monitors/{made['publicId']}", {"port": 2525, "smtpConfig": {"smtpPassword": f"{MARK}-new"}}
    )
    (_, created), (subject, changed) = await configurations(world)
    assert (created.action, changed.action) == ("monitor.created", "monitor.changed")
    assert subject == subjects.event(changed.organization_id, changed.customer_id, changed.monitor_id, "configuration")
    assert (str(changed.customer_id), str(changed.monitor_id)) == (CUSTOMER, made["publicId"])
    assert (changed.object.kind, changed.object.id, changed.kind) == ("monitor", made["publicId"], "smtp")
    assert (changed.by.kind, changed.by.id) == ("person", world.admin.public_id)
    assert "port" in changed.fields
    assert any(name.startswith("config.") for name in changed.fields)
    text = str(await waiting(world))
    assert MARK not in text
    assert world.admin.email not in text


async def test_what_belongs_to_the_organization_has_a_subject_that_no_customer_can_read(world: World) -> None:
    await world.channel()
    [(subject, event)] = await configurations(world)
    assert event.action == "channel.created"
    assert (event.customer_id, event.monitor_id) == (None, None)
    assert subject == f"mailprobe.event.{event.organization_id}.none.none.configuration"
    assert MARK not in str(await waiting(world))


async def test_an_object_of_a_customer_is_on_its_subject(world: World) -> None:
    await world.send("PATCH", f"/api/customers/{CUSTOMER}", {"notificationEmail": "ada@example.com"})
    [(subject, event)] = await configurations(world)
    assert (event.object.kind, str(event.customer_id)) == ("customer", CUSTOMER)
    assert subject.startswith(f"mailprobe.event.{event.organization_id}.{CUSTOMER}.none.")


async def test_maintenance_begins_and_ends_once(world: World) -> None:
    made = await world.smtp()
    for status in ("maintenance", "maintenance", "active"):
        await world.send("PATCH", f"/api/smtp-monitors/{made['publicId']}", {"status": status})
    events = [
        msgspec.convert(body, MaintenanceEvent) for _, body in await waiting(world) if body["type"] == "maintenance"
    ]
    assert [event.change for event in events] == ["began", "ended"]
    assert {(str(event.monitor_id), str(event.customer_id), event.kind) for event in events} == {
        (made["publicId"], CUSTOMER, "smtp")
    }
    assert str(events[0].organization_id) == ORGANIZATION


async def test_tokens_and_channels_have_the_ids_of_our_own_api(world: World) -> None:
    token = await world.send("POST", "/api/v1/tokens", {"name": "robot", "scope": "admin"})
    world.secrets.append(token["token"])
    own = {"authorization": f"Bearer {token['token']}", "cookie": ""}
    config = {"type": "email", "to": ["oncall@example.com"]}
    channel = await world.send("POST", "/api/v1/channels", {"name": "On call", "config": config}, **own)
    events = [event for _, event in await configurations(world)]
    assert [(event.object.kind, event.object.id) for event in events] == [
        ("token", token["id"]),
        ("channel", channel["id"]),
    ]
    assert (events[1].by.kind, events[1].by.id) == ("token", token["id"])
    entries = await world.send("GET", f"/api/v1/audit?objectId={channel['id']}")
    assert [entry["actor"]["id"] for entry in entries["items"]] == [token["id"]]
