"""How late the event loop runs: a deadline that passed while this process was blocked says nothing about a server."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

_TICK_SECONDS = 0.1
_WORTH_KEEPING_SECONDS = 0.1
_KEPT = 1000


class Lag:
    """Remembers when the loop was late, and by how much. Measures while inside `watching()`."""

    def __init__(self) -> None:
        self._late: deque[tuple[float, float]] = deque(maxlen=_KEPT)
        self._timer: asyncio.TimerHandle | None = None

    @contextmanager
    def watching(self) -> Iterator[None]:
        self._again(asyncio.get_running_loop())
        try:
            yield
        finally:
            if self._timer is not None:
                self._timer.cancel()

    def worst_since(self, moment: float) -> float:
        """The longest lateness since `moment` (the loop's time), in seconds; what is under 0.1 s is 0."""
        return max((late for at, late in self._late if at >= moment), default=0.0)

    def _again(self, loop: asyncio.AbstractEventLoop) -> None:
        # A timer's own callback, not a task: it runs before any task that the same blocking cut short is resumed.
        self._timer = loop.call_later(_TICK_SECONDS, self._tick, loop, loop.time() + _TICK_SECONDS)

    def _tick(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        now = loop.time()
        if now - due > _WORTH_KEEPING_SECONDS:
            self._late.append((now, now - due))
        self._again(loop)
