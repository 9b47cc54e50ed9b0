"""A check that the broker did not take is a gap that says so; one that the broker may have taken is not."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from nats.js.api import DiscardPolicy

from controller.broker.streams import ensure_streams
from controller.decisions.schedule.rounds import PlannedCheck
from controller.metrics.counts import Counts
from controller.model import Location, ScheduledMonitor
from controller.pipeline.dispatcher import Dispatcher, expected
from controller.pipeline.housekeeping import settle_checks
from controller.store.checks.dispatch import expect
from controller.store.checks.expected_results import store_expected
from controller.store.locations.locations import present_locations
from controller.store.monitors.scheduled import scheduled_monitors
from controller.trust.keys import Trust
from controller.trust.server_config import server_config
from controller.vault import Vault, VaultKeys
from deploy.local import nats
from deploy.local.supervisor import supervising
from shared.clock import now_ms, utc_now
from shared.epoch import to_datetime
from shared.nats.broker import Broker
from shared.nats.bus import Bus, Message
from shared.nats.errors import BrokerRefusedError, BusError
from shared.wire import subjects
from shared.wire.rounds import Purpose
from tests.fakes.installation import SIGNER, as_controller
from tests.integration.pipeline.scheduling import KEY, controller
from tests.integration.pipeline.small_installation import SmallInstallation, a_result, eventually

CHECK = subjects.check("DE", "de", "smtp")


class DispatchCase:
    """A dispatcher, and a monitor whose checks may begin for five seconds."""

    def __init__(self, installation: SmallInstallation, bus: Bus) -> None:
        self.installation = installation
        self.counts = Counts()
        self.dispatcher = Dispatcher(installation.db, bus, Vault(VaultKeys(KEY)), SIGNER, self.counts)
        self.monitor: ScheduledMonitor
        self.locations: list[Location] = []

    async def begin(self) -> None:
        await self.installation.monitor(interval=10)
        [self.monitor] = await scheduled_monitors(self.installation.db)
        self.locations = list(await present_locations(self.installation.db))

    async def dispatch(self, due_ms: int) -> None:
        """Plan a round and publish it, as a leader does."""
        checks = [PlannedCheck(self.monitor, due_ms, here, Purpose.SCHEDULED) for here in self.locations]
        await expect(self.installation.db, [expected(check) for check in checks])
        await self.dispatcher.dispatch(checks)

    async def gaps(self) -> list[str]:
        """The reason of each gap once everything that was planned is settled."""
        await settle_checks(self.installation.db)
        await self.installation.value("UPDATE dispatch SET settle_at = now() - interval '1 ms'")
        await settle_checks(self.installation.db)
        return [reason for (reason,) in await self.installation.rows("SELECT reason FROM gap")]

    def counted(self) -> tuple[float, float]:
        """How many attempts failed, and how many checks were given up."""
        return self.counts.dispatch_waits.figures(())[0], self.counts.dispatch_lost.figures(())[0]


@pytest.fixture
async def case(small_installation: SmallInstallation) -> DispatchCase:
    case = DispatchCase(small_installation, small_installation.bus)
    await case.begin()
    return case


async def _full(bus: Bus) -> None:
    """CHECKS takes nothing more."""
    manager = bus.client.jsm()
    config = (await manager.stream_info(subjects.CHECKS)).config
    await manager.update_stream(config.evolve(max_bytes=1, discard=DiscardPolicy.NEW))


async def test_checks_that_a_full_stream_refused_are_gaps_that_say_so(case: DispatchCase) -> None:
    await _full(case.installation.bus)
    due_ms = now_ms() - 4_000
    await case.dispatch(due_ms)
    assert await case.gaps() == ["broker_refused"] * 2
    attempts, lost = case.counted()
    assert attempts >= 2
    assert lost == 2
    assert case.dispatcher.was_refused(due_ms)
    assert case.dispatcher.was_refused(due_ms + 4_100)
    assert not case.dispatcher.was_refused(due_ms - 60_000)


async def test_checks_of_a_broker_that_is_away_are_gaps_that_say_so(
    small_installation: SmallInstallation,
) -> None:
    async with Bus.open(Broker("nats://127.0.0.1:1"), name="test") as away:
        case = DispatchCase(small_installation, away)
        await case.begin()
        await case.dispatch(now_ms() - 4_000)
        assert await case.gaps() == ["broker_refused"] * 2


async def test_a_triggered_check_that_was_refused_is_a_gap_that_says_so(case: DispatchCase) -> None:
    await _full(case.installation.bus)
    with pytest.raises(BusError):
        await case.dispatcher.dispatch_triggered(case.monitor, case.locations)
    assert await case.gaps() == ["broker_refused"] * 2


async def test_a_result_that_comes_after_all_removes_the_gap(case: DispatchCase) -> None:
    """A former leader may have published the same check before."""
    await _full(case.installation.bus)
    due_ms = now_ms() - 4_000
    await case.dispatch(due_ms)
    assert await case.gaps() == ["broker_refused"] * 2
    late = a_result(case.monitor.public_id, due_at=to_datetime(due_ms))
    [stored] = await store_expected(case.installation.db, [late])
    assert stored is not None
    assert stored.new
    assert await case.gaps() == ["broker_refused"]  # that of the other location


@asynccontextmanager
async def own_server(folder: Path, installation: Trust) -> AsyncIterator[tuple[Bus, int]]:
    """A nats-server of this test alone, with its process id."""
    server = nats.prepare(folder / "nats", server_config(installation, utc_now()))
    async with supervising() as supervisor:
        await supervisor.start(server.part(folder / "nats.log"))
        async with Bus.open(as_controller(server.url, installation), name="test") as bus:
            await bus.wait_connected()
            await ensure_streams(bus)
            yield bus, supervisor.pids["nats"]


async def test_a_check_that_the_broker_may_have_taken_stays_without_a_result(
    small_installation: SmallInstallation, installation: Trust, tmp_path: Path
) -> None:
    async with own_server(tmp_path, installation) as (bus, pid):
        case = DispatchCase(small_installation, bus)
        await case.begin()
        os.kill(pid, signal.SIGSTOP)
        try:
            await case.dispatch(now_ms())
        finally:
            os.kill(pid, signal.SIGCONT)
        assert await case.gaps() == ["no_result"] * 2


async def test_the_broker_says_which_messages_it_has_taken_and_stores_nothing(bus: Bus) -> None:
    def message(identity: str) -> Message:
        return Message(CHECK, b"{}", identity)

    await bus.publish(message("taken"))
    assert await bus.taken([message("taken"), message("never sent")]) == [True, False]
    assert (await bus.client.jsm().stream_info(subjects.CHECKS)).state.messages == 1
    await _full(bus)
    with pytest.raises(BrokerRefusedError):
        await bus.publish(message("refused"))
    assert await bus.taken([message("taken"), message("refused")]) == [True, False]
    await bus.client.jsm().delete_stream(subjects.CHECKS)
    assert await bus.taken([message("taken")]) == [None]


async def test_the_rest_is_not_sent_when_the_broker_answers_nothing(installation: Trust, tmp_path: Path) -> None:
    """Each window waits for five seconds, so thousands of requests would hold the scheduler up for minutes."""
    async with own_server(tmp_path, installation) as (bus, pid):
        messages = [Message(CHECK, b"{}", str(number)) for number in range(600)]
        os.kill(pid, signal.SIGSTOP)
        try:
            outcomes = await bus.publish_all(messages)
        finally:
            os.kill(pid, signal.SIGCONT)
        sent = [outcome for outcome in outcomes if not isinstance(outcome, BrokerRefusedError)]
        assert len(outcomes) == 600
        assert None not in outcomes
        assert len(sent) == 256
        assert await bus.taken(messages) == [True] * 256 + [False] * 344


async def test_rounds_that_became_due_while_the_scheduler_waited_for_the_broker_are_not_late(
    small_installation: SmallInstallation, database_url: str
) -> None:
    async with controller(small_installation, database_url) as it:
        await _full(small_installation.bus)
        await small_installation.monitor(interval=3600)

        async def waits() -> bool:
            return it.dispatcher._refused_until > 0

        await eventually(waits)
        seldom = await small_installation.value("SELECT max(id) FROM monitor")
        await small_installation.monitor(interval=10)
        it.clock.advance(61_000)

        async def planned() -> bool:
            return bool(
                await small_installation.value(
                    "SELECT EXISTS (SELECT FROM dispatch WHERE monitor_ids[1] <> $1)", seldom
                )
            )

        await eventually(planned)
    reasons = await small_installation.rows(
        "SELECT reason, count(*) FROM dispatch WHERE monitor_ids[1] <> $1 AND due_second < $2 GROUP BY 1",
        seldom,
        utc_now() + timedelta(seconds=40),
    )
    assert [reason for reason, _ in reasons] == ["broker_refused"]
