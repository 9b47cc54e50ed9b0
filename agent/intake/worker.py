"""The agent's loop: take requests, run checks, hand in results, and only then acknowledge.

A check holds its slot until the broker has its result: that is the bound of everything this process keeps in memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial
from uuid import UUID

import msgspec
import structlog

from agent.checks.runner import Station
from agent.intake.acceptance import Refused, Requests
from agent.intake.fetcher import FETCH_SECONDS, Taker
from agent.intake.heartbeats import Heartbeats, Load
from agent.intake.outbox import Outbox
from agent.intake.pace import Pace, Slots, next_capacity
from agent.probes import PROBES
from agent.throttling.limiter_client import ParentGoneError
from agent.throttling.throttled_check import Checker
from shared.nats.bus import Bus
from shared.nats.deliveries import Delivery
from shared.wire import subjects
from shared.wire.messages import CheckRequest
from shared.wire.signing import Verifier
from shared.wire.targets import kind_of

log = structlog.get_logger()

KINDS = [kind_of(target) for target in PROBES]
WORKING_SECONDS = 3.0
"""How often the broker is told that a check is still in hand; well under its patience (streams.ACK_WAIT_SECONDS)."""

CAPACITY_SECONDS = 10.0
"""How often the capacity follows the loop's lateness."""

_LEFT_SECONDS = 0.5
"""After how long a neighbour is offered a request that is refused here; less than who refused it rests."""


