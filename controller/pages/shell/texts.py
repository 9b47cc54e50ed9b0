"""How pages write moments, durations and numbers, and texts that come from others. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from shared.epoch import to_text

_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def foreign(text: str) -> str:
    """A text that a server, a mailbox or another person wrote. Characters that turn the direction of the text around
    are written out, so that a line reads as it was sent. Markup in it is escaped by the template, as everywhere.
    """
    return _DIRECTION.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def iso(at: datetime) -> str:
    """The moment in UTC, to the millisecond, for `datetime` attributes."""
    return to_text(at)


def utc(at: datetime, *, seconds: bool = True) -> str:
    """The moment in UTC for people: 2026-11-22 03:12:09 UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC" if seconds else "%Y-%m-%d %H:%M UTC")


def span(length: timedelta | float) -> str:
    """A length of time (a number is seconds) in at most two units: 3 d 4 h, 12 min, 45 s."""
    left = max(0, int(length.total_seconds() if isinstance(length, timedelta) else length))
    for number, (size, unit) in enumerate(_UNITS):
        if left >= size:
            text = f"{left // size} {unit}"
            if number + 1 < len(_UNITS):
                finer, name = _UNITS[number + 1]
                rest = left % size // finer
                if rest and left // size < 10:
                    text += f" {rest} {name}"
            return text
    return "0 s"


def milliseconds(value: float | None) -> str:
    """A duration for people: 0.4 ms, 12 ms, 1.25 s; a dash for None."""
    if value is None:
        return "–"
    if abs(value) < 0.05:  # also what rounding leaves below zero
        return "0 ms"
    if value >= 10_000:
        return f"{value / 1000:.1f} s"
    if value >= 1000:
        return f"{value / 1000:.2f} s"
    return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"


def percent(value: float | None) -> str:
    """A share of time: 100 %, 99.95 %; rounded down, so that 100 % means all of it. A dash for None."""
    if value is None:
        return "–"
    cut = int(value * 100) / 100
    return f"{cut:.2f} %".replace(".00 %", " %")


def counted(number: int, one: str, many: str | None = None) -> str:
    """1 check, 2 checks, 10,000 checks."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
