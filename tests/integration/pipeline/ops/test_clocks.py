"""An agent learns from the answers to its heartbeats how far its clock is from the broker's, and ops see it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from secrets import token_urlsafe

import msgspec
import pytest
import structlog

from agent.checks.runner import ProbeContext
from controller.broker.streams import ensure_check_consumer
from controller.store.locations import locations
from controller.trust.keys import new_request_key
from shared.clock import now_ms, utc_now
from shared.nats.broker import Broker
from shared.nats.bus import Bus
from shared.nats.deliveries import CoreMessage
from shared.wire.broker_clock import BrokerClock
from shared.wire.messages import CLOCK_TOLERANCE_MS, ClockReading, Heartbeat
from shared.wire.signing import Signer
from shared.wire.subjects import ALL_AGENTS, CHECKS
from tests.fakes.certificates import Certificates
from tests.fakes.context import context, request
from tests.fakes.installation import SIGNER
from tests.fakes.scripted_server import playing
from tests.integration.agent.running_agent import POLITE, results, send_request, target
from tests.integration.pipeline.ops.working import following_registry, working
from tests.integration.pipeline.small_installation import SmallInstallation, eventually

HOUR_MS = 3_600_000
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Agents wait longer for the time, in case the machine stalls."""
    monkeypatch.setattr("agent.intake.heartbeats.ANSWER_SECONDS", 15.0)


def with_clock(here: ProbeContext, ahead_ms: int) -> ProbeContext:
    clock = BrokerClock(wall_ms=lambda: now_ms() + ahead_ms)
    return msgspec.structs.replace(here, reach=msgspec.structs.replace(here.reach, clock=clock))


async def stored_offset(small_installation: SmallInstallation) -> float | None:
    offset: float | None = await small_installation.value("SELECT clock_offset_ms FROM agent")
    return offset


@pytest.mark.parametrize(
    "ahead_ms",
    [
        pytest.param(HOUR_MS, id="an hour ahead"),
        pytest.param(-HOUR_MS, id="an hour behind"),
    ],
)
async def test_an_agent_whose_clock_is_wrong_still_begins_in_time_and_tells_the_right_times(
    small_installation: SmallInstallation, broker: Broker, certificates: Certificates, ahead_ms: int
) -> None:
    """A clock that is ahead would find every request too late; one that is behind would begin requests far too late."""
    async with (
        context(certificates) as plain,
        playing(POLITE) as server,
        following_registry(small_installation),
        working(broker, with_clock(plain, ahead_ms), small_installation.signers["de"]) as worker,
    ):
        too_late = request(target(server), start_in_seconds=-60)
        in_time = request(target(server))
        began = utc_now()
        await send_request(small_installation.bus, too_late)
        await send_request(small_installation.bus, in_time)
        [result] = await results(small_installation.bus, 1)
        assert result.check_id == in_time.check_id
        assert result.failure is None
        assert abs(result.started_at - began) < MINUTE

        await worker.heartbeats.beat()
        offset = await eventually(lambda: stored_offset(small_installation))
        sent, started = await small_installation.value("SELECT ARRAY[last_seen_at, started_at] FROM agent")
        assert abs(sent - started) < MINUTE, "the start time is reported by the right clock, too"
    assert offset == pytest.approx(ahead_ms, abs=60_000)
    assert abs(offset or 0) > CLOCK_TOLERANCE_MS


async def test_the_answer_to_a_heartbeat_is_what_the_brokers_clock_shows(
    small_installation: SmallInstallation, broker: Broker, certificates: Certificates
) -> None:
    """Within the doubt of controller and agent, because their own readings of the broker's clock took a while."""
    async with (
        context(certificates) as here,
        following_registry(small_installation) as registry,
        working(broker, here, small_installation.signers["de"]) as worker,
    ):
        await eventually(lambda: small_installation.value("SELECT count(*) FROM agent"))
        await worker.heartbeats.beat()
        before = await small_installation.bus.clock(CHECKS)
        reading = here.reach.clock.broker_now()
        doubts = [clock._best.doubt_ms for clock in (here.reach.clock, registry._clock) if clock._best]
        after = await small_installation.bus.clock(CHECKS)
        assert len(doubts) == 2
        doubt = timedelta(milliseconds=sum(doubts) + 5)
        assert before - doubt < reading < after + doubt


@asynccontextmanager
async def answering(bus: Bus, answer: Callable[[CoreMessage], bytes]) -> AsyncIterator[None]:
    """Answer heartbeats as somebody who controls the broker could; no controller answers them."""

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


