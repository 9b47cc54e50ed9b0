"""Which requests ask for the dialogue of a check that passes."""

from __future__ import annotations

from uuid import UUID

from controller.decisions.schedule.dialogues import DAY_MS, wants_transcript
from controller.store.monitors.scheduled import monitor_to_trigger
from shared.epoch import to_ms
from shared.wire.messages import CheckRequest
from shared.wire.rounds import Purpose, next_due_ms
from tests.integration.pipeline.scheduling import Controller, controller
from tests.integration.pipeline.small_installation import SmallInstallation, eventually


async def request_of(installation: SmallInstallation, monitor: UUID) -> CheckRequest:
    """The next request of this monitor."""
    found: list[CheckRequest] = []

    async def taken() -> bool:
        found.extend(one for one in await installation.take_requests("DE", 0.1) if one.monitor_id == monitor)
        return bool(found)

    await eventually(taken)
    return found[0]


async def request_after(installation: SmallInstallation, it: Controller, before: CheckRequest) -> CheckRequest:
    """The request of the next round. The clock is advanced to shortly before it."""
    due = next_due_ms(before.monitor_id, 60_000, to_ms(before.due_at), to_ms(before.due_at))
    it.clock.advance(max(0, due - it.clock() - 300))
    return await request_of(installation, before.monitor_id)


async def off_its_daily_round(installation: SmallInstallation, it: Controller) -> UUID:
    """A new monitor; its round of the day is not among the next ones."""
    while True:
        public_id = await installation.monitor(interval=60)
        number = await installation.value("SELECT id FROM monitor WHERE public_id = $1", public_id)
        monitor = await monitor_to_trigger(installation.db, number)
        assert monitor is not None
        moments = range(it.clock() + 1_000, it.clock() + DAY_MS // 96, 60_000)
        if not any(wants_transcript(monitor, due, [], Purpose.SCHEDULED, frozenset()) for due in moments):
            return public_id


async def test_the_first_check_and_those_during_an_incident_bring_their_dialogue(
    small_installation: SmallInstallation, database_url: str
) -> None:
    async with controller(small_installation, database_url, ready=("DE",)) as it:
        monitor = await off_its_daily_round(small_installation, it)
        first = await request_of(small_installation, monitor)
        latest = await request_after(small_installation, it, first)
        assert (first.want_transcript, latest.want_transcript) == (True, False)
        await small_installation.value(
            "INSERT INTO incident (organization_id, customer_id, monitor_id, severity, reason, evidence,"
            " outage_started_at, started_at) SELECT organization_id, customer_id, id, 'down', 'refused', '{}',"
            " now(), now() FROM monitor WHERE public_id = $1",
            monitor,
        )
        for _ in range(3):  # a machine that stalls may learn of it a round later
            latest = await request_after(small_installation, it, latest)
            if latest.want_transcript:
                break
        assert latest.want_transcript
