"""How many messages an agent requests at once, and which slots it holds meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import cast

from agent.intake.fetcher import Admitted, Fetcher
from agent.intake.pace import Slots
from shared.nats.bus import Bus
from shared.nats.deliveries import Delivery
from shared.wire.batches import MOST_REQUESTS


class FetchCase:
    """The broker of a fetcher, which has `messages` for each fetch, and the agent that admits them: each message has
    `checks` checks, which end at once.
    """

    def __init__(self, limit: int) -> None:
        self.slots = Slots(limit)
        self.requested: list[tuple[int, int]] = []  # messages, and the slots held meanwhile
        self.messages = 10_000
        self.checks = 1
        self.fetched = asyncio.Event()  # set by each fetch
        self.fetcher = Fetcher(
            cast("Bus", self),
            self.slots,
            self._admit,
            location="de",
            kind="smtp",
            most_at_once=limit,
        )

    async def consumer(self, _stream: str, _name: str) -> FetchCase:
        return self

    async def fetch(self, messages: int, _seconds: float) -> list[Delivery]:
        self.requested.append((messages, self.slots.taken))
        self.fetched.set()
        await asyncio.sleep(0)
        return [cast("Delivery", None)] * min(messages, self.messages)

    async def close(self) -> None:
        """As a consumer is closed."""

    async def _admit(self, _deliveries: Sequence[Delivery], slots: int) -> Admitted:
        self.slots.give_back(slots)
        return Admitted(0, self.checks)

    async def fetch_more(self, times: int) -> None:
        """Return when so many more fetches have begun."""
        until = len(self.requested) + times
        async with asyncio.timeout(30):
            while len(self.requested) < until:
                self.fetched.clear()
                await self.fetched.wait()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        draining = asyncio.Event()
        running = asyncio.create_task(self.fetcher.run(draining))
        try:
            yield
        finally:
            self.slots.close()
            draining.set()
            await asyncio.wait_for(running, 30)


async def test_while_every_message_has_one_request_it_requests_more_each_time_up_to_all_slots() -> None:
    case = FetchCase(100)
    async with case.running():
        await case.fetch_more(9)
    assert case.requested[:9] == [(1, 1), (2, 2), (4, 4), (8, 8), (16, 16), (32, 32), (64, 64), (100, 100), (100, 100)]


async def test_a_few_messages_with_one_request_do_not_let_it_request_as_many_messages_as_slots() -> None:
    case = FetchCase(1000)
    case.checks = MOST_REQUESTS
    async with case.running():
        await case.fetch_more(12)
        case.messages = case.checks = 1
        await case.fetch_more(2 * MOST_REQUESTS)
        assert case.requested[-1] == (1000 // MOST_REQUESTS + 1, 1000)
        case.messages = 0
        await case.fetch_more(3)
        assert all((messages - 1) * MOST_REQUESTS <= slots for messages, slots in case.requested)


async def test_full_batches_fill_all_slots_of_a_fetch() -> None:
    case = FetchCase(1000)
    case.checks = MOST_REQUESTS
    async with case.running():
        await case.fetch_more(12)
    assert case.requested[11] == (1000 // MOST_REQUESTS, 1000)
    assert all(slots < (messages + 1) * MOST_REQUESTS for messages, slots in case.requested)


async def test_a_kind_with_large_messages_goes_on_with_the_slots_that_are_free_and_lets_others_go_on() -> None:
    case = FetchCase(100)
    case.checks = MOST_REQUESTS
    assert await case.slots.take(85) == 85  # checks that hang
    async with case.running():
        await case.fetch_more(2)
        assert case.requested[:2] == [(1, 86), (1, 100)]
        assert await asyncio.wait_for(case.slots.take(1), 30) == 1
