"""Take requests of one kind from the broker: never more than there are slots, and after a break by itself again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import structlog

from agent.intake.pace import Slots
from shared.nats.bus import Bus
from shared.nats.deliveries import Consumer, Delivery
from shared.nats.errors import BusError
from shared.wire import subjects

log = structlog.get_logger()

FETCH_SECONDS = 1.0

_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 1.0  # a cluster that has lost a server needs 4 to 9 s, and requests may not wait much longer

_FIRST_STEP_BACK_SECONDS = 1.0
_LONGEST_STEP_BACK_SECONDS = 10.0


class Taker:
    """Fetches until the slots are closed. A fetch holds the slots of all it may bring, so a kind that brings nothing
    asks for ever fewer, down to one, and one that brings all it is asked for asks for more, up to `most_at_once`.

    `admit` gets what came, each with a slot, and returns how many were left to a neighbour. Who leaves all it took
    takes no more for a while, and ever longer, or it would take the same ones again until the broker gives them up.
    """

    def __init__(
        self,
        bus: Bus,
        slots: Slots,
        admit: Callable[[Sequence[Delivery]], Awaitable[int]],
        *,
        location: str,
        kind: str,
        most_at_once: int,
    ) -> None:
        self._bus = bus
        self._slots = slots
        self._admit = admit
        self._consumer_name = subjects.check_consumer(location, kind)
        self._kind = kind
        self._most_at_once = most_at_once
        self._consumer: Consumer | None = None
        self._most = 1
        self._pause = _FIRST_PAUSE_SECONDS
        self._step_back = _FIRST_STEP_BACK_SECONDS

    async def run(self, draining: asyncio.Event) -> None:
        """`draining` is set when the slots are closed, and cuts every pause short."""
        while slots := await self._slots.take(self._most):
            deliveries = await self._fetch(slots)
            self._slots.give_back(slots - len(deliveries))
            if self._consumer is None:
                await _rest(self._pause, draining)
                self._pause = min(self._pause * 2, _LONGEST_PAUSE_SECONDS)
            left = await self._admit(deliveries)
            if left and left == len(deliveries):
                await _rest(self._step_back, draining)
                self._step_back = min(self._step_back * 2, _LONGEST_STEP_BACK_SECONDS)
            elif deliveries:
                self._step_back = _FIRST_STEP_BACK_SECONDS
        await self._close()

    async def _fetch(self, slots: int) -> Sequence[Delivery]:
        """What came in time; nothing, and no consumer any more, when the broker is away."""
        try:
            self._consumer = self._consumer or await self._bus.consumer(subjects.CHECKS, self._consumer_name)
            deliveries = await self._consumer.fetch(slots, FETCH_SECONDS)
        except BusError as error:
            await self._close()
            if self._pause == _FIRST_PAUSE_SECONDS:
                log.warning("fetch_failed", kind=self._kind, error=str(error))
            return ()
        except Exception:
            await self._close()
            log.exception("fetch_broke", kind=self._kind)
            return ()
        if self._pause > _FIRST_PAUSE_SECONDS:
            log.info("fetch_works_again", kind=self._kind)
        self._pause = _FIRST_PAUSE_SECONDS
        if len(deliveries) == slots:
            self._most = min(self._most * 2, self._most_at_once)
        elif not deliveries:
            self._most = max(self._most // 2, 1)
        return deliveries

    async def _close(self) -> None:
        """A failed fetch leaves a subscription that would otherwise stay for ever."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.close()


async def _rest(seconds: float, until: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await until.wait()
