"""The moment at which a check must end."""

from __future__ import annotations

import asyncio


class Deadline:
    """`at` is in the loop's time. It can come nearer. `async with deadline.limit` ends there with TimeoutError."""

    def __init__(self, at: float) -> None:
        self.at = at
        self.limit = asyncio.timeout_at(at)

    @property
    def seconds_left(self) -> float:
        return self.at - asyncio.get_running_loop().time()

    def bring_nearer(self, seconds: float) -> None:
        """End in so many seconds from now, unless that is later. The limit must have been entered."""
        self.at = min(self.at, asyncio.get_running_loop().time() + seconds)
        self.limit.reschedule(self.at)

    def leave_to_caller(self) -> None:
        """End nothing at `at` any more: whoever awaits from now on keeps to it itself. Entered, as above."""
        self.limit.reschedule(None)
