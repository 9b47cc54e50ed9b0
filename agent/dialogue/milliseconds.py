"""Durations as results report them."""

from __future__ import annotations


def to_ms(seconds: float) -> float:
    """Milliseconds, rounded to the microsecond. It costs a third of `round`, and each check calls it a dozen times."""
    return int(seconds * 1e6 + 0.5) / 1000
