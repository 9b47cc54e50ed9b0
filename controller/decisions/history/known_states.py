"""In which state a monitor was known to be from moment to moment, by its verdicts and its maintenance. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from controller.decisions.history.uptime import Span
from shared.epoch import to_datetime

MAINTENANCE = "maintenance"
_NOT_JUDGED = "unknown"
_SUSPENDED = "maintenance suspended the checks"
_SILENT = "checks went on, and nobody was notified"


class VerdictFrom(msgspec.Struct, frozen=True, array_like=True):
    """The verdict from this moment on, until the next one."""

    at_ms: int
    verdict: str
    reason: str


class KnownState(msgspec.Struct, frozen=True):
    """A state of a monitor from one moment (included) to another (excluded)."""

    from_at: datetime
    to_at: datetime
    state: str
    reason: str


class VerdictSpan(msgspec.Struct, frozen=True):
    span: Span
    verdict: str
    reason: str


def verdict_spans(verdicts: Sequence[VerdictFrom], now_ms: int) -> list[VerdictSpan]:
    """From each verdict to the next one. The latest one holds until now."""
    starts = [one.at_ms for one in verdicts]
    return [
        VerdictSpan(Span(one.at_ms, end), one.verdict, one.reason)
        for one, end in zip(verdicts, [*starts[1:], now_ms], strict=False)
    ]


def known_states(
    verdicts: Sequence[VerdictSpan], maintenance: Sequence[Span], suspended: Sequence[Span] = ()
) -> list[KnownState]:
    """Verdicts where they are known and the monitor was not in maintenance, and maintenance; in order. In the part of
    the maintenance that is `suspended`, nothing was checked.
    """
    found = [(span, MAINTENANCE, _SUSPENDED) for span in suspended]
    found += [(part, MAINTENANCE, _SILENT) for span in maintenance for part in _without(span, suspended)]
    for one in verdicts:
        if one.verdict != _NOT_JUDGED:
            found += [(part, one.verdict, one.reason) for part in _without(one.span, maintenance)]
    found.sort()
    return [KnownState(to_datetime(span.from_ms), to_datetime(span.to_ms), *rest) for span, *rest in found]


def _without(span: Span, others: Sequence[Span]) -> list[Span]:
    """What is left of a span outside of others, which are in order."""
    parts, start = [], span.from_ms
    for other in others:
        if other.to_ms <= start or other.from_ms >= span.to_ms:
            continue
        if other.from_ms > start:
            parts.append(Span(start, other.from_ms))
        start = other.to_ms
    return [*parts, Span(start, span.to_ms)] if start < span.to_ms else parts
