"""An agent's signs of life, and the time that a controller tells in its answers to them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from importlib.metadata import version
from secrets import token_urlsafe
from time import monotonic
from typing import NamedTuple

import msgspec
import structlog

from agent.checks.runner import Station
from agent.intake.clock_sync import Timekeeper
from agent.throttling.throttled_check import Checker
from shared.nats.bus import Bus
from shared.nats.errors import BusError
from shared.wire import subjects
from shared.wire.messages import HEARTBEAT_SECONDS, Heartbeat
from shared.wire.signing import Verifier

log = structlog.get_logger()

ANSWER_SECONDS = 1.0
"""How long a controller may take to tell the time."""


class Load(NamedTuple):
    """Checks in a dialogue, those in hand but not begun, and how many both may be."""

    running: int
    waiting: int
    capacity: int


class Heartbeats:
    """`beaten` is set once the first was sent, or could not be: by then it is known whether the clock can be trusted.
    `load` tells what is in hand when it is asked.
    """

    def __init__(
        self,
        bus: Bus,
        station: Station,
        checker: Checker,
        verifier: Verifier,
        *,
        kinds: Sequence[str],
        load: Callable[[], Load],
    ) -> None:
        self._bus = bus
        self._station = station
        self._checker = checker
        self._timekeeper = Timekeeper(station.reach.clock, verifier)
        self._kinds = list(kinds)
        self._load = load
        self._started_at = station.reach.clock.now()
        self._connected = asyncio.Event()
        self.beaten = asyncio.Event()

    def connected(self) -> None:
        """The bus has a connection, the first or a new one: a heartbeat is due."""
        self._connected.set()

    async def run(self) -> None:
        """Beat at every connection and every HEARTBEAT_SECONDS after it, until cancelled."""
        while True:
            if not self._bus.connected:
                await self._connected.wait()
            self._connected.clear()
            try:
                await self.beat()
            except BusError:
                log.debug("heartbeat_not_sent")  # the bus has logged why, and the next connect sends one
            except Exception:
                log.exception("heartbeat_broke")
            self.beaten.set()
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await self._connected.wait()
            except TimeoutError:
                continue

    async def beat(self) -> None:
        """Send one, and set the clock by a controller's answer, if one comes. Raises BusError."""
        station = self._station
        clock = station.reach.clock
        load = self._load()
        heartbeat = Heartbeat(
            agent=station.agent,
            location=station.location,
            country=station.country,
            kinds=self._kinds,
            version=version("mailprobe"),
            started_at=clock.corrected(self._started_at),
            sent_at=clock.now(),
            running=load.running,
            waiting=load.waiting,
            capacity=load.capacity,
            loop_lag_ms=station.lag.p95_ms(),
            unfit=list(self._checker.unfit),
            clock_offset_ms=clock.offset_ms,
            nonce=token_urlsafe(16),
        )
        subject = subjects.agent(station.country, station.location, station.agent)
        body = msgspec.json.encode(heartbeat)
        asked_at = monotonic()
        answer = await self._bus.ask(subject, body, ANSWER_SECONDS)
        if answer is not None:
            self._timekeeper.heard(answer, subject, body, asked_at)
