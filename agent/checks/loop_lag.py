"""How late the event loop runs. A deadline that passes while this process is blocked says nothing about a server."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

TICK_SECONDS = 0.005
WINDOW_SECONDS = 30.0
LONGEST_CHECK_SECONDS = 300.0
"""How long the worst lateness is remembered: no API allows a longer check."""

_TICKS = round(WINDOW_SECONDS / TICK_SECONDS)


class LoopLag:
    """Measures inside `watching()`, to about a millisecond. `clock` returns monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._recent: deque[float] = deque(maxlen=_TICKS)
        # Entries get smaller towards the end, so the first entry after a moment is the worst lateness since then, and
        # only few entries are kept.
        self._peaks: deque[tuple[float, float]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    @contextmanager
    def watching(self) -> Iterator[None]:
        self._schedule_tick(asyncio.get_running_loop())
        try:
            yield
        finally:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def worst_since(self, moment: float) -> float:
        """The worst lateness since `moment` (of the clock, at most LONGEST_CHECK_SECONDS ago), in seconds."""
        recorded = next((late for at, late in self._peaks if at >= moment), 0.0)
        return max(recorded, self._clock() - self._due) if self._timer is not None else recorded

    def p95_ms(self) -> float:
        """The 95th percentile of the lateness in the last half minute, in milliseconds.

        It sorts some thousand values: call it about once a second at most.
        """
        ordered = sorted(self._recent)
        return round(ordered[len(ordered) * 95 // 100] * 1000, 3) if ordered else 0.0

    def record(self, late: float) -> None:
        """Record a tick that came `late` seconds late, and the ticks that it made impossible meanwhile.

        Without those, a loop that was blocked for two seconds would count as one tick among six thousand.
        """
        now = self._clock()
        missed = min(int(late / TICK_SECONDS), _TICKS)
        self._recent.extend(late - tick * TICK_SECONDS for tick in range(missed, -1, -1))
        while self._peaks and self._peaks[-1][1] <= late:
            self._peaks.pop()
        self._peaks.append((now, late))
        while self._peaks[0][0] < now - LONGEST_CHECK_SECONDS:
            self._peaks.popleft()

    def _schedule_tick(self, loop: asyncio.AbstractEventLoop) -> None:
        # A timer callback, not a task: it runs before any task resumes that timed out because of the same blocking.
        self._due = self._clock() + TICK_SECONDS
        self._timer = loop.call_later(TICK_SECONDS, self._tick, loop)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        self.record(max(0.0, self._clock() - self._due))
        self._schedule_tick(loop)
