"""How much of a time was judged, and how much of that a monitor was down. Pure; no other module computes uptime.

A round judges the time from its due moment to the next round's, but not longer than the monitor's interval, so that
time without rounds (a gap, a disabled monitor) is left out. It judges nothing when every location was blind. Its
time is down when a check of it failed and the verdict was down, from the first failing round of a confirmed outage on.
Time in maintenance is left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from controller.decisions.sql_function import SqlFunction

_NOT_JUDGED = "unknown"
_DOWN = "down"


class RoundOutcome(NamedTuple):
    """How many locations passed and failed in the scheduled checks of a round. Blind ones are counted in neither."""

    due_ms: int
    passed: int
    failed: int


class Span(NamedTuple):
    """From one moment (included) to another (excluded), in epoch milliseconds."""

    from_ms: int
    to_ms: int


class EvaluatedTime(NamedTuple):
    """Milliseconds that were judged, and how many of them were down."""

    evaluated_ms: int = 0
    down_ms: int = 0

    def plus(self, other: EvaluatedTime) -> EvaluatedTime:
        return EvaluatedTime(self.evaluated_ms + other.evaluated_ms, self.down_ms + other.down_ms)


def evaluated_time(
    rounds: Sequence[RoundOutcome],
    interval_ms: int,
    within: Span,
    maintenance: Sequence[Span] = (),
    outages: Sequence[Span] = (),
) -> EvaluatedTime:
    """`rounds` is in order of the due moments, from one interval before `within` on; later ones may be in it too.

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
    return EvaluatedTime(judged, down)


class VerdictSince(NamedTuple):
    """The verdict from this moment on, until the next one."""

    at_ms: int
    verdict: str


def estimated_time(verdicts: Sequence[VerdictSince], within: Span, maintenance: Sequence[Span] = ()) -> EvaluatedTime:
    """An estimate without results, from the verdicts in order, the last of which still holds at the end of `within`. It
    differs from `evaluated_time` by the minutes between an outage's first failing round and its confirmation.
    """
    spans = [
        (first.verdict, Span(first.at_ms, later.at_ms))
        for first, later in pairwise([*verdicts, VerdictSince(within.to_ms, _NOT_JUDGED)])
        if first.verdict != _NOT_JUDGED
    ]
    return EvaluatedTime(
        sum(_length(span, within, maintenance) for _, span in spans),
        sum(_length(span, within, maintenance) for verdict, span in spans if verdict == _DOWN),
    )


ESTIMATED_TIME = SqlFunction(
    "estimated_time(bigint, timestamptz, timestamptz)",
    """
    CREATE OR REPLACE FUNCTION estimated_time(of_monitor bigint, since timestamptz, until timestamptz)
    RETURNS TABLE (judged_ms bigint, down_ms bigint) LANGUAGE sql STABLE AS $$
      SELECT COALESCE(sum(ms), 0)::bigint, COALESCE(sum(ms) FILTER (WHERE verdict = 'down'), 0)::bigint
      FROM (
        SELECT verdict, GREATEST(at, since) AS from_at, COALESCE(lead(at) OVER (ORDER BY at), until) AS to_at
        FROM verdict_change
        WHERE monitor_id = of_monitor AND at < until AND at >= COALESCE((
          SELECT max(at) FROM verdict_change AS before WHERE before.monitor_id = of_monitor AND before.at <= since
        ), '-infinity')
      ) AS held
      CROSS JOIN LATERAL (
        SELECT 1000 * (EXTRACT(epoch FROM held.to_at - held.from_at) - COALESCE(sum(EXTRACT(
          epoch FROM LEAST(held.to_at, COALESCE(apart.to_at, until)) - GREATEST(held.from_at, apart.from_at)
        )), 0)) AS ms
        FROM maintenance_time AS apart
        WHERE monitor_id = of_monitor AND apart.from_at < held.to_at AND COALESCE(apart.to_at, until) > held.from_at
      ) AS length
      WHERE verdict <> 'unknown' AND held.from_at < held.to_at
    $$
    """,
)
"""`estimated_time` of a monitor's stored verdicts and its maintenance, between moments of whole milliseconds."""


def _down_until(due_ms: int, end_ms: int, outages: Iterable[Span]) -> int:
    """The end of the outage the round belongs to; an outage may begin in the middle of the round's time, when it got
    worse.
    """
    return max(
        (outage.to_ms for outage in outages if outage.from_ms < end_ms and due_ms < outage.to_ms), default=due_ms
    )


def _length(span: Span, within: Span, maintenance: Iterable[Span]) -> int:
    judged = Span(max(span.from_ms, within.from_ms), min(span.to_ms, within.to_ms))
    return max(0, judged.to_ms - judged.from_ms) - _overlap(judged, maintenance)


def uptime_percent(judged: EvaluatedTime) -> float | None:
    """Rounded down to three digits: 100 means not down at all. None when no time was judged."""
    if not judged.evaluated_ms:
        return None
    return math.floor(100_000 * (judged.evaluated_ms - judged.down_ms) / judged.evaluated_ms) / 1000


def _overlap(span: Span, others: Iterable[Span]) -> int:
    """How much of the span these spans cover; they do not overlap each other."""
    return sum(max(0, min(span.to_ms, other.to_ms) - max(span.from_ms, other.from_ms)) for other in others)