def _unsigned(_: CoreMessage) -> bytes:
    """An answer as controllers of an earlier version send it."""
    return msgspec.json.encode(ClockReading(now=utc_now() + YESTERDAY))


def _of_another_key(message: CoreMessage) -> bytes:
    now = utc_now() + YESTERDAY
    return _reading(now, Signer(new_request_key()).reading(now, message.subject, message.body))


def _of_another_moment(message: CoreMessage) -> bytes:
    now = utc_now()
    return _reading(now + YESTERDAY, SIGNER.reading(now, message.subject, message.body))


def _of_an_earlier_heartbeat(message: CoreMessage) -> bytes:
    """A controller sent it yesterday, when the agent sent the same heartbeat."""
    now = utc_now() + YESTERDAY
    earlier = msgspec.json.decode(message.body, type=Heartbeat)
    body = msgspec.json.encode(msgspec.structs.replace(earlier, nonce=token_urlsafe(16)))
    return _reading(now, SIGNER.reading(now, message.subject, body))


def _of_another_agent(message: CoreMessage) -> bytes:
    now = utc_now() + YESTERDAY
    return _reading(now, SIGNER.reading(now, f"{message.subject}-2", message.body))


def _no_reading(_: CoreMessage) -> bytes:
    return b"half past ten"


def _reading(now: datetime, signature: str) -> bytes:
    return msgspec.json.encode(ClockReading(now=now, signature=signature))


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        pytest.param(_unsigned, "unsigned", id="without a signature"),
        pytest.param(_of_another_key, "unknown_key", id="signed with another key"),
        pytest.param(_of_another_moment, "wrong_signature", id="with the signature of another moment"),
        pytest.param(_of_an_earlier_heartbeat, "wrong_signature", id="that answered an earlier heartbeat"),
        pytest.param(_of_another_agent, "wrong_signature", id="that answered another agent"),
        pytest.param(_no_reading, "unreadable", id="that is not a reading"),
    ],
)
async def test_an_agent_does_not_set_its_clock_by_a_reading(
    small_installation: SmallInstallation,
    broker: Broker,
    certificates: Certificates,
    answer: Callable[[CoreMessage], bytes],
    why: str,
) -> None:
    """With its clock turned back, it would run requests again that were signed yesterday."""
    with structlog.testing.capture_logs() as logged:
        async with (
            context(certificates) as here,
            playing(POLITE) as server,
            answering(small_installation.bus, answer),
            working(broker, here, small_installation.signers["de"]) as worker,
        ):
            for _ in range(3):
                await worker.heartbeats.beat()
            assert here.reach.clock.offset_ms is None
            await ensure_check_consumer(small_installation.bus, country="DE", location="de", kind="smtp")
            old, new = request(target(server), start_in_seconds=-86_390), request(target(server))
            await send_request(small_installation.bus, old)
            await send_request(small_installation.bus, new)
            [result] = await results(small_installation.bus, 1)
    assert result.check_id == new.check_id
    assert [line["reason"] for line in logged if line["event"] == "clock_reading_refused"] == [why]


async def test_a_controller_does_not_vouch_for_a_brokers_clock_far_from_its_own(
    small_installation: SmallInstallation, broker: Broker, certificates: Certificates
) -> None:
    """Somebody who controls the broker could set the clock that the controller passes on."""
    far = BrokerClock(wall_ms=lambda: now_ms() + HOUR_MS)
    with structlog.testing.capture_logs() as logged:
        async with (
            context(certificates) as here,
            following_registry(small_installation, far),
            working(broker, here, small_installation.signers["de"]) as worker,
        ):
            await worker.heartbeats.beat()
            assert here.reach.clock.offset_ms is None
    assert [line["reason"] for line in logged if line["event"] == "clock_reading_refused"] == ["unsigned"]


async def test_readiness_is_by_the_databases_clock(small_installation: SmallInstallation) -> None:
    """A controller whose own clock is wrong sees the same agents ready as the other controllers do."""
    async with following_registry(small_installation) as registry:
        await small_installation.heartbeat("DE")
        await eventually(lambda: small_installation.value("SELECT count(*) FROM agent"))
        before = await small_installation.value("SELECT clock_timestamp()")
        now, _ = await locations.sightings(small_installation.db)
        assert before < now < await small_installation.value("SELECT clock_timestamp()")
        await registry.refresh()
        assert registry._abilities[1]
        await small_installation.value("UPDATE agent SET last_seen_at = clock_timestamp() - interval '31 seconds'")
        await registry.refresh()
        assert not registry._abilities[1]
