"""The agent's main loop: fetch requests, run checks, send results, and only then acknowledge the requests.

A check holds its slot until the broker has its result, and few checks are held without one (agent.intake.fetcher); this
bounds everything that the process keeps in memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from uuid import UUID

import msgspec
import structlog

from agent.checks.runner import ProbeContext
from agent.intake.acceptance import Refused, Requests
from agent.intake.fetcher import FETCH_SECONDS, Admitted, Fetcher
from agent.intake.heartbeats import Heartbeats, Load
from agent.intake.held import End, HeldChecks, HeldMessage
from agent.intake.outbox import Outbox
from agent.intake.pace import Pace, Slots, next_capacity
from agent.probes import PROBES
from agent.throttling.limiter_client import ParentGoneError
from agent.throttling.taken import NoOtherProcesses, OtherProcesses
from agent.throttling.throttled_check import Checker
from shared.nats.bus import Bus
from shared.nats.deliveries import Delivery
from shared.nats.location_signing import LocationSigner
from shared.wire import subjects
from shared.wire.messages import CheckRequest
from shared.wire.rounds import Purpose
from shared.wire.signing import Verifier
from shared.wire.targets import kind_of

log = structlog.get_logger()

KINDS = [kind_of(target) for target in PROBES]
WORKING_SECONDS = 3.0
"""How often the broker learns that a check is in progress; well below controller.broker.streams.ACK_WAIT_SECONDS."""

CAPACITY_SECONDS = 10.0
"""How often the capacity is adapted to the loop's lateness."""

_PASS_ON_SECONDS = 0.5
"""When the broker offers a request that is refused here to another agent; sooner than this agent fetches again."""


