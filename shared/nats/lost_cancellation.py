"""Makes sure that a cancellation takes effect although a library lost it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


def raise_lost_cancellation() -> None:
    """Raise CancelledError if the task was cancelled and a library did not pass that on.

    asyncio.wait_for before Python 3.12 loses a cancellation that comes together with the result (cpython#86296), and
    the clients of NATS and PostgreSQL use it. A loop that calls this in each iteration ends at the next one.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def cancellable(awaited: Awaitable[T]) -> T:
    """Await what may lose a cancellation, and raise CancelledError if the task was cancelled meanwhile."""
    task = asyncio.current_task()
    before = task.cancelling() if task is not None else 0
    try:
        return await awaited
    finally:
        if task is not None and task.cancelling() > before:
            raise asyncio.CancelledError
