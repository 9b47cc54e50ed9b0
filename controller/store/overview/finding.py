"""Which monitors an overview lists, in which order, and how many there are in each state."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from controller.model.overview import OverviewFilter, OverviewSort
from controller.store.platform.pool import Database
from shared.epoch import to_datetime, to_ms

# The parameters of both: organization, customers, kind, customer, country, search, states, how many, after how many,
# labels with values, keys of labels. Then the order.
_FIND = """
WITH scope AS MATERIALIZED (
  SELECT m.id, m.public_id, m.name,
    display_state(m.status, s.verdict, m.id IN (SELECT monitor_id FROM monitor_in_maintenance)) AS state,
    ($3::text IS NULL OR kind = $3)
    AND ($4::text IS NULL OR customer_id = (SELECT id FROM customer WHERE $4 IN (public_id::text, id::text)))
    AND ($5::text IS NULL OR m.id IN (
      SELECT monitor_id FROM latest JOIN location ON location.id = location_id WHERE country_code = $5))
    AND ($6::text IS NULL OR strpos(lower(name), lower($6)) > 0 OR strpos(lower(hostname), lower($6)) > 0
      OR customer_id IN (SELECT id FROM customer WHERE organization_id = $1 AND strpos(lower(name), lower($6)) > 0))
    AND ($10::jsonb IS NULL OR m.labels @> $10) AND ($11::text[] IS NULL OR m.labels ?& $11) AS matches
  FROM monitor m LEFT JOIN monitor_state s ON s.monitor_id = m.id
  WHERE m.organization_id = $1 AND m.deleted_at IS NULL AND ($2::bigint[] IS NULL OR m.customer_id = ANY ($2))
), sort_key AS (
  SELECT monitor_id, -max(duration_ms) AS key FROM latest WHERE $12 = 'slowest' AND status = 'success'
  GROUP BY monitor_id
  UNION ALL
  SELECT monitor_id, -EXTRACT(epoch FROM max(outage_started_at))
  FROM incident WHERE $12 = 'incident' AND organization_id = $1 GROUP BY monitor_id
)
SELECT
  (
    SELECT json_object_agg(state, ARRAY[number, matching]) FROM (
      SELECT state, count(*) AS number, count(*) FILTER (WHERE matches) AS matching FROM scope GROUP BY state
    ) AS one
  ) AS counts,
  ARRAY(
    SELECT public_id FROM scope LEFT JOIN sort_key ON sort_key.monitor_id = scope.id
    WHERE matches AND ($7::text[] IS NULL OR state = ANY ($7))
    ORDER BY CASE WHEN $12::text = 'worst' THEN badness(state) END, key NULLS LAST, lower(name), id
    LIMIT $8 OFFSET $9
  ) AS on_page
"""
# And the time whose uptime counts, which begins with a full hour.
_FIND_BY_UPTIME = """
WITH scope AS MATERIALIZED (
  SELECT m.id, m.public_id, m.name,
    display_state(m.status, s.verdict, m.id IN (SELECT monitor_id FROM monitor_in_maintenance)) AS state,
    ($3::text IS NULL OR kind = $3)
    AND ($4::text IS NULL OR customer_id = (SELECT id FROM customer WHERE $4 IN (public_id::text, id::text)))
    AND ($5::text IS NULL OR m.id IN (
      SELECT monitor_id FROM latest JOIN location ON location.id = location_id WHERE country_code = $5))
    AND ($6::text IS NULL OR strpos(lower(name), lower($6)) > 0 OR strpos(lower(hostname), lower($6)) > 0
      OR customer_id IN (SELECT id FROM customer WHERE organization_id = $1 AND strpos(lower(name), lower($6)) > 0))
    AND ($10::jsonb IS NULL OR m.labels @> $10) AND ($11::text[] IS NULL OR m.labels ?& $11) AS matches
  FROM monitor m LEFT JOIN monitor_state s ON s.monitor_id = m.id
  WHERE m.organization_id = $1 AND m.deleted_at IS NULL AND ($2::bigint[] IS NULL OR m.customer_id = ANY ($2))
), bad AS (
  SELECT id AS monitor_id FROM scope WHERE matches AND id IN (
    SELECT monitor_id FROM uptime WHERE bucket_seconds = 3600 AND bucket_at >= $12 AND down_ms > 0
    UNION ALL
    SELECT monitor_id FROM verdict_change, rollup_progress
    WHERE at >= GREATEST(rolled_until, $12) AND 'down' IN (verdict, previous)
    UNION ALL
    SELECT monitor_id FROM monitor_state WHERE verdict = 'down'
  )
), judged AS (
  SELECT bad.monitor_id, day.judged_ms, day.down_ms
  FROM bad CROSS JOIN rollup_progress CROSS JOIN LATERAL (
    SELECT sum(judged_ms) AS judged_ms, sum(down_ms) AS down_ms FROM uptime
    WHERE uptime.monitor_id = bad.monitor_id AND bucket_seconds = 3600 AND bucket_at >= $12 AND bucket_at < rolled_until
  ) AS day
  UNION ALL
  SELECT * FROM estimated_times(
    ARRAY(SELECT monitor_id FROM bad), (SELECT GREATEST(rolled_until, $12) FROM rollup_progress), $13
  )
), down AS (
  SELECT monitor_id, sum(down_ms)::float8 / NULLIF(sum(judged_ms), 0) AS share FROM judged GROUP BY monitor_id
)
SELECT
  (
    SELECT json_object_agg(state, ARRAY[number, matching]) FROM (
      SELECT state, count(*) AS number, count(*) FILTER (WHERE matches) AS matching FROM scope GROUP BY state
    ) AS one
  ) AS counts,
  ARRAY(
    SELECT public_id FROM scope LEFT JOIN down ON down.monitor_id = scope.id
    WHERE matches AND ($7::text[] IS NULL OR state = ANY ($7))
    ORDER BY COALESCE(down.share, 0) DESC, lower(name), id
    LIMIT $8 OFFSET $9
  ) AS on_page
"""


class FoundMonitors(NamedTuple):
    """How many monitors are in each state: of all, and of those that match all filters but that of states. `on_page`
    are the public ids of the page in order.
    """

    of_all: dict[str, int]
    of_matching: dict[str, int]
    on_page: list[UUID]


async def find_monitors(
    database: Database,
    organization_id: int,
    customer_ids: frozenset[int] | None,
    selection: OverviewFilter,
    *,
    per_page: int,
    since: datetime,
    now: datetime,
) -> FoundMonitors:
    """The monitors of these customers (None: of all). Uptime is ordered by that from `since`, a full hour, to `now`."""
    parameters = (
        organization_id,
        None if customer_ids is None else sorted(customer_ids),
        selection.kind,
        None if selection.customer is None else str(selection.customer),
        selection.country,
        selection.search or None,
        list(selection.states) or None,
        per_page,
        (selection.page - 1) * per_page,
        {key: value for key, value in selection.labels if value is not None} or None,
        [key for key, value in selection.labels if value is None] or None,
    )
    by_uptime = selection.sort is OverviewSort.UPTIME
    query, more = (_FIND_BY_UPTIME, (since, to_datetime(to_ms(now)))) if by_uptime else (_FIND, (selection.sort.value,))
    async with database.connection() as connection:
        row = await connection.fetchrow(query, *parameters, *more)
    assert row is not None  # noqa: S101 - it is made of aggregates
    counts = row["counts"] or {}
    return FoundMonitors(
        {state: number for state, (number, _) in counts.items()},
        {state: matching for state, (_, matching) in counts.items()},
        row["on_page"],
    )
