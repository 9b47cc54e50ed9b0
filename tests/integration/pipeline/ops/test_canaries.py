"""Canaries go the way of every check, are counted as back only by the evaluator, and leave no trace in any history."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from agent.intake.worker import Worker
from controller.decisions.canaries import CANARY_SECONDS, canary_monitor
from controller.metrics.counts import Counts
from controller.pipeline.evaluator import evaluate_due
from controller.pipeline.housekeeping import prepare_partitions, settle_checks
from controller.pipeline.ingestor import Ingestor
from controller.pipeline.location_registry import LocationRegistry
from controller.pipeline.ops.canaries import Canaries
from controller.pipeline.ops.canary_watch import CanaryWatch
from controller.store.locations import canaries as store
from controller.store.platform.pool import Database
from shared.clock import now_ms, utc_now
from shared.epoch import to_datetime
from shared.nats.broker import Broker
from shared.nats.bus import Bus, Message
from shared.wire import subjects
from shared.wire.messages import CANARY, CheckResult, Heartbeat
from shared.wire.rounds import Purpose, check_id
from shared.wire.targets import KINDS, Target
from tests.fakes.certificates import Certificates
from tests.fakes.context import context
from tests.fakes.installation import SIGNER
from tests.fakes.ports import free_port
from tests.fakes.scripted_server import playing
from tests.integration.agent.running_agent import POLITE, none_left, target
from tests.integration.pipeline.ops.working import following_registry, working
from tests.integration.pipeline.small_installation import SmallInstallation, eventually

OPS = "ops@example.net"
INTERVAL_MS = int(CANARY_SECONDS * 1000)


class CanaryCase:
    """Location `de`, and the parts of a controller that send canaries, take them back and watch them. A round is half a
    minute later for all of them, though it takes no time.
    """

    def __init__(self, installation: SmallInstallation, registry: LocationRegistry) -> None:
        self.installation = installation
        self.registry = registry
        self.counts = Counts()
        self.watch = CanaryWatch(installation.db, installation.bus, [OPS])
        self.ingestor = Ingestor(installation.db, installation.bus, self.counts)
        self.leading = True
        self.now_ms = (now_ms() // INTERVAL_MS + 1) * INTERVAL_MS
        self.sender = self.controller()

    def controller(self, target: Target | None = None) -> Canaries:
        """The part of one controller that sends canaries."""
        installation = self.installation
        return Canaries(
            *(installation.db, installation.bus, self.registry, SIGNER, lambda: self.leading, target),
            clock=lambda: self.now_ms,
        )

    async def heartbeat(self, agent: str = "agent-1", *, reads: tuple[str, ...] = (CANARY,)) -> None:
        """A heartbeat of an agent that does nothing else."""
        now = utc_now()
        beat = Heartbeat(
            agent=agent,
            location="de",
            country="DE",
            kinds=list(KINDS),
            version="0",
            started_at=now,
            sent_at=now,
            reads=list(reads),
        )
        await self.installation.bus.send(subjects.agent("DE", "de", agent), msgspec.json.encode(beat))
        await self.installation.keep_agents()
        await self.registry.refresh()

    async def round(self) -> None:
        self.now_ms += INTERVAL_MS
        await self.installation.value(
            "UPDATE canary SET sent_at = sent_at - $1 * interval '1 second', since = since - $1 * interval '1 second',"
            " back_at = back_at - $1 * interval '1 second'",
            CANARY_SECONDS,
        )
        await self.sender.send_due()

    async def waiting(self) -> list[str]:
        """The subjects of the requests in CHECKS."""
        manager = self.installation.bus.client.jsm()
        info = await manager.stream_info(subjects.CHECKS, subjects_filter=">")
        return sorted(info.state.subjects or {})

    async def ingest(self) -> None:
        """Take the results of every canary that the agent has answered."""
        await none_left(self.installation.bus)
        consumer = await self.installation.bus.consumer(subjects.RESULTS, subjects.INGEST)
        await self.ingestor.ingest_batch(consumer)
        await consumer.close()

    async def answer(self) -> None:
        """Ingest and evaluate."""
        await self.ingest()
        await evaluate_due(self.installation.db)

    async def kinds_back(self) -> list[str]:
        return [row[0] for row in await self.installation.rows("SELECT kind FROM canary WHERE back_due_at = due_at")]

    async def notices(self) -> list[tuple[str, bool]]:
        rows = await self.installation.rows("SELECT notice FROM delivery ORDER BY id")
        return [(notice["title"], notice["over"]) for (notice,) in rows]

    async def text(self) -> str:
        """The text of the last notice."""
        [(notice,)] = await self.installation.rows("SELECT notice FROM delivery ORDER BY id DESC LIMIT 1")
        return " ".join(notice["paragraphs"])


LOST = ("Location de: canaries do not come back", False)
BACK = ("Location de: canaries come back again", True)


@pytest.fixture
async def case(database_url: str, bus: Bus) -> AsyncIterator[CanaryCase]:
    async with Database.open(database_url) as db:
        await prepare_partitions(db)
        installation = SmallInstallation(db, bus)
        await installation.begin("DE")
        async with following_registry(installation) as registry:
            assert registry._listening_since is not None
            registry._listening_since -= 60  # so that a silent location is known to be silent
            yield CanaryCase(installation, registry)


@asynccontextmanager
async def agent(case: CanaryCase, broker: Broker, certificates: Certificates) -> AsyncIterator[Worker]:
    """A working agent of `de` whose heartbeat has come."""
    async with context(certificates) as here, working(broker, here) as worker:
        await worker.heartbeats.beat()
        await eventually(lambda: case.installation.value("SELECT count(*) FROM agent WHERE 'canary' = ANY (reads)"))
        await case.installation.keep_agents()
        await case.registry.refresh()
        yield worker


async def test_a_canary_is_back_only_after_agent_ingest_and_evaluator_and_every_kind_has_its_turn(
    case: CanaryCase, broker: Broker, certificates: Certificates
) -> None:
    async with agent(case, broker, certificates):
        seen: set[str] = set()
        for _ in KINDS:
            await case.round()
            await case.ingest()
            before = await case.kinds_back()
            await evaluate_due(case.installation.db)
            [kind] = set(await case.kinds_back()) - set(before)
            seen.add(kind)
        assert seen == set(KINDS)
        await case.watch.review()
    assert await case.notices() == []
    assert await case.installation.value("SELECT bool_and(round_trip_ms > 0) FROM canary")
    assert (await store.seconds_since_back(case.installation.db) or 99) < CANARY_SECONDS


async def test_a_location_whose_agents_send_heartbeats_only_is_reported_after_three_canaries(
    case: CanaryCase, broker: Broker, certificates: Certificates
) -> None:
    await case.heartbeat()
    for _ in range(3):
        await case.round()
        await case.watch.review()
        assert await case.notices() == []
    await case.round()
    for _ in range(3):
        await case.watch.review()
    assert await case.notices() == [LOST]
    assert "No agent fetches such requests" in await case.text()
    async with agent(case, broker, certificates):
        await case.round()
        await case.answer()
        await case.watch.review()
        assert await case.notices() == [LOST, BACK]


async def test_one_kind_whose_requests_are_not_fetched_is_reported_by_name(
    case: CanaryCase, broker: Broker, certificates: Certificates
) -> None:
    """A paused consumer stands for one that agents may not fetch from any more."""
    async with agent(case, broker, certificates):
        await case.installation.bus.client.request(
            f"$JS.API.CONSUMER.PAUSE.CHECKS.{subjects.check_consumer('de', 'imap')}",
            msgspec.json.encode({"pause_until": "2999-01-01T00:00:00Z"}),
            timeout=15,
        )
        lost = 0
        while not await case.notices():
            await case.round()
            if any("imap" in subject for subject in await case.waiting()):
                lost += 1
                await case.installation.bus.client.jsm().purge_stream(subjects.CHECKS)  # as time does
            else:
                await case.answer()
            await case.watch.review()
            assert lost <= 3
    assert await case.notices() == [LOST]
    assert "canaries for imap do not come back" in await case.text()
    assert lost == 3


async def test_a_stuck_ingest_and_a_stuck_evaluator_are_reported_as_such(
    case: CanaryCase, broker: Broker, certificates: Certificates
) -> None:
    async with agent(case, broker, certificates):
        for _ in range(4):
            await case.round()
            await none_left(case.installation.bus)
        await case.watch.review()
        assert await case.notices() == [LOST]
        assert "results get lost, or are not stored" in await case.text()
        await case.answer()
        await case.watch.review()
        assert await case.notices() == [LOST, BACK]
        for _ in range(4):
            await case.round()
            await case.ingest()
        await case.watch.review()
        assert await case.notices() == [LOST, BACK, LOST]
        assert "stored, but not evaluated" in await case.text()


async def test_a_silent_location_gets_no_canaries_and_no_notice_about_them(case: CanaryCase) -> None:
    await case.heartbeat()
    for _ in range(2):
        await case.round()
    await case.installation.value("UPDATE agent SET last_seen_at = now() - interval '40 s'")
    await case.registry.refresh()
    for _ in range(5):
        await case.round()
        await case.watch.review()
    assert await case.notices() == []
    assert await case.installation.value("SELECT count(*) FROM canary") == 0


async def test_a_location_that_falls_silent_while_its_canaries_are_lost_is_not_reported_as_over(
    case: CanaryCase,
) -> None:
    await case.heartbeat()
    for _ in range(4):
        await case.round()
    await case.watch.review()
    await case.installation.value("UPDATE agent SET last_seen_at = now() - interval '40 s'")
    await case.registry.refresh()
    await case.round()
    await case.watch.review()
    assert await case.notices() == [LOST]
    assert await case.installation.value("SELECT count(*) FROM ops_notice") == 0


@pytest.mark.parametrize("reads", [(), ("something else",)], ids=["an old agent", "an agent that reads other things"])
async def test_an_agent_that_cannot_read_canaries_keeps_its_location_from_getting_any(
    case: CanaryCase, reads: tuple[str, ...]
) -> None:
    await case.heartbeat("new")
    await case.heartbeat("old", reads=reads)
    await case.round()
    assert await case.waiting() == []
    await case.installation.value("DELETE FROM agent WHERE name = 'old'")
    await case.registry.refresh()
    await case.round()
    assert len(await case.waiting()) == 1


async def test_two_controllers_send_one_canary_and_another_one_continues(case: CanaryCase) -> None:
    await case.heartbeat()
    other = case.controller()
    await case.round()
    await other.send_due()
    assert len(await case.waiting()) == 1
    assert await case.installation.value("SELECT count(*) FROM canary") == 1
    case.sender = other
    await case.round()
    assert len(await case.waiting()) == 2


async def test_no_canary_is_sent_without_the_leadership_or_late_in_its_half_minute(case: CanaryCase) -> None:
    await case.heartbeat()
    case.leading = False
    await case.round()
    assert await case.waiting() == []
    case.leading = True
    case.now_ms += INTERVAL_MS // 2
    await case.sender.send_due()
    assert await case.waiting() == []


async def test_after_the_controllers_were_away_nothing_is_reported(
    case: CanaryCase, broker: Broker, certificates: Certificates
) -> None:
    """The one canary that was on its way is all that is missed, however long they were away."""
    await case.heartbeat()
    await case.round()
    await case.installation.value("UPDATE canary SET sent_at = sent_at - interval '1 hour', back_at = NULL")
    await case.watch.review()
    async with agent(case, broker, certificates):
        for _ in KINDS:
            await case.round()
            await case.answer()
            await case.watch.review()
    assert await case.notices() == []


async def test_what_the_broker_refused_does_not_count_as_missed(case: CanaryCase) -> None:
    await case.heartbeat()
    manager = case.installation.bus.client.jsm()
    config = (await manager.stream_info(subjects.CHECKS)).config
    await manager.update_stream(config.evolve(max_msgs=1, discard="new"))
    try:
        await case.installation.bus.publish(Message(subjects.check("DE", "de", "smtp"), b"{}", "full"))
        for _ in range(6):
            await case.round()
        await case.watch.review()
    finally:
        await manager.update_stream(config.evolve(max_msgs=-1, discard="old"))
    assert await case.notices() == []
    assert await case.installation.rows("SELECT DISTINCT due_at, missed FROM canary") == [(None, 0)]


async def test_with_a_target_the_agent_holds_a_dialogue_and_ops_hear_of_its_failure(
    case: CanaryCase, broker: Broker, certificates: Certificates
) -> None:
    titles = ["The canary target fails from de", "The canary target works again from de"]
    async with agent(case, broker, certificates) as worker, playing(POLITE) as server:
        counted = list(worker._checker.counts.collect())
        case.sender = case.controller(target(server))
        await case.round()
        await case.answer()
        assert server.connections == 1
        case.sender = case.controller(msgspec.structs.replace(target(server), port=free_port()))
        for _ in range(3):
            assert await case.notices() == []
            await case.round()
            await case.answer()
            await case.watch.review()
        assert await case.notices() == [(titles[0], False)]
        assert "The canary target fails from location de: refused in connect" in await case.text()
        case.sender = case.controller(target(server))
        await case.round()
        await case.answer()
        await case.watch.review()
        assert await case.notices() == [(titles[0], False), (titles[1], True)]
        assert list(worker._checker.counts.collect()) == counted


async def test_canaries_leave_no_trace_but_their_own(
    case: CanaryCase, broker: Broker, certificates: Certificates
) -> None:
    """Every table, every stream and every counter is the same before and after, but for `canary` and heartbeats."""
    await case.installation.monitor(interval=3600, countries=["US"])
    async with agent(case, broker, certificates):
        await evaluate_due(case.installation.db)
        before = await everything(case)
        for _ in range(4):
            await case.round()
            await case.answer()
            await settle_checks(case.installation.db, case.counts)
            await case.watch.review()
        assert await case.installation.value("SELECT count(*) FROM canary WHERE back_at IS NOT NULL") == 3
        assert await everything(case) == before


async def everything(case: CanaryCase) -> dict[str, Any]:
    tables = await case.installation.rows(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
        " AND relname NOT IN ('canary', 'agent', 'schedule')"
    )
    found: dict[str, Any] = {
        name: await case.installation.rows(f"SELECT * FROM {name} AS row ORDER BY row::text")  # noqa: S608 - our tables
        for (name,) in tables
    }
    for stream in (subjects.CHECKS, subjects.RESULTS, subjects.EVENTS):
        found[stream] = (await case.installation.bus.client.jsm().stream_info(stream)).state.messages
    return found | {"counters": list(case.counts.collect())}


def canary_result(monitor_of: str, **changes: Any) -> CheckResult:
    due = to_datetime(now_ms())
    monitor = canary_monitor(monitor_of)
    result = CheckResult(
        check_id=check_id(monitor, int(due.timestamp() * 1000), "de", Purpose.CANARY),
        monitor_id=monitor,
        location="de",
        country="DE",
        agent="a",
        purpose=Purpose.CANARY,
        due_at=due,
        started_at=due,
        duration_ms=1.0,
    )
    return msgspec.structs.replace(result, **changes)


@pytest.mark.parametrize(
    ("monitor_of", "rejected"),
    [
        pytest.param("de", [], id="a late one of its own is dropped"),
        pytest.param("us", ["not_expected"], id="one of another location is suspicious"),
    ],
)
async def test_a_canary_that_nobody_sent_is_not_back(case: CanaryCase, monitor_of: str, rejected: list[str]) -> None:
    await case.heartbeat()
    await case.round()
    result = canary_result(monitor_of)
    await case.installation.report(result, expected=False)
    consumer = await case.installation.bus.consumer(subjects.RESULTS, subjects.INGEST)
    await case.ingestor.ingest_batch(consumer)
    await consumer.close()
    await evaluate_due(case.installation.db)
    assert await case.kinds_back() == []
    assert [row[0] for row in await case.installation.rows("SELECT why FROM dead_letter_count")] == rejected
    assert await case.installation.value("SELECT count(*) FROM result") == 0
