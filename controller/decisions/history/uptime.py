"""How much of a time was judged and how much of that a monitor was down. Pure; the only judge of time there is.

A round judges the time from its due moment to the next round's, but not longer than the monitor's interval, so that
time without rounds (a gap, a disabled monitor) is left out. It judges nothing when no location could see. Down is what
the verdict says: a round in which something failed, within an outage that was confirmed. Time in maintenance is left
out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Round(NamedTuple):
    """What the scheduled checks of a round found: how many locations passed and failed. Blind ones count nowhere."""

    due_ms: int
    passed: int
    failed: int


class Span(NamedTuple):
    """From a moment (included) to another (not), in epoch milliseconds."""

    from_ms: int
    to_ms: int


class Judged(NamedTuple):
    """Milliseconds that were judged, and those of them that were down."""

    judged_ms: int = 0
    down_ms: int = 0

    def and_also(self, other: Judged) -> Judged:
        return Judged(self.judged_ms + other.judged_ms, self.down_ms + other.down_ms)


def judge_time(
    rounds: Sequence[Round],
    interval_ms: int,
    within: Span,
    maintenance: Sequence[Span] = (),
    outages: Sequence[Span] = (),
) -> Judged:
    """`rounds` in order of their due moments, from one interval before `within` on; later ones may be there too.

    `outages` are the times in which the verdict was down, from the first failing round on.
    """
    judged = down = 0
    for number, round_ in enumerate(rounds):
        if not round_.passed and not round_.failed:
            continue
        end = round_.due_ms + interval_ms
        if number + 1 < len(rounds):
            end = min(end, rounds[number + 1].due_ms)
        judged += _length(Span(round_.due_ms, end), within, maintenance)
        if round_.failed:
            down += _length(
                Span(round_.due_ms, min(end, _down_until(round_.due_ms, end, outages))), within, maintenance
            )
    return Judged(judged, down)


def _down_until(due_ms: int, end_ms: int, outages: Iterable[Span]) -> int:
    """The end of the outage the round belongs to; it may be in the middle of it that one was found to have grown."""
    return max(
        (outage.to_ms for outage in outages if outage.from_ms < end_ms and due_ms < outage.to_ms), default=due_ms
    )


def _length(span: Span, within: Span, maintenance: Iterable[Span]) -> int:
    judges = Span(max(span.from_ms, within.from_ms), min(span.to_ms, within.to_ms))
    return max(0, judges.to_ms - judges.from_ms) - _overlap(judges, maintenance)


def uptime_percent(judged: Judged) -> float | None:
    """Rounded down to three digits: 100 means not down at all. None when nothing was judged."""
    if not judged.judged_ms:
        return None
    return math.floor(100_000 * (judged.judged_ms - judged.down_ms) / judged.judged_ms) / 1000


def _overlap(span: Span, others: Iterable[Span]) -> int:
    """Of spans that do not overlap each other."""
    return sum(max(0, min(span.to_ms, other.to_ms) - max(span.from_ms, other.from_ms)) for other in others)
