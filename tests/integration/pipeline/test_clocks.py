"""An agent learns from the answers to its heartbeats how its clock stands to the broker's, and ops see it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from secrets import token_urlsafe
from time import monotonic

import msgspec
import pytest
import structlog

from agent.checks.runner import Station
from agent.intake.worker import Worker
from agent.throttling.limiter import Desk
from agent.throttling.permits import Turns
from agent.throttling.refused_logins import RefusedLogins
from agent.throttling.throttled_check import Checker
from controller.broker.streams import ensure_check_consumer
from controller.pipeline.location_registry import Roster
from controller.store.locations import locations
from controller.trust.keys import new_request_key
from shared.clock import BrokerClock, now_ms, utc_now
from shared.nats.broker import Broker
from shared.nats.bus import Bus
from shared.nats.deliveries import Heard
from shared.wire.messages import CLOCK_TOLERANCE_MS, ClockReading, Heartbeat
from shared.wire.signing import Signer
from shared.wire.subjects import ALL_AGENTS, CHECKS
from tests.fakes.certificates import Certificates
from tests.fakes.installation import SIGNER, VERIFIER
from tests.fakes.scripted_server import playing
from tests.fakes.station import request, station
from tests.integration.agent.at_work import POLITE, ask, results, target
from tests.integration.pipeline.world import World, eventually

HOUR_MS = 3_600_000
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Agents wait for the time on a machine that stands still, too."""
    monkeypatch.setattr("agent.heartbeats.ANSWER_SECONDS", 15.0)


@asynccontextmanager
async def watched(world: World, clock: BrokerClock | None = None) -> AsyncIterator[Roster]:
    """A controller's roster that follows heartbeats."""
    roster = Roster(world.db, world.bus, SIGNER, clock=clock)
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
        too_late = request(target(server), start_in_seconds=-60)
        in_time = request(target(server))
        began = utc_now()
        await ask(world.bus, too_late)
        await ask(world.bus, in_time)
        [result] = await results(world.bus, 1)
        assert result.check_id == in_time.check_id
        assert result.failure is None
        assert abs(result.started_at - began) < MINUTE

        await worker.heartbeats.beat()
        offset = await eventually(lambda: seen_offset(world))
        sent, started = await world.value("SELECT ARRAY[last_seen_at, started_at] FROM agent")
        assert abs(sent - started) < MINUTE, "when it started is told by the right clock, too"
    assert offset == pytest.approx(ahead_ms, abs=60_000)
    assert abs(offset or 0) > CLOCK_TOLERANCE_MS


async def test_the_answer_to_a_heartbeat_is_what_the_brokers_clock_shows(
    world: World, broker: Broker, certificates: Certificates
) -> None:
    """Give or take what who answers and who asks cannot know of it, for their own questions took a while."""
    async with station(certificates) as here, watched(world) as roster, working(broker, here) as worker:
        await eventually(lambda: world.value("SELECT count(*) FROM agent"))
        await worker.heartbeats.beat()
        before = await world.bus.clock(CHECKS)
        told = here.reach.clock.broker_now()
        doubts = [clock._best.doubt_ms for clock in (here.reach.clock, roster._clock) if clock._best]
        after = await world.bus.clock(CHECKS)
        assert len(doubts) == 2
        doubt = timedelta(milliseconds=sum(doubts) + 5)
        assert before - doubt < told < after + doubt


@asynccontextmanager
async def telling(bus: Bus, answer: Callable[[Heard], bytes]) -> AsyncIterator[None]:
    """Whoever has the broker answers heartbeats; no controller does."""

    async def listen() -> None:
        async for message in bus.listen(ALL_AGENTS):
            assert message.reply_to
            await bus.send(message.reply_to, answer(message))

    listening = asyncio.create_task(listen())
    try:
        await asyncio.sleep(0)
        await bus.client.flush()
        yield
    finally:
        listening.cancel()
        await asyncio.wait([listening])


YESTERDAY = timedelta(days=-1)


def _unsigned(_: Heard) -> bytes:
    """As controllers of an earlier version answer."""
    return msgspec.json.encode(ClockReading(now=utc_now() + YESTERDAY))


