"""How late the event loop runs: a deadline that passed while this process was blocked says nothing about a server."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

TICK_SECONDS = 0.005
WINDOW_SECONDS = 30.0
LONGEST_CHECK_SECONDS = 300.0
"""What the worst must be remembered for: no API gives a check more time."""

_TICKS = round(WINDOW_SECONDS / TICK_SECONDS)


class Lag:
    """Measures while inside `watching()`, to about a millisecond. `clock` gives seconds (monotonic)."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._recent: deque[float] = deque(maxlen=_TICKS)
        # The worst so far seen from each moment on: later entries are smaller, so the first one after a moment is the
        # highest since, and few are kept.
        self._peaks: deque[tuple[float, float]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    @contextmanager
    def watching(self) -> Iterator[None]:
        self._again(asyncio.get_running_loop())
        try:
            yield
        finally:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def worst_since(self, moment: float) -> float:
        """The longest lateness since `moment` (of the clock; at most LONGEST_CHECK_SECONDS ago), in seconds."""
        recorded = next((late for at, late in self._peaks if at >= moment), 0.0)
        return max(recorded, self._clock() - self._due) if self._timer is not None else recorded

    def p95_ms(self) -> float:
        """What the loop was late for 95 of 100 moments of the last half minute, at most; in milliseconds.

        Sorts some thousand figures: ask about once a second.
        """
        ordered = sorted(self._recent)
        return round(ordered[len(ordered) * 95 // 100] * 1000, 3) if ordered else 0.0

    def record(self, late: float) -> None:
        """A tick that came `late` seconds late, and those that could not come meanwhile.

        Without the latter a loop that stood still for two seconds would count as one moment among six thousand.
        """
        now = self._clock()
        missed = min(int(late / TICK_SECONDS), _TICKS)
        self._recent.extend(late - tick * TICK_SECONDS for tick in range(missed, -1, -1))
        while self._peaks and self._peaks[-1][1] <= late:
            self._peaks.pop()
        self._peaks.append((now, late))
        while self._peaks[0][0] < now - LONGEST_CHECK_SECONDS:
            self._peaks.popleft()

    def _again(self, loop: asyncio.AbstractEventLoop) -> None:
        # A timer's own callback, not a task: it runs before any task that the same blocking cut short is resumed.
        self._due = self._clock() + TICK_SECONDS
        self._timer = loop.call_later(TICK_SECONDS, self._tick, loop)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        self.record(max(0.0, self._clock() - self._due))
        self._again(loop)
