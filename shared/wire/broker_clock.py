"""The broker's clock, measured against this machine's."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from shared.clock import now_ms
from shared.epoch import to_datetime, to_ms
from shared.wire.messages import CLOCK_TOLERANCE_MS

_STALE_SECONDS = 60.0
_FIRST, _LAST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""A credible time of a broker's clock lies between these; near the ends of the calendar arithmetic would overflow."""


class _Reading(NamedTuple):
    """How far the broker's clock was ahead of the monotonic one, plus or minus `doubt_ms`; measured at `at`."""

    ahead_ms: float
    doubt_ms: float
    at: float


class BrokerClock:
    """Compares this machine's wall clock with the broker's.

    A reading is relative to the monotonic clock, so that a change of the wall clock is noticed at once. The reading
    with the least doubt counts, until it is a minute old or a later one contradicts it.
    """

    def __init__(self, *, wall_ms: Callable[[], int] = now_ms, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._wall_ms = wall_ms
        self._monotonic = monotonic
        self._best: _Reading | None = None

    def observe(self, reading: datetime, sent_at: float) -> None:
        """Take a reading of the broker's clock, which was made between `sent_at` (monotonic) and now.

        Raises ValueError if no real clock would show it.
        """
        if not _FIRST < reading < _LAST:
            raise ValueError("not a credible time of a broker's clock")
        answered_at = self._monotonic()
        middle_ms = 500 * (sent_at + answered_at)
        new = _Reading(to_ms(reading) - middle_ms, 500 * (answered_at - sent_at), answered_at)
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
        """How far this machine's clock is ahead of the broker's; None if that is not known."""
        return None if self._best is None else self._wall_ms() - self._broker_ms(self._best)

    def broker_now(self) -> datetime:
        """The time of the broker's clock, or of this machine's as long as the broker's is not known."""
        return to_datetime(self._wall_ms() if self._best is None else round(self._broker_ms(self._best)))

    def now(self) -> datetime:
        """This machine's time, or the broker's if this machine is off by more than CLOCK_TOLERANCE_MS."""
        return self.corrected(to_datetime(self._wall_ms()))

    def corrected(self, moment: datetime) -> datetime:
        """Convert a time of this machine's clock to the broker's, if this machine is off by more than the tolerance."""
        offset_ms = self.offset_ms
        if offset_ms is None or abs(offset_ms) <= CLOCK_TOLERANCE_MS:
            return moment
        return moment - timedelta(milliseconds=round(offset_ms))

    def _broker_ms(self, reading: _Reading) -> float:
        return 1000 * self._monotonic() + reading.ahead_ms
