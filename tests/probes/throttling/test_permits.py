"""Permits for a target's address: how many at once, how fast, how long a check waits, and that nothing is left over."""

from __future__ import annotations

import asyncio

import pytest

from agent.throttling.permits import NoPermitError, Permits


async def seconds_until_permit(permits: Permits, address: str, seconds: float) -> float:
    """How many seconds it took, by the loop's clock, to get a permit."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await permits.take(address, seconds)
    return loop.time() - began


async def test_starts_at_one_address_are_evenly_spaced_in_the_order_of_the_requests() -> None:
    permits = Permits(at_once=10, per_second=20, most_waiting=10)
    order: list[int] = []

    async def check(number: int) -> float:
        waited = await seconds_until_permit(permits, "a", 30)
        order.append(number)
        return waited

    waits = await asyncio.gather(*(check(number) for number in range(5)))
    assert order == [0, 1, 2, 3, 4]
    assert [waited >= 0.049 * number for number, waited in enumerate(waits)] == [True] * 5
    assert waits[-1] < 10


async def test_another_address_does_not_wait() -> None:
    permits = Permits(at_once=1, per_second=0.01, most_waiting=10)
    await permits.take("a", 0)
    await permits.take("b", 0)


async def test_a_third_check_waits_until_one_of_two_has_ended() -> None:
    permits = Permits(at_once=2, per_second=10_000, most_waiting=10)
    for _ in range(2):
        await permits.take("a", 10)
    third = asyncio.create_task(permits.take("a", 30))
    await asyncio.sleep(0.02)
    assert not third.done()
    permits.give_back("a")
    await asyncio.wait_for(third, 10)


async def test_a_permit_that_cannot_come_in_time_is_refused_at_once() -> None:
    permits = Permits(at_once=2, per_second=0.01, most_waiting=10)
    await permits.take("192.0.2.7", 0)
    with pytest.raises(NoPermitError, match=r"checks of 192\.0\.2\.7 to 2 at once and 0\.01 per second"):
        permits.take("192.0.2.7", 60).send(None)


async def test_a_permit_that_does_not_come_in_time_is_refused_then() -> None:
    permits = Permits(at_once=1, per_second=10_000, most_waiting=10)
    await permits.take("a", 0)
    await asyncio.sleep(0.001)
    with pytest.raises(NoPermitError):
        await permits.take("a", 0.05)
    assert permits.waiting == 0


async def test_no_more_wait_than_may() -> None:
    permits = Permits(at_once=1, per_second=1, most_waiting=2)
    await permits.take("a", 0)
    waiting = [asyncio.create_task(permits.take("a", 30)) for _ in range(2)]
    await asyncio.sleep(0.01)
    with pytest.raises(NoPermitError, match="to 1 at once and 1 per second"):
        await permits.take("a", 30)
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)


async def test_who_gives_up_waiting_leaves_the_permit_to_the_next() -> None:
    permits = Permits(at_once=1, per_second=10_000, most_waiting=10)
    await permits.take("a", 0)
    first, second = (asyncio.create_task(permits.take("a", 30)) for _ in range(2))
    await asyncio.sleep(0.01)
    first.cancel()
    permits.give_back("a")
    await asyncio.wait_for(second, 10)
    assert first.cancelled()


async def test_who_is_cancelled_at_the_moment_of_its_permit_gives_it_back() -> None:
    permits = Permits(at_once=1, per_second=10_000, most_waiting=10)
    await permits.take("a", 0)
    first, second = (asyncio.create_task(permits.take("a", 30)) for _ in range(2))
    await asyncio.sleep(0.01)
    permits.give_back("a")  # gives the permit to the first, which does not run before it is cancelled
    first.cancel()
    await asyncio.wait_for(second, 10)


async def test_an_address_is_forgotten_when_nothing_runs_or_waits_there() -> None:
    permits = Permits(at_once=2, per_second=200, most_waiting=1000)
    for number in range(500):
        await permits.take(f"address {number}", 0)
        permits.give_back(f"address {number}")
    async with asyncio.timeout(10):
        while len(permits):
            await asyncio.sleep(0.01)
