"""How many checks a second one controller publishes, how late, and what scheduling costs in CPU and memory.

The monitors exist only in memory, because a gap or a dispatch row needs only their ids; broker and database are real.
"""

from __future__ import annotations

import asyncio
import os
import time
import tracemalloc
from collections.abc import Sequence
from heapq import heapify, heapreplace
from uuid import UUID, uuid4

from controller.decisions.schedule.eligibility import FIT
from controller.decisions.schedule.rounds import SLOT_MS, PlannedCheck, Wheel, due_after_ms
from controller.model import Location, ScheduledMonitor
from controller.pipeline.dispatcher import Dispatcher
from controller.pipeline.location_registry import LocationRegistry
from controller.pipeline.requests.request_messages import together
from controller.pipeline.rounds import Rounds
from controller.store.checks.leadership import leadership
from controller.vault import Vault, VaultKeys, new_key
from shared.clock import now_ms
from shared.epoch import to_datetime
from shared.nats.bus import Message
from shared.wire.messages import BATCHES
from shared.wire.rounds import Purpose
from shared.wire.sealing import new_key_pair
from shared.wire.targets import KINDS
from tests.bench.figures import Figures, Meter, memory_mib, spread
from tests.bench.processes import Servers, servers
from tests.fakes.installation import SIGNER

INTERVAL_SECONDS = 60
LOCATIONS = 3
REQUIRED_PER_SECOND = 5_000
SECONDS = 20.0


class TimedDispatcher(Dispatcher):
    """Records how late each check was when the broker had it."""

    late_ms: list[int]

    async def dispatch(self, checks: Sequence[PlannedCheck]) -> None:
        await super().dispatch(checks)
        now = now_ms()
        self.late_ms += [now - check.due_ms for check in checks]


def monitors(count: int, changed_ms: int, interval_seconds: int) -> list[ScheduledMonitor]:
    """Monitors whose first round is long past."""
    moment = to_datetime(changed_ms)
    return [
        ScheduledMonitor(
            id=number,
            public_id=UUID(int=uuid4().int),
            kind=KINDS[0],
            hostname="smtp.example.com",
            port=25,
            config={},
            interval_seconds=interval_seconds,
            timeout_seconds=30,
            allowed_check_country_codes=None,
            target_changed_at=moment,
            updated_at=moment,
        )
        for number in range(count)
    ]


