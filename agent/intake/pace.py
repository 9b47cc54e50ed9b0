"""How much an agent does at once, and how fast it begins: free slots, and evenly spaced starts.

Starts at one instant spoil every timing (measured: a burst of 500 reads a 0.3 ms connect as 30 ms), so never a burst.
"""

from __future__ import annotations

import asyncio

LAG_LIMIT_MS = 5.0
"""Above this p95 of the loop's lateness timings are no longer true (README, Decisions)."""

_SHRINK = 0.75
_LEAST_SHARE = 0.1
_GROW_SHARE = 0.05


class Slots:
    """A bound on the checks in hand; who asks first is served first. After `close()` no slot is given any more."""

    def __init__(self, count: int) -> None:
        self.limit = count
        self.taken = 0
        self.closed = False
        self._turn = asyncio.Lock()  # fair, so that a busy kind of check does not starve the others
        self._changed = asyncio.Event()

    async def take(self, most: int) -> int:
        """Take between 1 and `most` slots, waiting for the first; 0 when closed."""
        async with self._turn:
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
        """Allow more or fewer from now on; what is taken stays so."""
        self.limit = limit
        self._changed.set()

    def close(self) -> None:
        self.closed = True
        self._changed.set()


def next_capacity(full: int, capacity: int, in_hand: int, lag_p95_ms: float) -> int:
    """How many checks at once from now on. Pure.

    With a late loop a quarter fewer than there are, not fewer than a tenth of `full`; else slowly back to `full`.
    """
    if lag_p95_ms > LAG_LIMIT_MS:
        least = max(1, int(full * _LEAST_SHARE))
        return max(min(least, capacity), int(min(capacity, in_hand) * _SHRINK))
    return min(full, capacity + max(1, int(full * _GROW_SHARE)))


_GRAIN_SECONDS = 0.001
"""A timer is good for no less; turns closer together than this come in small groups, so that the pace is kept."""


class Pace:
    """Turns that come `per_second` times a second at most; who comes after a pause waits for nothing."""

    def __init__(self, per_second: float) -> None:
        self._gap = 1 / per_second
        self._next = 0.0

    async def turn(self) -> None:
        now = asyncio.get_running_loop().time()
        mine = max(now, self._next)
        self._next = mine + self._gap
        if mine - now >= _GRAIN_SECONDS:
            await asyncio.sleep(mine - now)
