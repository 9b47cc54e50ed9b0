"""Real agents keep sending results while their location is given new keys: none is lost, and `--now` is at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import msgspec

from agent.net.tls import Trust
from controller.broker.streams import ensure_check_consumer
from controller.model import GapReason
from controller.pipeline.ingestor import Ingestor
from controller.pipeline.loops import keep
from controller.store.checks.dispatch import Expected, expect
from controller.store.locations import keys
from controller.trust.keys import Trust as Installation
from shared.clock import utc_now
from shared.epoch import to_datetime, to_ms
from shared.nats.credentials import parse
from shared.wire.enrolment import Enrolment
from shared.wire.rounds import Purpose, check_id
from shared.wire.targets import KINDS
from tests.fakes.certificates import Certificates
from tests.fakes.context import request
from tests.fakes.installation import enrolled
from tests.fakes.scripted_server import ScriptedServer, playing
from tests.integration.agent.running_agent import POLITE, agent, send_request, target
from tests.integration.pipeline.small_installation import SmallInstallation, eventually

_PAUSE_SECONDS = 0.02


class Load:
    """Requests of checks that are expected, one after the other, until `stopping` is set: a task that is cancelled may
    have sent one that it did not count.
    """

    def __init__(self, small_installation: SmallInstallation, server: ScriptedServer) -> None:
        self.installation = small_installation
        self.server = server
        self.sent = 0
        self.stopping = False
        self._last = 0

    async def run(self) -> None:
        monitor = await self.installation.monitor(interval=60, countries=["DE"])
        number = await self.installation.value("SELECT id FROM monitor")
        location = await self.installation.value("SELECT id FROM location WHERE code = 'de'")
        while not self.stopping:
            due = self._last = max(self._last + 1, to_ms(utc_now()))
            settle_at = due + 3_600_000
            expected = Expected(number, due, location, Purpose.TRIGGERED, GapReason.NO_RESULT, settle_at)
            await expect(self.installation.db, [expected])
            one = request(target(self.server), timeout_seconds=30, start_in_seconds=60)
            identity = check_id(monitor, due, "de", Purpose.TRIGGERED)
            due_at = to_datetime(due)
            await send_request(
                self.installation.bus,
                msgspec.structs.replace(
                    one, check_id=identity, monitor_id=monitor, purpose=Purpose.TRIGGERED, due_at=due_at
                ),
            )
            self.sent += 1
            await asyncio.sleep(_PAUSE_SECONDS)

    async def stored(self) -> int:
        return int(await self.installation.value("SELECT count(*) FROM result"))

    async def more(self, count: int = 20) -> None:
        """Return when so many more results are stored."""
        least = await self.stored() + count

        async def done() -> bool:
            return await self.stored() >= least

        await eventually(done)

    async def refused(self) -> dict[str, int]:
        rows = await self.installation.rows("SELECT why, sum(messages)::int FROM dead_letter_count GROUP BY why")
        return dict(rows)


@asynccontextmanager
async def running(load: Load) -> AsyncIterator[asyncio.Task[None]]:
    ingestor = Ingestor(load.installation.db, load.installation.bus)
    ingesting = asyncio.create_task(keep("ingest", ingestor.ingest))
    sending = asyncio.create_task(load.run())
    try:
        yield sending
    finally:
        for task in (sending, ingesting):
            task.cancel()
        await asyncio.wait([sending, ingesting])


async def rotated(small_installation: SmallInstallation, enrolment: Enrolment, keep_for: timedelta) -> None:
    async with keys.rotating(small_installation.db, "de") as rotation:
        assert rotation
        user = parse(enrolment.nats_credentials.reveal()).user
        await rotation.store(sealing_key=user, nats_user=user, keep=keep_for)


async def test_new_keys_lose_no_result_and_a_key_that_was_ended_now_adds_none(
    small_installation: SmallInstallation, nats_url: str, installation: Installation, certificates: Certificates
) -> None:
    for kind in KINDS:
        await ensure_check_consumer(small_installation.bus, country="DE", location="de", kind=kind)
    sealing_key = small_installation.sealing_keys["de"]
    first, second, third = (enrolled(nats_url, installation, sealing_key) for _ in range(3))
    trust = Trust(certificates.roots)
    await rotated(small_installation, first, timedelta(days=1))
    await small_installation.value("UPDATE location SET signed_only_from = now()")
    async with playing(POLITE) as server, running(load := Load(small_installation, server)) as sending:
        async with agent(first, trust, agent_name="first"):
            await load.more()
            await rotated(small_installation, second, timedelta(days=1))
            await load.more()  # with the old file
            async with agent(second, trust, agent_name="second"):
                await load.more()
        async with agent(second, trust, agent_name="second"):
            await load.more()
            assert await load.refused() == {}

            await rotated(small_installation, third, timedelta())

            async def cut_off() -> bool:
                return bool(await load.refused())

            await eventually(cut_off)
        async with agent(third, trust, agent_name="third"):
            await load.more()
            load.stopping = True
            await asyncio.wait([sending])

            async def all_accounted_for() -> bool:
                return await load.stored() + sum((await load.refused()).values()) == load.sent

            await eventually(all_accounted_for)
    assert (await load.refused()).keys() == {"ended_key"}
