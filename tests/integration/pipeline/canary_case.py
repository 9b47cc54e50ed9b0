"""One location, and the parts of a controller that send its canaries, take them back and watch them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from agent.intake.worker import Worker
from controller.decisions.canaries import CANARY_SECONDS
from controller.metrics.counts import Counts
from controller.pipeline.evaluator import evaluate_due
from controller.pipeline.ingestor import Ingestor
from controller.pipeline.location_registry import LocationRegistry
from controller.pipeline.ops.canaries import Canaries
from controller.pipeline.ops.canary_watch import CanaryWatch
from shared.clock import now_ms, utc_now
from shared.nats.broker import Broker
from shared.wire import subjects
from shared.wire.messages import CANARY, Heartbeat
from shared.wire.targets import KINDS, Target
from tests.fakes.certificates import Certificates
from tests.fakes.context import context
from tests.fakes.installation import SIGNER
from tests.integration.agent.running_agent import none_left
from tests.integration.pipeline.ops.working import working
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


@asynccontextmanager
async def canary_agent(case: CanaryCase, broker: Broker, certificates: Certificates) -> AsyncIterator[Worker]:
    """A working agent of `de` whose heartbeat has come."""
    async with context(certificates) as here, working(broker, here, case.installation.signers["de"]) as worker:
        await worker.heartbeats.beat()
        await eventually(lambda: case.installation.value("SELECT count(*) FROM agent WHERE 'canary' = ANY (reads)"))
        await case.installation.keep_agents()
        await case.registry.refresh()
        yield worker
