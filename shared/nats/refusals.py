"""How long NATS has refused a login. A server that has just started may not know the accounts yet, so one refusal does
not mean that the keys were ended; refusals for a minute, by every server that answers, do.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

ENOUGH_SECONDS = 60.0
ENOUGH_ATTEMPTS = 5


class Refusals:
    """What became of the attempts to log in. `clock` returns seconds."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._refusing: set[str] = set()
        self._since = 0.0
        self._attempts = 0
        self.for_good = asyncio.Event()
        """Set while the login counts as ended."""

    def refused(self, server: str) -> None:
        """A server has refused the login."""
        if not self._refusing:
            self._since, self._attempts = self._clock(), 0
        self._refusing.add(server)
        self._attempts += 1
        if self._attempts >= ENOUGH_ATTEMPTS and self._clock() - self._since >= ENOUGH_SECONDS:
            self.for_good.set()

    def unreachable(self, server: str) -> None:
        """A server could not be reached: it may start anew, and let us in then."""
        self._refusing.discard(server)

    def admitted(self) -> None:
        """A server has let us in."""
        self._refusing.clear()
        self.for_good.clear()
