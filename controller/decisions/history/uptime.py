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


ESTIMATED_TIMES = SqlFunction(
    "estimated_times(bigint[], timestamptz, timestamptz)",
    """
    CREATE OR REPLACE FUNCTION estimated_times(of_monitors bigint[], since timestamptz, until timestamptz)
    RETURNS TABLE (monitor_id bigint, judged_ms bigint, down_ms bigint) LANGUAGE sql STABLE AS $$
      WITH change AS (
        SELECT verdict_change.monitor_id, at, verdict FROM verdict_change
        WHERE verdict_change.monitor_id = ANY (of_monitors) AND at > since AND at < until
        UNION ALL
        SELECT given.id, before.at, before.verdict
        FROM unnest(of_monitors) AS given (id) CROSS JOIN LATERAL (
          SELECT at, verdict FROM verdict_change
          WHERE verdict_change.monitor_id = given.id AND at <= since ORDER BY at DESC LIMIT 1
        ) AS before
      ), held AS (
        SELECT monitor_id, verdict, GREATEST(at, since) AS from_at,
          COALESCE(lead(at) OVER (PARTITION BY monitor_id ORDER BY at), until) AS to_at
        FROM change
      ), apart AS (
        SELECT monitor_id, lower(span) AS from_at, upper(span) AS to_at FROM (
          SELECT monitor_id, unnest(range_agg(tstzrange(from_at, LEAST(to_at, until)))) AS span FROM maintenance_time
          WHERE monitor_id = ANY (of_monitors) AND from_at < until AND (to_at IS NULL OR to_at > since)
          GROUP BY monitor_id
        ) AS several
      ), part AS (
        SELECT monitor_id, verdict, to_at - from_at AS length FROM held
        UNION ALL
        SELECT held.monitor_id, verdict, GREATEST(held.from_at, apart.from_at) - LEAST(held.to_at, apart.to_at)
        FROM held JOIN apart USING (monitor_id) WHERE apart.from_at < held.to_at AND apart.to_at > held.from_at
      )
      SELECT monitor_id, (1000 * EXTRACT(epoch FROM sum(length)))::bigint,
        COALESCE((1000 * EXTRACT(epoch FROM sum(length) FILTER (WHERE verdict = 'down')))::bigint, 0)
      FROM part WHERE verdict <> 'unknown' AND since < until GROUP BY monitor_id
    $$
    """,
)
"""`estimated_time` of monitors' stored verdicts and their maintenance, between moments of whole milliseconds; without
monitors of which no time was judged.
"""


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
