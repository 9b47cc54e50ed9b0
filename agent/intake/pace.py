"""Limits how many checks an agent holds at once (slots) and how fast they begin (evenly spaced starts).

A burst of starts falsifies every timing (measured: with a burst of 500, a connect of 0.3 ms reads as 30 ms).
"""

from __future__ import annotations

import asyncio

LAG_LIMIT_MS = 5.0
"""If the p95 of the loop's lateness is above this, timings are no longer true (docs/decisions, 025)."""

_SHRINK = 0.75
_LEAST_SHARE = 0.1
_GROW_SHARE = 0.05


class Slots:
    """A limit on the checks that are held, first come, first served. After `close()` no slot is given any more."""

    def __init__(self, count: int) -> None:
        self.limit = count
        self.taken = 0
        self.closed = False
        self._lock = asyncio.Lock()  # fair, so that a busy kind of check does not starve the others
        self._changed = asyncio.Event()

    async def take(self, most: int) -> int:
        """Take between 1 and `most` slots, waiting for the first; 0 when closed."""
        async with self._lock:
            while self.taken >= self.limit and not self.closed:
                self._changed.clear()
                await self._changed.wait()
            if self.closed:
                return 0
            taken = min(most, self.limit - self.taken)
            self.taken += taken
            return taken

    def give_back(self, count: int) -> None:
        self.taken -= count
        self._changed.set()

    def resize(self, limit: int) -> None:
        """Allow more or fewer slots from now on; taken ones stay taken."""
        self.limit = limit
        self._changed.set()

    def close(self) -> None:
        self.closed = True
        self._changed.set()


def next_capacity(full: int, capacity: int, in_hand: int, lag_p95_ms: float) -> int:
    """How many checks may be held from now on. Pure.

    If the loop is late: a quarter fewer than now, but at least a tenth of `full`. Otherwise: slowly back to `full`.
    """
    if lag_p95_ms > LAG_LIMIT_MS:
        least = max(1, int(full * _LEAST_SHARE))
        return max(min(least, capacity), int(min(capacity, in_hand) * _SHRINK))
    return min(full, capacity + max(1, int(full * _GROW_SHARE)))


_TIMER_RESOLUTION_SECONDS = 0.001
"""Timers are not more precise. Starts closer together than this come in small groups, which keeps the pace."""


class Pace:
    """Lets at most `per_second` callers start per second; after a pause a caller does not wait."""

    def __init__(self, per_second: float) -> None:
        self._gap = 1 / per_second
        self._next = 0.0

    async def wait_for_start(self) -> None:
        now = asyncio.get_running_loop().time()
        starts_at = max(now, self._next)
        self._next = starts_at + self._gap
        if starts_at - now >= _TIMER_RESOLUTION_SECONDS:
            await asyncio.sleep(starts_at - now)