class Worker:
    """One agent process at work. `run` returns when `stop` is set and what ran has been finished or handed back."""

    def __init__(
        self,
        bus: Bus,
        station: Station,
        checker: Checker,
        verifier: Verifier,
        *,
        concurrency: int,
        per_second: float,
        drain_seconds: float,
        capacity_seconds: float = CAPACITY_SECONDS,
    ) -> None:
        self._bus = bus
        self._station = station
        self._checker = checker
        self._drain_seconds = drain_seconds
        self._capacity_seconds = capacity_seconds
        self._concurrency = concurrency
        self._slots = Slots(concurrency)
        self._pace = Pace(per_second)
        self._most_fetched = max(1, min(concurrency, int(per_second)))  # no more than can begin within a second
        self._outbox = Outbox(subjects.result(station.country, station.location), bus.publish)
        self._requests = Requests(
            verifier,
            country=station.country,
            location=station.location,
            kinds=KINDS,
            clock=station.reach.clock,
            counts=checker.counts,
        )
        self.heartbeats = Heartbeats(bus, station, checker, verifier, kinds=KINDS, load=self._load)
        self._held: dict[UUID, list[Delivery]] = {}
        self._checks: set[asyncio.Task[None]] = set()
        self._draining = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            loops = (self.heartbeats.run(), self._keep_telling(), self._keep_time())
            background = [group.create_task(each) for each in loops]
            takers = [group.create_task(self._take(kind, group), name=f"take-{kind}") for kind in KINDS]
            await stop.wait()
            log.info("agent_stopping", running=len(self._checks))
            await self._drain(takers)
            for task in background:
                task.cancel()

    def gauges(self) -> dict[str, float]:
        """What this process is doing, by the names of agent.metrics.reading.GAUGES."""
        load = self._load()
        now = {
            "mailprobe_agent_processes": 1,
            "mailprobe_agent_checks_running": load.running,
            "mailprobe_agent_checks_waiting": load.waiting,
            "mailprobe_agent_capacity": load.capacity,
            "mailprobe_agent_loop_lag_seconds": self._station.lag.p95_ms() / 1000,
            "mailprobe_agent_results_unsent": self._outbox.waiting,
            "mailprobe_agent_results_oldest_unsent_seconds": self._outbox.oldest_seconds,
            "mailprobe_agent_nats_connected": float(self._bus.connected),
        }
        offset_ms = self._station.reach.clock.offset_ms
        return now if offset_ms is None else now | {"mailprobe_agent_clock_offset_seconds": offset_ms / 1000}

    def _load(self) -> Load:
        running = self._checker.running
        return Load(running, max(0, len(self._held) - running), self._slots.limit)

    async def _keep_telling(self) -> None:
        """Tell the broker about every request in hand, so that it is not given to somebody else."""
        while True:
            await asyncio.sleep(WORKING_SECONDS)
            try:
                for delivery in [delivery for held in self._held.values() for delivery in held]:
                    await delivery.working()
            except Exception:
                log.exception("keep_telling_broke")

    async def _keep_time(self) -> None:
        """Take fewer checks at once while the loop is late, for late is what every timing would be."""
        while True:
            await asyncio.sleep(self._capacity_seconds)
            lag_ms = self._station.lag.p95_ms()
            before = self._slots.limit
            after = next_capacity(self._concurrency, before, self._slots.taken, lag_ms)
            if after != before:
                self._slots.resize(after)
                if self._concurrency in (before, after):
                    log.warning("capacity_changed", capacity=after, loop_lag_ms=lag_ms)

    async def _take(self, kind: str, group: asyncio.TaskGroup) -> None:
        taker = Taker(
            self._bus,
            self._slots,
            partial(self._admit, group),
            location=self._station.location,
            kind=kind,
            most_at_once=self._most_fetched,
        )
        await self.heartbeats.beaten.wait()
        await taker.run(self._draining)

    async def _admit(self, group: asyncio.TaskGroup, deliveries: Iterable[Delivery]) -> int:
        """Begin what is new at an even pace. Each delivery has a slot; what needs none gives it back. Returns how many
        were left to a neighbour.
        """
        fresh: list[CheckRequest] = []
        left = 0
        for delivery in deliveries:
            request = self._requests.take(delivery)
            if isinstance(request, Refused):
                if request is Refused.HERE:
                    left += 1
                    await delivery.nak(_LEFT_SECONDS)
                else:
                    await delivery.term()
                self._slots.give_back(1)
            elif request.check_id in self._held:
                self._held[request.check_id].append(delivery)  # it runs: its result will answer this one too
                self._slots.give_back(1)
            else:
                self._held[request.check_id] = [delivery]
                fresh.append(request)
            await asyncio.sleep(0)  # what runs is timed, and a batch of signatures takes milliseconds
        for request in fresh:
            if not self._slots.closed:
                await self._pace.turn()
            task = group.create_task(self._serve(request))
            self._checks.add(task)
            task.add_done_callback(self._checks.discard)
        return left

    async def _serve(self, request: CheckRequest) -> None:
        """One request from start to acknowledgement; what is not finished is handed back."""
        structlog.contextvars.bind_contextvars(
            check_id=str(request.check_id), monitor_id=str(request.monitor_id), location=request.location
        )
        try:
            if request.check_id in self._outbox:
                await self._outbox.send_again(request.check_id)
                log.debug("result_sent_again")
            elif self._slots.closed:
                return
            elif self._station.reach.clock.now() > request.start_by:
                self._requests.late(request)
                for delivery in self._held.pop(request.check_id):
                    await delivery.term()
                return
            else:
                await self._check(request)
            self._requests.answered(request.check_id)
            for delivery in self._held.pop(request.check_id):
                await delivery.ack()
        except ParentGoneError:
            log.debug("check_handed_back")  # this process is about to stop
        except Exception:
            log.exception("serve_broke")
        finally:
            for delivery in self._held.pop(request.check_id, []):
                await delivery.nak()
            self._slots.give_back(1)

    async def _check(self, request: CheckRequest) -> None:
        result = await self._checker.check(request)
        failure = result.failure
        log.debug(
            "check_done",
            status=result.status.value,
            duration_ms=result.duration_ms,
            failure=failure and failure.kind.value,
            phase=failure and failure.phase,
            source=failure and failure.source.value,
        )
        await self._outbox.send(request.check_id, msgspec.json.encode(result))

    async def _drain(self, takers: list[asyncio.Task[None]]) -> None:
        """Take no more, let what runs end within the drain time, hand the rest back."""
        self._slots.close()
        self._draining.set()
        self.heartbeats.beaten.set()
        self._checker.give_up_waiting()
        deadline = asyncio.get_running_loop().time() + self._drain_seconds
        # A fetch is let end: a request sent to a fetch that nobody reads would be lost until its redelivery.
        await asyncio.wait(takers, timeout=max(self._drain_seconds, 2 * FETCH_SECONDS))
        left = max(0.0, deadline - asyncio.get_running_loop().time())
        unfinished = set(takers)
        if self._checks:
            await asyncio.wait(self._checks, timeout=left)
            unfinished |= self._checks
        for task in unfinished:
            task.cancel()
        await asyncio.wait(unfinished, timeout=1)
        log.info("agent_stopped", handed_back=sum(task.cancelled() for task in unfinished), unsent=self._outbox.waiting)
