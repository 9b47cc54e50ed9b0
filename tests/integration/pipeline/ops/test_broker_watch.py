"""A stream that stores nothing is noticed, named and noticed again when it works; the test messages harm nobody."""

from __future__ import annotations

from contextlib import suppress

import pytest
from nats.js.api import DiscardPolicy

from controller.broker.streams import ensure_streams
from controller.metrics.counts import Counts
from controller.model.dependencies import STREAM_OF, Dependency
from controller.pipeline.ops import broker_watch
from controller.pipeline.ops.broker_watch import BrokerWatch
from controller.pipeline.ops.health import DependencyHealth
from shared.nats.broker import Broker
from shared.nats.bus import Bus, Message
from shared.nats.errors import BusError
from shared.wire import subjects
from tests.integration.pipeline.small_installation import SmallInstallation

_SMALL = 16 * 1024


class WatchCase:
    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.health = DependencyHealth()
        self.counts = Counts()
        self.watch = BrokerWatch(bus, self.health, self.counts)

    async def failing(self) -> dict[str, str]:
        """What fails at a further review, and why."""
        await self.watch.review()
        return {part.value: problem.text for part, problem in self.health.problems.items()}

    async def limit(self, stream: str, max_bytes: int) -> None:
        manager = self.bus.client.jsm()
        config = (await manager.stream_info(stream)).config
        await manager.update_stream(config.evolve(max_bytes=max_bytes, discard=DiscardPolicy.NEW))

    async def fill(self, subject: str) -> None:
        with suppress(BusError):
            for number in range(100):
                await self.bus.publish(Message(subject, bytes(1024), f"{subject}-{number}"))

    async def messages(self, stream: str) -> int:
        return (await self.bus.client.jsm().stream_info(stream)).state.messages


@pytest.fixture
def case(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> WatchCase:
    monkeypatch.setattr(broker_watch, "_PATIENCE_SECONDS", 1.0)
    return WatchCase(bus)


@pytest.mark.parametrize(
    ("part", "subject"),
    [
        pytest.param(Dependency.CHECKS, subjects.check("DE", "de", "smtp"), id="requests"),
        pytest.param(Dependency.RESULTS, subjects.result("DE", "de"), id="results, which only agents write"),
    ],
)
async def test_a_stream_at_its_limit_fails_until_it_takes_messages_again(
    case: WatchCase, part: Dependency, subject: str
) -> None:
    stream = STREAM_OF[part]
    assert await case.failing() == {}
    await case.limit(stream, _SMALL)
    await case.fill(subject)
    await case.failing()  # it may have grown since the last review
    assert await case.failing() == {part.value: f"stream {stream} stores no messages: maximum bytes exceeded"}
    since = case.health.problems[part].since
    assert await case.failing() != {}
    assert case.health.problems[part].since == since
    assert case.counts.writes_failed.figures((stream,))[0] > 0
    await case.bus.client.jsm().purge_stream(stream)
    assert await case.failing() == {}


async def test_a_stream_that_is_missing_fails_until_it_is_there(case: WatchCase) -> None:
    await case.bus.client.jsm().delete_stream(subjects.CHECKS)
    failing = await case.failing()
    assert list(failing) == ["checks"]
    assert failing["checks"].startswith("stream CHECKS stores no messages: stream not found")
    await ensure_streams(case.bus)
    assert await case.failing() == {}


async def test_nothing_is_left_of_the_test_messages_and_no_one_gets_them(
    case: WatchCase, small_installation: SmallInstallation
) -> None:
    for _ in range(3):
        assert await case.failing() == {}
    for stream in STREAM_OF.values():
        assert await case.messages(stream) == 0
    await case.bus.publish(Message(subjects.WRITE_TESTS[subjects.RESULTS], b"", "left by a controller that died"))
    consumer = await case.bus.consumer(subjects.RESULTS, subjects.INGEST)
    try:
        assert await consumer.fetch(10, 0.3) == []
    finally:
        await consumer.close()
    assert await case.failing() == {}  # the stream has grown
    assert await case.failing() == {}
    assert await case.messages(subjects.RESULTS) == 0


async def test_a_stream_that_grows_needs_no_test_message(case: WatchCase) -> None:
    manager = case.bus.client.jsm()
    assert await case.failing() == {}
    before = (await manager.stream_info(subjects.CHECKS)).state.last_seq
    await case.bus.publish(Message(subjects.check("DE", "de", "smtp"), b"", "one"))
    assert await case.failing() == {}
    assert (await manager.stream_info(subjects.CHECKS)).state.last_seq == before + 1
    assert await case.failing() == {}
    assert (await manager.stream_info(subjects.CHECKS)).state.last_seq == before + 2


async def test_a_test_message_that_could_not_be_removed_does_not_stay_in_a_stream_that_grows(case: WatchCase) -> None:
    """Its age would be taken for that of the oldest result that waits."""
    manager = case.bus.client.jsm()
    await manager.update_stream((await manager.stream_info(subjects.RESULTS)).config.evolve(deny_purge=True))
    assert await case.failing() == {}
    assert await case.messages(subjects.RESULTS) == 1
    await case.bus.publish(Message(subjects.result("DE", "de"), b"", "one"))
    assert await case.failing() == {}
    assert await case.messages(subjects.RESULTS) == 3, "it is tried again"


async def test_a_broker_that_is_away_is_named_and_its_address_is_not() -> None:
    async with Bus.open(Broker("nats://127.0.0.1:1"), name="test") as away:
        assert await WatchCase(away).failing() == {"nats": "there is no connection to NATS"}
