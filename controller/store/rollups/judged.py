"""How much of several times was judged, and how much of it a monitor was down, from roll-ups and from results."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from controller.decisions.history.uptime import EvaluatedTime, RoundOutcome, Span, evaluated_time
from controller.decisions.history.views import Sources
from controller.store.incidents.outages import down_spans
from controller.store.platform.pool import Connection
from controller.store.rollups.rollups import maintenance_spans
from shared.epoch import to_ms


class JudgedTime(NamedTuple):
    """What was judged of a time, and the monitor's maintenance within it, in order."""

    evaluated: EvaluatedTime
    maintenance: list[Span]


_ROLLED = """
SELECT COALESCE(sum(judged_ms), 0)::bigint, COALESCE(sum(down_ms), 0)::bigint
FROM unnest($2::timestamptz[], $3::timestamptz[], $4::timestamptz[]) WITH ORDINALITY
  AS part (days_from, hours_from, checks_from, place)
LEFT JOIN LATERAL (
  SELECT judged_ms, down_ms FROM uptime
  WHERE monitor_id = $1 AND bucket_seconds = 86400 AND bucket_at >= days_from AND bucket_at < hours_from
  UNION ALL
  SELECT judged_ms, down_ms FROM uptime
  WHERE monitor_id = $1 AND bucket_seconds = 3600 AND bucket_at >= hours_from AND bucket_at < checks_from
) AS rolled ON true
GROUP BY place ORDER BY place
"""


async def judged_times(
    connection: Connection, monitor_id: int, interval_seconds: int, times: Sequence[Sources]
) -> list[JudgedTime]:
    """In the order of `times`; the rounds that are not rolled up yet are read once for all of them."""
    rolled = await connection.fetch(_ROLLED, monitor_id, *([one[part] for one in times] for part in range(3)))
    first, last = min(one.checks_from for one in times), max(one.until for one in times)
    rows = await connection.fetch(
        """
        SELECT due_at, count(*) FILTER (WHERE status = 'success'), count(*) FILTER (WHERE status = 'failure')
        FROM results_of($1, $2, $3) AS result WHERE purpose = 'scheduled' AND due_at > $2
        GROUP BY due_at ORDER BY due_at
        """,
        monitor_id,
        first - timedelta(seconds=interval_seconds),
        last,
    )
    rounds = [RoundOutcome(to_ms(due_at), passed, failed) for due_at, passed, failed in rows]
    maintenance = (await maintenance_spans(connection, [monitor_id], last)).get(monitor_id, [])
    outages = (await down_spans(connection, [monitor_id], first, last)).get(monitor_id, [])
    interval_ms = 1000 * interval_seconds

    def judged(here: Sources) -> EvaluatedTime:
        within = Span(to_ms(here.checks_from), to_ms(here.until))
        begun = bisect_left(rounds, (within.from_ms - interval_ms + 1,))
        return evaluated_time(rounds[begun:], interval_ms, within, maintenance, outages)

    return [
        JudgedTime(EvaluatedTime(*sums).plus(judged(here)), _within(maintenance, here))
        for sums, here in zip(rolled, times, strict=True)
    ]


def _within(spans: Sequence[Span], here: Sources) -> list[Span]:
    since, until = to_ms(here.days_from), to_ms(here.until)
    return [
        Span(max(since, span.from_ms), min(until, span.to_ms))
        for span in spans
        if span.from_ms < until and since < span.to_ms
    ]
