"""An agent learns from the answers to its heartbeats how its clock stands to the broker's, and ops see it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from time import monotonic

import msgspec
import pytest

from agent.courtesy.checker import Checker
from agent.courtesy.desk import Desk
from agent.courtesy.logins import RefusedLogins
from agent.courtesy.turns import Turns
from agent.runner import Station
from agent.worker import Worker
from controller.pipeline.roster import Roster
from controller.store import locations
from shared.broker import Broker
from shared.bus import Bus
from shared.clock import BrokerClock, now_ms, utc_now
from shared.messages import CLOCK_TOLERANCE_MS
from shared.subjects import CHECKS
from tests.fakes.certificates import Certificates
from tests.fakes.installation import VERIFIER
from tests.fakes.scripted_server import playing
from tests.fakes.station import request, station
from tests.integration.agent.at_work import POLITE, ask, results, target
from tests.integration.pipeline.world import World, eventually

HOUR_MS = 3_600_000


@asynccontextmanager
async def watched(world: World) -> AsyncIterator[Roster]:
    """A controller's roster that follows heartbeats."""
    roster = Roster(world.db, world.bus)
    await roster.refresh()
    following = asyncio.create_task(roster.follow_heartbeats())
    try:
        await asyncio.sleep(0)
        await world.bus.client.flush()
        yield roster
    finally:
        following.cancel()
        await asyncio.wait([following])


def with_clock(here: Station, ahead_ms: int) -> Station:
    clock = BrokerClock(wall_ms=lambda: now_ms() + ahead_ms)
    return msgspec.structs.replace(here, reach=msgspec.structs.replace(here.reach, clock=clock))


@asynccontextmanager
async def working(broker: Broker, here: Station) -> AsyncIterator[Worker]:
    stop = asyncio.Event()
    desk = Desk(Turns(at_once=5, per_second=100, most_waiting=10), RefusedLogins(), monotonic)
    async with Bus.open(broker, name="agent") as bus:
        await bus.wait_connected()
        checker = Checker(here, desk, exempt=here.reach.allowed)
        worker = Worker(bus, here, checker, VERIFIER, concurrency=10, per_second=100, drain_seconds=1)
        running = asyncio.create_task(worker.run(stop))
        try:
            yield worker
        finally:
            stop.set()
            await running


async def seen_offset(world: World) -> float | None:
    offset: float | None = await world.value("SELECT clock_offset_ms FROM agent")
    return offset


@pytest.mark.parametrize(
    "ahead_ms",
    [
        pytest.param(HOUR_MS, id="an hour ahead"),
        pytest.param(-HOUR_MS, id="an hour behind"),
    ],
)
async def test_an_agent_whose_clock_is_wrong_still_begins_in_time_and_tells_the_right_times(
    world: World, broker: Broker, certificates: Certificates, ahead_ms: int
) -> None:
    """Ahead, it would find every request too late; behind, it would begin what is long too late."""
    async with (
        station(certificates) as plain,
        playing(POLITE) as server,
        watched(world),
        working(broker, with_clock(plain, ahead_ms)) as worker,
    ):
        too_late = request(target(server), start_in_seconds=-1)
        in_time = request(target(server))
        began = utc_now()
        await ask(world.bus, too_late)
        await ask(world.bus, in_time)
        [result] = await results(world.bus, 1)
        assert result.check_id == in_time.check_id
        assert result.failure is None
        assert timedelta(seconds=-0.1) < result.started_at - began < timedelta(seconds=5)

        await worker.beat()
        offset = await eventually(lambda: seen_offset(world))
        sent, started = await world.value("SELECT ARRAY[last_seen_at, started_at] FROM agent")
        assert abs(sent - started) < timedelta(minutes=1), "when it started is told by the right clock, too"
    assert offset == pytest.approx(ahead_ms, abs=200)
    assert abs(offset or 0) > CLOCK_TOLERANCE_MS


async def test_the_answer_to_a_heartbeat_is_what_the_brokers_clock_shows(
    world: World, broker: Broker, certificates: Certificates
) -> None:
    async with station(certificates) as here, watched(world), working(broker, here) as worker:
        await eventually(lambda: world.value("SELECT count(*) FROM agent"))
        await worker.beat()
        told = here.reach.clock.broker_now()
        assert abs(told - await world.bus.clock(CHECKS)) < timedelta(seconds=0.2)


async def test_readiness_is_by_the_databases_clock(world: World) -> None:
    """A controller whose own clock is wrong sees the same agents ready as the others."""
    async with watched(world) as roster:
        await world.heartbeat("DE")
        await eventually(lambda: world.value("SELECT count(*) FROM agent"))
        now, _ = await locations.sightings(world.db)
        assert abs(now - await world.value("SELECT clock_timestamp()")) < timedelta(seconds=1)
        await roster.refresh()
        assert roster._abilities[1]
        await world.value("UPDATE agent SET last_seen_at = clock_timestamp() - interval '31 seconds'")
        await roster.refresh()
        assert not roster._abilities[1]
