"""The wall clock, for edges and loops; decisions get the moment as an argument."""

from __future__ import annotations

from datetime import datetime
from time import time_ns

from shared.rounds import to_datetime


def now_ms() -> int:
    """The wall clock in epoch milliseconds."""
    return time_ns() // 1_000_000


def utc_now() -> datetime:
    """The wall clock, cut to milliseconds."""
    return to_datetime(now_ms())
