"""A cancellation takes effect although asyncio.wait_for loses it (cpython#86296, before Python 3.12)."""

from __future__ import annotations

import asyncio

import pytest

from shared.nats.lost_cancellation import cancellable


@pytest.mark.parametrize("answer", [1, ValueError("refused")], ids=["a result", "an error"])
async def test_a_cancellation_that_comes_with_the_answer_is_raised(answer: int | ValueError) -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(cancellable(asyncio.wait_for(future, 10)))
    await asyncio.sleep(0)
    if isinstance(answer, ValueError):
        future.set_exception(answer)
    else:
        future.set_result(answer)
    task.cancel()
    await asyncio.wait([task], timeout=10)
    assert task.cancelled()


async def test_who_was_cancelled_before_may_still_await() -> None:
    """To clean up."""

    async def cleans_up() -> str:
        try:
            return await asyncio.sleep(10, "never")
        except asyncio.CancelledError:
            return await cancellable(asyncio.sleep(0, "cleaned up"))

    task = asyncio.create_task(cleans_up())
    await asyncio.sleep(0)
    task.cancel()
    assert await task == "cleaned up"
