"""Sends an agent's heartbeats, and reads the broker's time from a controller's answers to them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from importlib.metadata import version
from secrets import token_urlsafe
from time import monotonic
from typing import NamedTuple

import msgspec
import structlog

from agent.checks.runner import ProbeContext
from agent.intake.clock_sync import ClockSync
from agent.throttling.throttled_check import Checker
from shared.nats.bus import Bus
from shared.nats.errors import BusError
from shared.nats.location_signing import LocationSigner
from shared.wire import subjects
from shared.wire.messages import BATCHES, CANARY, HEARTBEAT_SECONDS, LOGINS, TRIAL, Heartbeat
from shared.wire.signing import Verifier

log = structlog.get_logger()

ANSWER_SECONDS = 1.0
"""How long a controller may take to answer with the time."""


class Load(NamedTuple):
    """Checks in their dialogue, checks accepted but not begun, and how many both together may be."""

    running: int
    waiting: int
    capacity: int


class Heartbeats:
    """`first_sent` is set once the first heartbeat was sent, or failed: then it is known whether the clock is right.
    `load` returns the current load.
    """

    def __init__(
        self,
        bus: Bus,
        context: ProbeContext,
        checker: Checker,
        verifier: Verifier,
        signer: LocationSigner,
        *,
        kinds: Sequence[str],
        load: Callable[[], Load],
    ) -> None:
        self._bus = bus
        self._context = context
        self._checker = checker
        self._signer = signer
        self._clock_sync = ClockSync(context.reach.clock, verifier)
        self._kinds = list(kinds)
        self._load = load
        self._started_at = context.reach.clock.now()
        self._connected = asyncio.Event()
        self.first_sent = asyncio.Event()

    def batches_are_read(self) -> bool:
        """Whether the controllers read several results in a message now."""
        return self._clock_sync.is_read(BATCHES)

    def connected(self) -> None:
        """Call this after each connect or reconnect of the bus: a heartbeat is due."""
        self._connected.set()

    async def run(self) -> None:
        """Send a heartbeat after each connect and then every HEARTBEAT_SECONDS, until cancelled."""
        while True:
            if not self._bus.connected:
                await self._connected.wait()
            self._connected.clear()
            try:
                await self.beat()
            except BusError:
                log.debug("heartbeat_not_sent")  # the bus has logged why, and the next connect sends one
            except Exception:
                log.exception("heartbeat_failed")
            self.first_sent.set()
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await self._connected.wait()
            except TimeoutError:
                continue

    async def beat(self) -> None:
        """Send one heartbeat, and set the clock if a controller answers. Raises BusError."""
        context = self._context
        clock = context.reach.clock
        load = self._load()
        heartbeat = Heartbeat(
            agent=context.agent,
            location=context.location,
            country=context.country,
            kinds=self._kinds,
            version=version("mailprobe"),
            started_at=clock.corrected(self._started_at),
            sent_at=clock.now(),
            running=load.running,
            waiting=load.waiting,
            capacity=load.capacity,
            loop_lag_ms=context.lag.p95_ms(),
            unfit=list(self._checker.unfit),
            clock_offset_ms=clock.offset_ms,
            nonce=token_urlsafe(16),
            reads=[BATCHES, CANARY, LOGINS, TRIAL],
        )
        subject = subjects.agent(context.country, context.location, context.agent)
        body = msgspec.json.encode(heartbeat)
        sent_at = monotonic()
        answer = await self._bus.request(subject, body, ANSWER_SECONDS, self._signer.heartbeat(subject, body))
        if answer is not None:
            self._clock_sync.observe(answer, subject, body, sent_at)
