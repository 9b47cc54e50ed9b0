"""Events tell the kind of their monitor, so that streams can be filtered by it."""

from __future__ import annotations

import msgspec

from controller.pipeline.event_relay import tell_events
from shared.wire.events import IncidentEvent, VerdictEvent
from shared.wire.messages import EventType
from tests.integration.pipeline.court import Court
from tests.integration.pipeline.pipe import Pipe
from tests.integration.pipeline.world import World, a_result


async def test_a_result_tells_the_kind_of_its_monitor(world: World, pipe: Pipe) -> None:
    monitors = {kind: await world.monitor(kind=kind) for kind in ("smtp", "imap", "pop3")}
    for monitor in monitors.values():
        due_at = await world.value("SELECT target_changed_at FROM monitor WHERE public_id = $1", monitor)
        await world.report(a_result(monitor, due_at=due_at))
    await pipe.drain()
    assert {event.monitor_id: event.kind for event in await world.events()} == {
        monitor: kind for kind, monitor in monitors.items()
    }


async def test_a_verdict_and_an_incident_tell_the_kind_of_their_monitor(court: Court) -> None:
    world = court.world
    monitor = await court.monitor(kind="imap")
    await court.look(monitor, 0, "fff")
    await court.recheck(monitor, "fff")
    await tell_events(world.db, world.bus)
    [incident] = await world.published(EventType.INCIDENT)
    assert msgspec.json.decode(incident, type=IncidentEvent).kind == "imap"
    verdicts = [msgspec.json.decode(body, type=VerdictEvent) for body in await world.published(EventType.VERDICT)]
    assert verdicts
    assert {event.kind for event in verdicts} == {"imap"}
