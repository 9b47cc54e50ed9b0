"""Which monitors an overview lists, in which order, and how many there are in each state."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from controller.model.overview import DisplayState, OverviewFilter, OverviewSort
from controller.store.platform.pool import Database

DISPLAY_STATE = "CASE WHEN m.status = 'active' THEN COALESCE(s.verdict, 'unknown') ELSE m.status END"
"""The state that is shown, as SQL over a monitor m and its monitor_state s, which may be missing (DisplayState)."""

_WORST_FIRST = f"array_position('{{{','.join(DisplayState)}}}'::text[], state)"

_DOWN_SHARE = """
LEFT JOIN (
  SELECT monitor_id, sum(down_ms)::float8 / NULLIF(sum(judged_ms), 0) AS share FROM (
    SELECT bad.monitor_id, day.* FROM (
      SELECT DISTINCT monitor_id FROM uptime WHERE bucket_seconds = 3600 AND bucket_at >= $7 AND down_ms > 0
    ) AS bad CROSS JOIN LATERAL (
      SELECT sum(judged_ms) AS judged_ms, sum(down_ms) AS down_ms FROM uptime
      WHERE uptime.monitor_id = bad.monitor_id AND bucket_seconds = 3600 AND bucket_at >= $7
    ) AS day
    UNION ALL
    SELECT monitor_id, fresh.ms, CASE severity WHEN 'down' THEN fresh.ms ELSE 0 END
    FROM incident, rollup_progress, LATERAL (
      SELECT 1000 * EXTRACT(epoch FROM $8::timestamptz - GREATEST(rolled_until, outage_started_at, $7)) AS ms
    ) AS fresh
    WHERE organization_id = $1 AND resolved_at IS NULL
  ) AS judged GROUP BY monitor_id
) AS down ON down.monitor_id = id
"""
_SLOWEST = """
LEFT JOIN (
  SELECT monitor_id, max(duration_ms) AS ms FROM latest WHERE status = 'success' GROUP BY monitor_id
) AS slow ON slow.monitor_id = id
"""
_NEWEST_INCIDENT = """
LEFT JOIN (
  SELECT monitor_id, max(outage_started_at) AS at FROM incident WHERE organization_id = $1 GROUP BY monitor_id
) AS newest ON newest.monitor_id = id
"""
_SORTS: Mapping[OverviewSort, tuple[str, str]] = {
    OverviewSort.WORST: ("", f"{_WORST_FIRST}, lower(name), id"),
    OverviewSort.NAME: ("", "lower(name), id"),
    OverviewSort.UPTIME: (_DOWN_SHARE, "COALESCE(down.share, 0) DESC, lower(name), id"),
    OverviewSort.SLOWEST: (_SLOWEST, "slow.ms DESC NULLS LAST, lower(name), id"),
    OverviewSort.INCIDENT: (_NEWEST_INCIDENT, "newest.at DESC NULLS LAST, lower(name), id"),
}
"""What each order joins, and the order itself."""


def _find(join: str, order: str) -> str:
    # The times are named in every statement, so that all take the same parameters.
    return f"""
WITH scope AS MATERIALIZED (
  SELECT m.id, m.public_id, m.name, {DISPLAY_STATE} AS state,
    ($3::text IS NULL OR kind = $3)
    AND ($4::text IS NULL OR customer_id = (SELECT id FROM customer WHERE $4 IN (public_id::text, id::text)))
    AND ($5::text IS NULL OR m.id IN (
      SELECT monitor_id FROM latest JOIN location ON location.id = location_id WHERE country_code = $5))
    AND ($6::text IS NULL OR strpos(lower(name), lower($6)) > 0 OR strpos(lower(hostname), lower($6)) > 0
      OR customer_id IN (SELECT id FROM customer WHERE organization_id = $1 AND strpos(lower(name), lower($6)) > 0))
    AS matches
  FROM monitor m LEFT JOIN monitor_state s ON s.monitor_id = m.id
  WHERE m.organization_id = $1 AND m.deleted_at IS NULL AND ($2::bigint[] IS NULL OR m.customer_id = ANY ($2))
)
SELECT
  (
    SELECT json_object_agg(state, ARRAY[number, matching]) FROM (
      SELECT state, count(*) AS number, count(*) FILTER (WHERE matches) AS matching FROM scope GROUP BY state
    ) AS one
  ) AS counts,
  ARRAY(
    SELECT public_id FROM scope {join} WHERE matches AND ($9::text[] IS NULL OR state = ANY ($9))
    ORDER BY {order} LIMIT $10 OFFSET $11
  ) AS on_page
FROM (SELECT $7::timestamptz, $8::timestamptz) AS times
"""  # noqa: S608 - constants only


_FIND = {sort: _find(*parts) for sort, parts in _SORTS.items()}


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
    async with database.connection() as connection:
        row = await connection.fetchrow(
            _FIND[selection.sort],
            organization_id,
            None if customer_ids is None else sorted(customer_ids),
            selection.kind,
            None if selection.customer is None else str(selection.customer),
            selection.country,
            selection.search or None,
            since,
            now,
            list(selection.states) or None,
            per_page,
            (selection.page - 1) * per_page,
        )
    assert row is not None  # noqa: S101 - it is made of aggregates
    counts = row["counts"] or {}
    return FoundMonitors(
        {state: number for state, (number, _) in counts.items()},
        {state: matching for state, (_, matching) in counts.items()},
        row["on_page"],
    )
