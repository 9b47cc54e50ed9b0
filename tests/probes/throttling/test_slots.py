"""Free slots: the first to wait is the first to get one, and a bound that may change is kept."""

from __future__ import annotations

import asyncio

from agent.intake.pace import Slots


async def test_who_asks_first_is_served_first_even_by_one_who_gives_back_and_asks_again() -> None:
    slots = Slots(1)
    order: list[str] = []

    async def busy(name: str) -> None:
        for _ in range(3):
            await slots.take(1)
            order.append(name)
            await asyncio.sleep(0)
            slots.give_back(1)

    await asyncio.gather(*(busy(name) for name in "abc"))
    assert order == list("abcabcabc")


async def test_no_more_is_given_than_is_free() -> None:
    slots = Slots(5)
    assert await slots.take(3) == 3
    assert await slots.take(3) == 2
    waiting = asyncio.create_task(slots.take(3))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    slots.give_back(1)
    assert await waiting == 1


async def test_fewer_slots_are_given_after_a_shrink_until_enough_have_come_back() -> None:
    slots = Slots(4)
    assert await slots.take(4) == 4
    slots.resize(2)
    waiting = asyncio.create_task(slots.take(4))
    slots.give_back(2)
    await asyncio.sleep(0.01)
    assert not waiting.done()
    slots.give_back(1)
    assert await waiting == 1
    slots.resize(4)
    assert await slots.take(4) == 2


async def test_nothing_is_given_after_the_close() -> None:
    slots = Slots(1)
    await slots.take(1)
    waiting = [asyncio.create_task(slots.take(1)) for _ in range(3)]
    await asyncio.sleep(0.01)
    slots.close()
    assert await asyncio.gather(*waiting) == [0, 0, 0]
    assert await slots.take(1) == 0
