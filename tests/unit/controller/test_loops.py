"""Loops of the pipeline go on after an error, and end when they are cancelled."""

from __future__ import annotations

import asyncio

import pytest
import structlog

from controller.pipeline import loops
from controller.pipeline.loops import keep
from controller.store.platform.pool import StoreUnavailableError


async def test_a_loop_ends_although_its_work_lost_the_cancellation() -> None:
    """Before Python 3.12 asyncio.wait_for loses a cancellation when the result comes at the same moment."""
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
    await asyncio.wait([task], timeout=5)
    assert task.cancelled()
    assert turns == 1


async def test_a_loop_goes_on_after_a_group_of_tasks_failed_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before Python 3.13 the loop's task appears cancelled from then on."""
    monkeypatch.setattr(loops, "_PAUSE_SECONDS", 0.0)
    again = asyncio.Event()
    turns = 0

    async def fail() -> None:
        raise StoreUnavailableError("away")

    async def work() -> None:
        nonlocal turns
        turns += 1
        if turns > 2:
            again.set()
            await asyncio.sleep(10)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(fail())
        except ExceptionGroup as group:
            raise group.exceptions[0] from None

    task = asyncio.create_task(keep("work", work))
    await asyncio.wait_for(again.wait(), 20)
    task.cancel()
    await asyncio.wait([task], timeout=5)
    assert task.cancelled()


async def test_a_loop_goes_on_when_only_what_it_waited_for_was_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that closes cancels its own futures in this way."""
    monkeypatch.setattr(loops, "_PAUSE_SECONDS", 0.0)
    again = asyncio.Event()
    turns = 0

    async def work() -> None:
        nonlocal turns
        turns += 1
        if turns > 1:
            again.set()
            await asyncio.sleep(10)
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        answer.cancel()
        await answer

    task = asyncio.create_task(keep("work", work))
    await asyncio.wait_for(again.wait(), 20)
    task.cancel()
    await asyncio.wait([task], timeout=5)
    assert task.cancelled()


async def test_work_that_never_ends_recovers_and_is_logged_when_it_fails_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loops, "_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(loops, "_RECOVERED_SECONDS", 0.05)
    recovered, again = asyncio.Event(), asyncio.Event()
    turns = 0

    async def work() -> None:
        nonlocal turns
        turns += 1
        if turns in (1, 2):
            raise StoreUnavailableError("away")
        if turns == 3:
            await recovered.wait()
            raise StoreUnavailableError("away again")
        again.set()
        await asyncio.sleep(10)

    with structlog.testing.capture_logs() as logged:
        task = asyncio.create_task(keep("work", work))
        async with asyncio.timeout(20):
            while [line["event"] for line in logged] != ["loop_waits", "loop_recovered"]:
                await asyncio.sleep(0.01)
        recovered.set()
        await asyncio.wait_for(again.wait(), 20)
        task.cancel()
        await asyncio.wait([task], timeout=5)
    assert [line["event"] for line in logged][:3] == ["loop_waits", "loop_recovered", "loop_waits"]
