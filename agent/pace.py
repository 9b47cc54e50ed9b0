"""How much an agent does at once, and how fast it begins: free slots, and evenly spaced starts.

Starts at one instant spoil every timing (measured: a burst of 500 reads a 0.3 ms connect as 30 ms), so never a burst.
"""

from __future__ import annotations

import asyncio


class Slots:
    """A bound on the checks in hand. After `close()` no slot is given any more."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._changed = asyncio.Event()
        self.closed = False

    async def take(self, most: int) -> int:
        """Take between 1 and `most` slots, waiting for the first; 0 when closed."""
        while not self._free and not self.closed:
            self._changed.clear()
            await self._changed.wait()
        if self.closed:
            return 0
        taken = min(most, self._free)
        self._free -= taken
        return taken

    def give_back(self, count: int) -> None:
        self._free += count
        self._changed.set()

    def close(self) -> None:
        self.closed = True
        self._changed.set()


class Pace:
    """Turns that come `per_second` times a second at most; who comes after a pause waits for nothing."""

    def __init__(self, per_second: float) -> None:
        self._gap = 1 / per_second
        self._next = 0.0

    async def turn(self) -> None:
        now = asyncio.get_running_loop().time()
        mine = max(now, self._next)
        self._next = mine + self._gap
        if mine > now:
            await asyncio.sleep(mine - now)
