"""A cancellation that a library lost is still heard."""

from __future__ import annotations

import asyncio


def heed_cancellation() -> None:
    """Raise CancelledError when the task was told to end and something below did not pass that on.

    asyncio.wait_for before Python 3.12 forgets a cancellation that comes together with the result (cpython#86296), and
    clients of NATS and PostgreSQL are built on it. A loop that asks here once a turn ends at the next one.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
