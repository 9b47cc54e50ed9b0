"""Work beside the event loop, and objects that the garbage collector leaves alone."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Iterator

import pytest

from controller.long_lived import set_apart
from controller.off_loop import SWITCH_SECONDS, THREAD, in_turns, off_loop, share_interpreter


async def test_the_loop_goes_on_while_something_is_computed() -> None:
    begun, released = threading.Event(), threading.Event()

    def work(text: str, *, times: int) -> str:
        begun.set()
        assert released.wait(10)  # only the loop can release it
        return text * times

    waiting = asyncio.create_task(off_loop(work, "a", times=3))
    async with asyncio.timeout(10):
        while not begun.is_set():
            await asyncio.sleep(0.001)
    released.set()
    assert await waiting == "aaa"


async def test_one_thread_computes_for_all() -> None:
    threads = await asyncio.gather(*(off_loop(threading.current_thread) for _ in range(20)))
    assert len(set(threads)) == 1
    assert threads[0].name.startswith(THREAD)


async def test_what_the_work_raises_comes_back() -> None:
    with pytest.raises(ZeroDivisionError):
        await off_loop(divmod, 1, 0)


async def test_many_items_leave_turns_for_everything_else() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    assert [item async for item in in_turns(range(1_000), at_once=100)] == list(range(1_000))
    counting.cancel()
    assert turns >= 9


@pytest.fixture
def as_before() -> Iterator[None]:
    interval = sys.getswitchinterval()
    yield
    sys.setswitchinterval(interval)
    gc.unfreeze()


@pytest.mark.usefixtures("as_before")
def test_threads_hand_the_interpreter_over_soon() -> None:
    share_interpreter()
    assert sys.getswitchinterval() == pytest.approx(SWITCH_SECONDS)


@pytest.mark.usefixtures("as_before")
@pytest.mark.parametrize("thoroughly", [True, False])
def test_no_collection_visits_what_is_set_apart(thoroughly: bool) -> None:
    kept = [[number] for number in range(1_000)]
    assert any(found is kept for found in gc.get_objects())
    set_apart(thoroughly=thoroughly)
    assert not any(found is kept for found in gc.get_objects())
    assert gc.get_freeze_count() >= 1_000
