"""Which results an agent sends in one message, and when: the first after a pause goes at once, those that follow within
50 ms go together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol
from uuid import UUID

from shared.wire.batches import MOST_BYTES, MOST_RESULTS

QUIET_SECONDS = 0.05
"""How long a result waits for others at most. A result goes at once if none was sent for so long."""


class Gathered:
    """A result that waits until the broker has it. `sent` is done then; who waits for it may give up."""

    __slots__ = ("body", "check_id", "sent")

    def __init__(self, check_id: UUID, body: bytes, sent: asyncio.Future[None]) -> None:
        self.check_id = check_id
        self.body = body
        self.sent = sent


class Timer(Protocol):
    """A call that is due later."""

    def cancel(self) -> None: ...


class Loop(Protocol):
    """The part of asyncio's event loop that is used: its clock in seconds, and calls that are due later."""

    def time(self) -> float: ...

    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer: ...


class Gathering:
    """Passes results on to `send` in groups of at most MOST_RESULTS and MOST_BYTES, but for a single result that is
    larger.
    """

    def __init__(self, send: Callable[[Sequence[Gathered]], None], loop: Loop) -> None:
        self._send = send
        self._loop = loop
        self._waiting: list[Gathered] = []
        self._bytes = 0
        self._quiet_at = float("-inf")
        self._timer: Timer | None = None

    def add(self, result: Gathered, *, at_once: bool) -> None:
        """Send the result with those that wait, now or within QUIET_SECONDS."""
        if self._bytes + len(result.body) > MOST_BYTES:
            self._release()
        self._waiting.append(result)
        self._bytes += len(result.body)
        left = self._quiet_at - self._loop.time()
        if at_once or left <= 0 or len(self._waiting) >= MOST_RESULTS:
            self._release()
        elif self._timer is None:
            self._timer = self._loop.call_later(left, self._release)

    def close(self) -> None:
        """Forget what waits; it is not sent."""
        self._stop_timer()
        self._waiting, self._bytes = [], 0

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _release(self) -> None:
        self._stop_timer()
        if self._waiting:
            self._quiet_at = self._loop.time() + QUIET_SECONDS
            group, self._waiting, self._bytes = self._waiting, [], 0
            self._send(group)
