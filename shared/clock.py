"""The wall clock, for edges and loops, and the broker's beside it; decisions get the moment as an argument."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from shared.wire.messages import CLOCK_TOLERANCE_MS
from shared.wire.rounds import to_datetime, to_ms

_STALE_SECONDS = 60.0
_FIRST, _LAST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Between these is whatever a broker's clock shows: near the ends of the calendar nothing could be reckoned with it."""


def now_ms() -> int:
    """The wall clock in epoch milliseconds."""
    return time.time_ns() // 1_000_000


def utc_now() -> datetime:
    """The wall clock, cut to milliseconds."""
    return to_datetime(now_ms())


class _Reading(NamedTuple):
    """How far the broker's clock was ahead of the monotonic one, give or take `doubt_ms`, and when that was heard."""

    ahead_ms: float
    doubt_ms: float
    at: float


class BrokerClock:
    """This machine's wall clock against the broker's, as far as measured.

    A reading says how far the broker is ahead of the monotonic clock, so a wall clock that is set meanwhile is noticed
    at once. The one with the least doubt counts, until it is a minute old or a later one contradicts it.
    """

    def __init__(self, *, wall_ms: Callable[[], int] = now_ms, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._wall_ms = wall_ms
        self._monotonic = monotonic
        self._best: _Reading | None = None

    def heard(self, told: datetime, asked_at: float) -> None:
        """The broker's clock has just been told: it showed that at a moment between `asked_at` (monotonic) and now.

        Raises ValueError when no clock shows that.
        """
        if not _FIRST < told < _LAST:
            raise ValueError("no moment that a broker's clock would show")
        answered_at = self._monotonic()
        middle_ms = 500 * (asked_at + answered_at)
        new = _Reading(to_ms(told) - middle_ms, 500 * (answered_at - asked_at), answered_at)
        best = self._best
        if (
            best is None
            or new.doubt_ms <= best.doubt_ms
            or abs(new.ahead_ms - best.ahead_ms) > new.doubt_ms + best.doubt_ms
            or new.at - best.at > _STALE_SECONDS
        ):
            self._best = new

    @property
    def offset_ms(self) -> float | None:
        """How far this machine's clock is ahead of the broker's; None when that is not known."""
        return None if self._best is None else self._wall_ms() - self._broker_ms(self._best)

    def broker_now(self) -> datetime:
        """What the broker's clock shows; this machine's own as long as that is not known."""
        return to_datetime(self._wall_ms() if self._best is None else round(self._broker_ms(self._best)))

    def now(self) -> datetime:
        """This machine's clock, or the broker's where it is off by more than CLOCK_TOLERANCE_MS."""
        return self.corrected(to_datetime(self._wall_ms()))

    def corrected(self, moment: datetime) -> datetime:
        """A moment that this machine's clock showed, as the broker's would have, where it is off."""
        offset_ms = self.offset_ms
        if offset_ms is None or abs(offset_ms) <= CLOCK_TOLERANCE_MS:
            return moment
        return moment - timedelta(milliseconds=round(offset_ms))

    def _broker_ms(self, reading: _Reading) -> float:
        return 1000 * self._monotonic() + reading.ahead_ms
