"""The wall clock. Only loops and I/O code read it; decisions get the time as an argument."""

from __future__ import annotations

import time
from datetime import datetime

from shared.epoch import to_datetime


def now_ms() -> int:
    """The wall clock in epoch milliseconds."""
    return time.time_ns() // 1_000_000


def utc_now() -> datetime:
    """The wall clock, cut to milliseconds."""
    return to_datetime(now_ms())
