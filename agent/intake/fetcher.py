"""Fetches requests of one kind from the broker: hardly more than there are slots, and again after an outage."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

import structlog

from agent.intake.pace import Slots
from shared.nats.bus import Bus
from shared.nats.deliveries import Consumer, Delivery
from shared.nats.errors import BusError
from shared.wire import subjects
from shared.wire.batches import MOST_REQUESTS

log = structlog.get_logger()

FETCH_SECONDS = 1.0

_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 1.0  # a cluster that lost a server needs 4 to 9 s, and requests cannot wait much longer

_FIRST_STEP_BACK_SECONDS = 1.0
_LONGEST_STEP_BACK_SECONDS = 10.0


class Admitted(NamedTuple):
    """How many messages were passed on to other agents, and how many checks the largest of the others requests."""

    passed_on: int
    most_checks: int


class Fetcher:
    """Fetches until the slots are closed. A fetch holds a slot for each check that it may bring, as far as slots are
    free, judging by how many the messages before had. So it requests fewer messages after an empty fetch, down to one,
    and more after a full one, up to `most_at_once` checks.

    It waits for one free slot only, so that no kind waits for others while slots are free. So a fetch may bring more
    checks than it has slots, MOST_REQUESTS more as a rule, and these begin as slots come free. It requests enough for
    all slots that came free during the one before, so that its duration does not limit how many checks run.

    `admit` gets the messages and the slots for their checks. If it passed on all messages, the next fetch waits, longer
    each time; otherwise it would fetch the same messages until the broker drops them.
    """

    def __init__(
        self,
        bus: Bus,
        slots: Slots,
        admit: Callable[[Sequence[Delivery], int], Awaitable[Admitted]],
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
        self._each = 1
        self._singles = 0
        self._pause = _FIRST_PAUSE_SECONDS
        self._step_back = _FIRST_STEP_BACK_SECONDS

    async def run(self, draining: asyncio.Event) -> None:
        """`draining` is set when the slots are closed; it ends every pause."""
        while slots := await self._slots.take(max(self._most, self._each)):
            deliveries = await self._fetch(self._messages_for(slots))
            if not deliveries:
                self._slots.give_back(slots)
            if self._consumer is None:
                await _pause_until(self._pause, draining)
                self._pause = min(self._pause * 2, _LONGEST_PAUSE_SECONDS)
            if not deliveries:
                continue
            admitted = await self._admit(deliveries, slots)
            self._each = max(1, admitted.most_checks, self._each - 1)
            self._singles = len(deliveries) if admitted.most_checks == 1 else 0
            if admitted.passed_on == len(deliveries):
                await _pause_until(self._step_back, draining)
                self._step_back = min(self._step_back * 2, _LONGEST_STEP_BACK_SECONDS)
            else:
                self._step_back = _FIRST_STEP_BACK_SECONDS
        await self._close()

    def _messages_for(self, slots: int) -> int:
        """How many messages to request: as many as the slots are for, if each has as many checks as those before. But
        any may have MOST_REQUESTS, unless many with one check each came just now.
        """
        return max(1, min(slots // self._each, max(slots // MOST_REQUESTS + 1, 2 * self._singles)))

    async def _fetch(self, messages: int) -> Sequence[Delivery]:
        """The messages that came in time. If the broker is away: none, and the consumer is dropped."""
        try:
            self._consumer = self._consumer or await self._bus.consumer(subjects.CHECKS, self._consumer_name)
            deliveries = await self._consumer.fetch(messages, FETCH_SECONDS)
        except BusError as error:
            await self._close()
            if self._pause == _FIRST_PAUSE_SECONDS:
                log.warning("fetch_failed", kind=self._kind, error=str(error))
            return ()
        except Exception:
            await self._close()
            log.exception("fetch_crashed", kind=self._kind)
            return ()
        if self._pause > _FIRST_PAUSE_SECONDS:
            log.info("fetch_recovered", kind=self._kind)
        self._pause = _FIRST_PAUSE_SECONDS
        if len(deliveries) == messages:
            self._most = min(self._most * 2, self._most_at_once)
        elif not deliveries:
            self._most = max(self._most // 2, 1)
            self._singles = 0
            self._each = max(self._each // 2, 1)  # an idle fetch must not hold slots that other kinds need
        return deliveries

    async def _close(self) -> None:
        """Close the consumer: a failed fetch leaves a subscription that would otherwise stay for ever."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.close()


async def _pause_until(seconds: float, until: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await until.wait()