class Worker:
    """The worker of one agent process. `run` returns when `stop` is set and all checks are finished or handed back."""

    def __init__(
        self,
        bus: Bus,
        context: ProbeContext,
        checker: Checker,
        verifier: Verifier,
        signer: LocationSigner,
        *,
        concurrency: int,
        per_second: float,
        drain_seconds: float,
        capacity_seconds: float = CAPACITY_SECONDS,
        others: OtherProcesses | None = None,
    ) -> None:
        self._others = others or NoOtherProcesses()
        self._bus = bus
        self._context = context
        self._checker = checker
        self._drain_seconds = drain_seconds
        self._capacity_seconds = capacity_seconds
        self._concurrency = concurrency
        self._slots = Slots(concurrency)
        self._pace = Pace(per_second)
        self._most_fetched = max(1, min(concurrency, int(per_second)))  # no more than can begin within a second
        self._requests = Requests(
            verifier,
            country=context.country,
            location=context.location,
            kinds=KINDS,
            clock=context.reach.clock,
            counts=checker.counts,
        )
        self.heartbeats = Heartbeats(bus, context, checker, verifier, signer, kinds=KINDS, load=self._load)
        self._outbox = Outbox(
            subjects.result(context.country, context.location),
            bus.publish,
            signer,
            batched=self.heartbeats.batches_are_read,
        )
        self._held = HeldChecks(bus, self._outbox, self._note_answer)
        self._checks: set[asyncio.Task[None]] = set()
        self._draining = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                loops = (self.heartbeats.run(), self._keep_reporting_progress(), self._keep_adapting_capacity())
                background = [group.create_task(each) for each in loops]
                fetchers = [group.create_task(self._fetch(kind, group), name=f"take-{kind}") for kind in KINDS]
                await stop.wait()
                log.info("agent_stopping", running=len(self._checks))
                await self._drain(fetchers)
                for task in background:
                    task.cancel()
        finally:
            await self._outbox.close()

    def gauges(self) -> dict[str, float]:
        """The current state of this process, by the names in agent.metrics.reading.GAUGES."""
        load = self._load()
        now = {
            "mailprobe_agent_processes": 1,
            "mailprobe_agent_checks_running": load.running,
            "mailprobe_agent_checks_waiting": load.waiting,
            "mailprobe_agent_capacity": load.capacity,
            "mailprobe_agent_loop_lag_seconds": self._context.lag.p95_ms() / 1000,
            "mailprobe_agent_results_unsent": self._outbox.waiting,
            "mailprobe_agent_results_oldest_unsent_seconds": self._outbox.oldest_seconds,
            "mailprobe_agent_nats_connected": float(self._bus.connected),
        }
        offset_ms = self._context.reach.clock.offset_ms
        return now if offset_ms is None else now | {"mailprobe_agent_clock_offset_seconds": offset_ms / 1000}

    def _load(self) -> Load:
        running = self._checker.running
        return Load(running, max(0, len(self._held) - running), self._slots.limit)

    async def _keep_reporting_progress(self) -> None:
        """Report each held request to the broker as in progress, so that it is not delivered to another agent."""
        while True:
            await asyncio.sleep(WORKING_SECONDS)
            try:
                for message in self._held.messages():
                    await message.delivery.working()
            except Exception:
                log.exception("progress_report_failed")

    async def _keep_adapting_capacity(self) -> None:
        """Hold fewer checks at once while the loop is late, because a late loop falsifies every timing."""
        while True:
            await asyncio.sleep(self._capacity_seconds)
            lag_ms = self._context.lag.p95_ms()
            before = self._slots.limit
            after = next_capacity(self._concurrency, before, self._slots.taken, lag_ms)
            if after != before:
                self._slots.resize(after)
                if self._concurrency in (before, after):
                    log.warning("capacity_changed", capacity=after, loop_lag_ms=lag_ms)

    async def _fetch(self, kind: str, group: asyncio.TaskGroup) -> None:
        fetcher = Fetcher(
            self._bus,
            self._slots,
            partial(self._admit, group),
            location=self._context.location,
            kind=kind,
            most_at_once=self._most_fetched,
        )
        await self.heartbeats.first_sent.wait()
        await fetcher.run(self._draining)

    async def _admit(self, group: asyncio.TaskGroup, deliveries: Sequence[Delivery], slots: int) -> Admitted:
        """Accept requests and begin their checks; if they need more than these slots, some wait for others. Slots that
        none needs are given back.
        """
        accepted: list[tuple[HeldMessage, CheckRequest]] = []
        passed_on = most_checks = 0
        for delivery in deliveries:
            requests = self._requests.take(delivery)
            if isinstance(requests, Refused):
                if requests is Refused.HERE:
                    passed_on += 1
                    await delivery.nak(_PASS_ON_SECONDS)
                else:
                    await delivery.term()
            else:
                message = HeldMessage(delivery, len(requests))
                accepted += [(message, request) for request in requests]
                most_checks = max(most_checks, len(requests))
            await asyncio.sleep(0)  # running checks are timed, and verifying a batch takes milliseconds
        accepted = await self._held.not_done_elsewhere(await self._not_replayed(accepted))
        await self._begin(group, accepted, slots)
        return Admitted(passed_on, most_checks)

    async def _not_replayed(
        self, accepted: list[tuple[HeldMessage, CheckRequest]]
    ) -> list[tuple[HeldMessage, CheckRequest]]:
        """Leave out what another process of the agent took from another message."""
        taking = [self._requests.taking(request, message.delivery) for message, request in accepted]
        replayed = await self._others.replayed(taking) if taking else ()
        for message, request in (accepted[place] for place in sorted(replayed)):
            self._requests.replayed(request, message.delivery)
            await self._held.end_for(message, request.check_id, End.DROPPED)
        return [each for place, each in enumerate(accepted) if place not in replayed]

    async def _begin(
        self, group: asyncio.TaskGroup, accepted: list[tuple[HeldMessage, CheckRequest]], slots: int
    ) -> None:
        """Begin new checks at an even pace."""
        fresh = [request for message, request in accepted if self._held.add(request.check_id, message)]
        self._slots.give_back(max(0, slots - len(fresh)))
        free = min(slots, len(fresh))
        for left, request in zip(range(len(fresh), 0, -1), fresh, strict=True):
            free = free or await self._slots.take(left)
            has_slot, free = free > 0, max(0, free - 1)
            if not self._slots.closed:
                await self._pace.wait_for_start()
            task = group.create_task(self._serve(request, slots=int(has_slot)))
            self._checks.add(task)
            task.add_done_callback(self._checks.discard)

    async def _serve(self, request: CheckRequest, *, slots: int) -> None:
        """Handle one request from start to acknowledgement; an unfinished one is handed back. It holds so many slots:
        none if it got none because the agent stops.
        """
        structlog.contextvars.bind_contextvars(
            check_id=str(request.check_id), monitor_id=str(request.monitor_id), location=request.location
        )
        check_id, end = request.check_id, End.UNFINISHED
        try:
            if check_id in self._outbox:
                await self._outbox.send_again(check_id)
                log.debug("result_sent_again")
            elif self._slots.closed:
                return
            elif self._context.reach.clock.now() > request.start_by:
                self._requests.late(request)
                end = End.DROPPED
                return
            else:
                await self._check(request)
            end = End.DONE
            self._note_answer(check_id)
        except ParentGoneError:
            log.debug("check_handed_back")  # this process is about to stop
        except Exception:
            log.exception("request_handling_failed")
        finally:
            await self._end(check_id, end, slots)

    async def _end(self, check_id: UUID, how: End, slots: int) -> None:
        """Note how a check ended, and give back its slots whatever goes wrong."""
        try:
            await self._held.end(check_id, how)
        except Exception:  # the broker delivers the request again, and an answered one is answered again
            log.exception("request_not_ended")
        finally:
            self._slots.give_back(slots)

    def _note_answer(self, check_id: UUID) -> None:
        """The broker has the result of a check."""
        self._requests.answered(check_id)
        self._others.answered(check_id)

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
        at_once = failure is not None or request.purpose is not Purpose.SCHEDULED
        await self._outbox.send(request.check_id, msgspec.json.encode(result), at_once=at_once)

    async def _drain(self, fetchers: list[asyncio.Task[None]]) -> None:
        """Fetch no more, let running checks end within the drain time, and hand the rest back."""
        self._slots.close()
        self._draining.set()
        self.heartbeats.first_sent.set()
        self._checker.give_up_waiting()
        deadline = asyncio.get_running_loop().time() + self._drain_seconds
        # Let a running fetch end: a request sent to a cancelled fetch would be lost until its redelivery.
        await asyncio.wait(fetchers, timeout=max(self._drain_seconds, 2 * FETCH_SECONDS))
        left = max(0.0, deadline - asyncio.get_running_loop().time())
        unfinished = set(fetchers)
        if self._checks:
            await asyncio.wait(self._checks, timeout=left)
            unfinished |= self._checks
        for task in unfinished:
            task.cancel()
        await asyncio.wait(unfinished, timeout=1)
        log.info("agent_stopped", handed_back=sum(task.cancelled() for task in unfinished), unsent=self._outbox.waiting)