def _of_another_key(message: Heard) -> bytes:
    now = utc_now() + YESTERDAY
    return _reading(now, Signer(new_request_key()).reading(now, message.subject, message.body))


def _of_another_moment(message: Heard) -> bytes:
    now = utc_now()
    return _reading(now + YESTERDAY, SIGNER.reading(now, message.subject, message.body))


def _of_an_earlier_heartbeat(message: Heard) -> bytes:
    """A controller told it yesterday, when the agent was as it is now."""
    now = utc_now() + YESTERDAY
    earlier = msgspec.json.decode(message.body, type=Heartbeat)
    body = msgspec.json.encode(msgspec.structs.replace(earlier, nonce=token_urlsafe(16)))
    return _reading(now, SIGNER.reading(now, message.subject, body))


def _of_another_agent(message: Heard) -> bytes:
    now = utc_now() + YESTERDAY
    return _reading(now, SIGNER.reading(now, f"{message.subject}-2", message.body))


def _no_reading(_: Heard) -> bytes:
    return b"half past ten"


def _reading(now: datetime, signature: str) -> bytes:
    return msgspec.json.encode(ClockReading(now=now, signature=signature))


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        pytest.param(_unsigned, "unsigned", id="that nobody signed"),
        pytest.param(_of_another_key, "unknown_key", id="signed with another key"),
        pytest.param(_of_another_moment, "wrong_signature", id="with the signature of another moment"),
        pytest.param(_of_an_earlier_heartbeat, "wrong_signature", id="that was the answer to an earlier heartbeat"),
        pytest.param(_of_another_agent, "wrong_signature", id="that was the answer to another agent"),
        pytest.param(_no_reading, "unreadable", id="that is none"),
    ],
)
async def test_an_agent_does_not_set_its_clock_by_a_reading(
    world: World, broker: Broker, certificates: Certificates, answer: Callable[[Heard], bytes], why: str
) -> None:
    """Turned back, it would run again what was signed yesterday."""
    with structlog.testing.capture_logs() as logged:
        async with (
            station(certificates) as here,
            playing(POLITE) as server,
            telling(world.bus, answer),
            working(broker, here) as worker,
        ):
            for _ in range(3):
                await worker.heartbeats.beat()
            assert here.reach.clock.offset_ms is None
            await ensure_check_consumer(world.bus, country="DE", location="de", kind="smtp")
            old, new = request(target(server), start_in_seconds=-86_390), request(target(server))
            await ask(world.bus, old)
            await ask(world.bus, new)
            [result] = await results(world.bus, 1)
    assert result.check_id == new.check_id
    assert [line["reason"] for line in logged if line["event"] == "clock_reading_refused"] == [why]


async def test_a_controller_does_not_vouch_for_a_brokers_clock_far_from_its_own(
    world: World, broker: Broker, certificates: Certificates
) -> None:
    """Whoever has the broker sets the clock that the controller passes on."""
    far = BrokerClock(wall_ms=lambda: now_ms() + HOUR_MS)
    with structlog.testing.capture_logs() as logged:
        async with station(certificates) as here, watched(world, far), working(broker, here) as worker:
            await worker.heartbeats.beat()
            assert here.reach.clock.offset_ms is None
    assert [line["reason"] for line in logged if line["event"] == "clock_reading_refused"] == ["unsigned"]


async def test_readiness_is_by_the_databases_clock(world: World) -> None:
    """A controller whose own clock is wrong sees the same agents ready as the others."""
    async with watched(world) as roster:
        await world.heartbeat("DE")
        await eventually(lambda: world.value("SELECT count(*) FROM agent"))
        before = await world.value("SELECT clock_timestamp()")
        now, _ = await locations.sightings(world.db)
        assert before < now < await world.value("SELECT clock_timestamp()")
        await roster.refresh()
        assert roster._abilities[1]
        await world.value("UPDATE agent SET last_seen_at = clock_timestamp() - interval '31 seconds'")
        await roster.refresh()
        assert not roster._abilities[1]
