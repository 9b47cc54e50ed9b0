"""Turns at a target's address: how many at once, how fast, for how long one waits, and that nothing is left over."""

from __future__ import annotations

import asyncio

import pytest

from agent.throttling.permits import NoTurnError, Turns


async def taken_within(turns: Turns, address: str, seconds: float) -> float:
    """When, counted from now by the loop's clock, a turn came."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await turns.take(address, seconds)
    return loop.time() - began


async def test_starts_at_one_address_are_evenly_spaced_in_the_order_they_were_asked_for() -> None:
    turns = Turns(at_once=10, per_second=20, most_waiting=10)
    order: list[int] = []

    async def check(number: int) -> float:
        moment = await taken_within(turns, "a", 30)
        order.append(number)
        return moment

    moments = await asyncio.gather(*(check(number) for number in range(5)))
    assert order == [0, 1, 2, 3, 4]
    assert [moment >= 0.049 * number for number, moment in enumerate(moments)] == [True] * 5
    assert moments[-1] < 10


async def test_another_address_does_not_wait() -> None:
    turns = Turns(at_once=1, per_second=0.01, most_waiting=10)
    await turns.take("a", 0)
    await turns.take("b", 0)


async def test_a_third_check_waits_until_one_of_two_has_ended() -> None:
    turns = Turns(at_once=2, per_second=10_000, most_waiting=10)
    for _ in range(2):
        await turns.take("a", 10)
    third = asyncio.create_task(turns.take("a", 30))
    await asyncio.sleep(0.02)
    assert not third.done()
    turns.give_back("a")
    await asyncio.wait_for(third, 10)


async def test_a_turn_that_cannot_come_in_time_is_refused_at_once() -> None:
    turns = Turns(at_once=2, per_second=0.01, most_waiting=10)
    await turns.take("192.0.2.7", 0)
    with pytest.raises(NoTurnError, match=r"checks 192\.0\.2\.7 with 2 at once and 0\.01 starts a second at most"):
        turns.take("192.0.2.7", 60).send(None)


async def test_a_turn_that_does_not_come_in_time_is_refused_then() -> None:
    turns = Turns(at_once=1, per_second=10_000, most_waiting=10)
    await turns.take("a", 0)
    await asyncio.sleep(0.001)
    with pytest.raises(NoTurnError):
        await turns.take("a", 0.05)
    assert turns.waiting == 0


async def test_no_more_wait_than_may() -> None:
    turns = Turns(at_once=1, per_second=1, most_waiting=2)
    await turns.take("a", 0)
    waiting = [asyncio.create_task(turns.take("a", 30)) for _ in range(2)]
    await asyncio.sleep(0.01)
    with pytest.raises(NoTurnError, match="with 1 at once and 1 start a second at most"):
        await turns.take("a", 30)
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)


async def test_who_gives_up_waiting_leaves_the_turn_to_the_next() -> None:
    turns = Turns(at_once=1, per_second=10_000, most_waiting=10)
    await turns.take("a", 0)
    first, second = (asyncio.create_task(turns.take("a", 30)) for _ in range(2))
    await asyncio.sleep(0.01)
    first.cancel()
    turns.give_back("a")
    await asyncio.wait_for(second, 10)
    assert first.cancelled()


async def test_who_is_cancelled_at_the_moment_of_its_turn_gives_it_back() -> None:
    turns = Turns(at_once=1, per_second=10_000, most_waiting=10)
    await turns.take("a", 0)
    first, second = (asyncio.create_task(turns.take("a", 30)) for _ in range(2))
    await asyncio.sleep(0.01)
    turns.give_back("a")  # gives it to the first, which does not run before it is cancelled
    first.cancel()
    await asyncio.wait_for(second, 10)


async def test_an_address_is_forgotten_when_nothing_runs_or_waits_there() -> None:
    turns = Turns(at_once=2, per_second=200, most_waiting=1000)
    for number in range(500):
        await turns.take(f"address {number}", 0)
        turns.give_back(f"address {number}")
    async with asyncio.timeout(10):
        while len(turns):
            await asyncio.sleep(0.01)