async def publish(count: int) -> Figures:
    """Schedule `count` monitors from three locations as the leader does, at 60 s or at most 5,000 checks a second."""
    interval = max(INTERVAL_SECONDS, count * LOCATIONS // REQUIRED_PER_SECOND)
    async with servers() as started:
        dispatcher = TimedDispatcher(started.db, started.bus, Vault(VaultKeys(new_key().reveal())), SIGNER)
        dispatcher.late_ms = []
        before = memory_mib(os.getpid())
        known = monitors(count, now_ms() - 24 * 3_600_000, interval)
        async with leadership(started.database_url, "bench") as lead:
            await lead.skip(now_ms())
            rounds = Rounds(lead, registry(started), dispatcher)
            began = time.monotonic()
            await rounds.begin(known)
            begin_ms = 1000 * (time.monotonic() - began)
            memory = memory_mib(os.getpid()) - before
            await _tick(rounds, begin_ms / 1000 + 2)  # checks that became due before the start are not the steady state
            dispatcher.late_ms.clear()
            meter = Meter(started.pids)
            cpu, began = time.process_time(), time.monotonic()
            await _tick(rounds, SECONDS)
            wall, cpu = time.monotonic() - began, time.process_time() - cpu
        beside = meter.cpu()
    return {
        "interval_seconds": interval,
        "planned_per_second": round(count * LOCATIONS / interval, 1),
        "published_per_second": round(len(dispatcher.late_ms) / wall, 1),
        "late_ms": spread(dispatcher.late_ms),
        "cores": {"scheduler": round(cpu / wall, 3), **{name: round(used / wall, 3) for name, used in beside.items()}},
        "begin_ms": round(begin_ms),
        "monitors_and_wheel_mib": round(memory, 1),
    }


async def _tick(rounds: Rounds, seconds: float) -> None:
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        await rounds.tick()
        await asyncio.sleep((SLOT_MS - now_ms() % SLOT_MS) / 1000)


def registry(started: Servers) -> LocationRegistry:
    registry = LocationRegistry(started.db, started.bus, SIGNER)
    registry._locations = [
        Location(id=n, code=f"l{n}", name="", country_code="DE", enabled=True, public_key=new_key_pair()[1])
        for n in range(1, LOCATIONS + 1)
    ]
    registry._remember(
        registry._locations, {location.id: {kind: {FIT} for kind in KINDS} for location in registry._locations}
    )
    return registry


async def dispatch(count: int) -> Figures:
    """Checks a second when `count` are due at once. The baseline only publishes the same bytes."""
    async with servers() as started:
        dispatcher = Dispatcher(started.db, started.bus, Vault(VaultKeys(new_key().reveal())), SIGNER)
        location = Location(
            id=1,
            code="l1",
            name="",
            country_code="DE",
            enabled=True,
            public_key=new_key_pair()[1],
            reads=frozenset({BATCHES}),
        )
        now = now_ms()
        writer = dispatcher._writer
        checks = [
            PlannedCheck(monitor, now, location, Purpose.SCHEDULED)
            for monitor in monitors(count, now - 1000, INTERVAL_SECONDS)
        ]
        bare = [
            Message(message.subject, message.body, message.message_id + "b", message.ttl_seconds, message.headers)
            for message in (writer.message(group).message for group in together(map(writer.write, checks)))
        ]
        start = time.monotonic()
        await started.bus.publish_all(bare)
        baseline = count / (time.monotonic() - start)
        start = time.monotonic()
        await dispatcher.dispatch(checks)
        ours = count / (time.monotonic() - start)
    return {
        "dispatched_per_second": round(ours),
        "baseline_bare_publish_per_second": round(baseline),
        "ratio": round(ours / baseline, 2),
    }


async def wheel(count: int) -> Figures:
    """CPU and memory of the arithmetic alone, for a minute of virtual time, beside a heap of (time, number)."""
    tracemalloc.start()
    now = now_ms()
    plan = {monitor.id: monitor for monitor in monitors(count, now - 3_600_000, INTERVAL_SECONDS)}
    monitors_bytes = tracemalloc.get_traced_memory()[0]
    it = Wheel(now)
    for number, monitor in plan.items():
        it.put(number, due_after_ms(monitor, now))
    wheel_bytes = tracemalloc.get_traced_memory()[0] - monitors_bytes
    tracemalloc.stop()
    heap = [(due_after_ms(monitor, now), number) for number, monitor in plan.items()]
    heapify(heap)

    cpu, due = time.process_time(), 0
    for moment in range(now, now + INTERVAL_SECONDS * 1000, SLOT_MS):
        for number, due_ms in it.take(moment):
            it.put(number, due_after_ms(plan[number], due_ms))
            due += 1
    ours = time.process_time() - cpu

    cpu = time.process_time()
    for moment in range(now, now + INTERVAL_SECONDS * 1000, SLOT_MS):
        while heap[0][0] < moment:
            due_ms, number = heap[0]
            heapreplace(heap, (due_after_ms(plan[number], due_ms), number))
    baseline = time.process_time() - cpu
    return {
        "cpu_percent_of_a_core": round(100 * ours / INTERVAL_SECONDS, 2),
        "us_per_round": round(1e6 * ours / max(due, 1), 2),
        "baseline_heap_cpu_percent_of_a_core": round(100 * baseline / INTERVAL_SECONDS, 2),
        "ratio": round(baseline / ours, 2),
        "wheel_mib": round(wheel_bytes / 2**20, 1),
        "monitors_mib": round(monitors_bytes / 2**20, 1),
    }
