"""Events hold the kind of their monitor, so that streams can be filtered by it."""

from __future__ import annotations

import msgspec

from controller.pipeline.event_relay import relay_events
from shared.wire.events import IncidentEvent, VerdictEvent
from shared.wire.messages import EventType
from tests.integration.pipeline.evaluation_case import EvaluationCase
from tests.integration.pipeline.ingest_case import IngestCase
from tests.integration.pipeline.small_installation import SmallInstallation, a_result


async def test_a_result_event_has_the_kind_of_its_monitor(
    small_installation: SmallInstallation, ingest_case: IngestCase
) -> None:
    monitors = {kind: await small_installation.monitor(kind=kind) for kind in ("smtp", "imap", "pop3")}
    for monitor in monitors.values():
        due_at = await small_installation.value("SELECT target_changed_at FROM monitor WHERE public_id = $1", monitor)
        await small_installation.report(a_result(monitor, due_at=due_at))
    await ingest_case.drain()
    assert {event.monitor_id: event.kind for event in await small_installation.events()} == {
        monitor: kind for kind, monitor in monitors.items()
    }


async def test_verdict_and_incident_events_have_the_kind_of_their_monitor(case: EvaluationCase) -> None:
    small_installation = case.installation
    monitor = await case.monitor(kind="imap")
    await case.evaluate(monitor, 0, "fff")
    await case.recheck(monitor, "fff")
    await relay_events(small_installation.db, small_installation.bus)
    [incident] = await small_installation.published(EventType.INCIDENT)
    assert msgspec.json.decode(incident, type=IncidentEvent).kind == "imap"
    verdicts = [
        msgspec.json.decode(body, type=VerdictEvent) for body in await small_installation.published(EventType.VERDICT)
    ]
    assert verdicts
    assert {event.kind for event in verdicts} == {"imap"}
