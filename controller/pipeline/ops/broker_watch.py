"""Notice within ten seconds when NATS is away, or when a stream stores nothing: its disk or the stream is full, or
JetStream is not available. nats-server goes on failing after its disk has room again; so does the problem here.

A stream that grew since the last review works. Otherwise a test message shows it, also of RESULTS, which only agents
write to.
"""

from __future__ import annotations

import asyncio

from controller.broker.replay import stream_state
from controller.broker.write_test import write_once
from controller.metrics.counts import Counts
from controller.model.dependencies import STREAM_OF, Dependency
from controller.pipeline.ops.health import DependencyHealth
from shared.nats.bus import Bus
from shared.nats.errors import BusError

BROKER_WATCH_SECONDS = 2.0
NOT_CONNECTED = "there is no connection to NATS"
_PATIENCE_SECONDS = 4.5
"""For so long a stream is tried before it counts as failing."""
_ANSWER_SECONDS = 4.0
_PAUSE_SECONDS = 0.5


class BrokerWatch:
    def __init__(self, bus: Bus, health: DependencyHealth, counts: Counts) -> None:
        self._bus = bus
        self._health = health
        self._counts = counts
        self._last: dict[str, int] = {}

    async def review(self) -> None:
        """Try every stream once. Streams that failed before NATS went away stay failing until one of them works."""
        try:
            await self._bus.require_connected()
        except BusError:
            self._health.failing(Dependency.NATS, NOT_CONNECTED)
            return
        self._health.working(Dependency.NATS)
        async with asyncio.TaskGroup() as tasks:
            for part, stream in STREAM_OF.items():
                tasks.create_task(self._review(part, stream))

    async def _review(self, part: Dependency, stream: str) -> None:
        why = "the broker did not answer in time"
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while True:
                    try:
                        await self._try(stream)
                    except BusError as error:
                        why = str(error)
                        self._counts.writes_failed.add((stream,))
                    else:
                        self._health.working(part)
                        return
                    await asyncio.sleep(_PAUSE_SECONDS)
        except TimeoutError:
            if self._bus.connected:
                self._health.failing(part, f"stream {stream} stores no messages: {why}")

    async def _try(self, stream: str) -> None:
        """Raises BusError."""
        before = self._last.pop(stream, None)
        last = (await stream_state(self._bus, stream)).last
        if before is None or last <= before:
            if not await write_once(self._bus, stream, wait_seconds=_ANSWER_SECONDS):
                return  # the next review tries it again, however much the stream grows, and then removes both
            last += 1
        self._last[stream] = last
