"""Loops of the pipeline: they go on after trouble, and end when they are told to."""

from __future__ import annotations

import asyncio

from controller.pipeline.loops import keep


async def test_a_loop_ends_although_its_work_lost_the_cancellation() -> None:
    """As asyncio.wait_for does before Python 3.12 when the result comes at the same moment."""
    began = asyncio.Event()
    turns = 0

    async def work() -> None:
        nonlocal turns
        turns += 1
        began.set()
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            return

    task = asyncio.create_task(keep("work", work))
    await began.wait()
    task.cancel()
    await asyncio.wait([task], timeout=1)
    assert task.cancelled()
    assert turns == 1
