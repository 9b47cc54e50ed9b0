"""Starts come at an even pace, also one that is finer than a timer."""

from __future__ import annotations

import asyncio

import pytest

from agent.intake.pace import Pace


@pytest.mark.parametrize("per_second", [50, 200, 2000, 20_000])
async def test_there_are_never_more_starts_than_the_pace_allows(per_second: int) -> None:
    pace, loop = Pace(per_second), asyncio.get_running_loop()
    began = loop.time()
    for wait_for_start in range(max(5, per_second // 20)):
        await pace.wait_for_start()
        grain = 0.002  # of a timer, which may also fire half a millisecond early
        assert wait_for_start <= (loop.time() - began + grain) * per_second


async def test_who_comes_after_a_pause_waits_for_nothing() -> None:
    pace = Pace(20)
    await pace.wait_for_start()
    await asyncio.sleep(0.06)
    wait_for_start = asyncio.create_task(pace.wait_for_start())
    await asyncio.sleep(0)
    assert wait_for_start.done()
