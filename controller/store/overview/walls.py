"""All monitors of a wall: a letter for each, counts, and the worst of them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from controller.decisions.monitors.labels import labels_meant
from controller.model.walls import BY_CUSTOMER, WallQuery
from controller.store.platform.pool import Database

LETTERS = {
    "down": "d",
    "partial": "p",
    "degraded": "g",
    "unknown": "n",
    "up": "u",
    "maintenance": "m",
    "disabled": "x",
}
"""One for each state (model.overview.DisplayState)."""

MOST_WORST = 60
MOST_MAINTAINED = 4

# Names are ordered by their bytes, which is much faster for many monitors, and as stable as any other order.
_WALL = """
WITH scope AS MATERIALIZED (
  SELECT m.id, m.public_id, m.name, hostname, m.customer_id, customer.name AS customer_name,
    display_state(m.status, s.verdict, m.id IN (SELECT monitor_id FROM monitor_in_maintenance)) AS state,
    CASE WHEN $7::text = 'customer' THEN customer.name WHEN $8::text IS NOT NULL THEN labels ->> $8 END AS part
  FROM monitor m JOIN customer ON customer.id = m.customer_id LEFT JOIN monitor_state s ON s.monitor_id = m.id
  WHERE m.organization_id = $1 AND m.deleted_at IS NULL AND ($2::bigint[] IS NULL OR m.customer_id = ANY ($2))
    AND ($3::uuid IS NULL OR customer.public_id = $3)
    AND ($4::jsonb IS NULL OR labels @> $4) AND ($5::text[] IS NULL OR labels ?& $5)
    AND ($6::text[] IS NULL
      OR display_state(m.status, s.verdict, m.id IN (SELECT monitor_id FROM monitor_in_maintenance)) = ANY ($6))
), worst AS (
  SELECT * FROM scope WHERE state IN ('down', 'partial', 'degraded')
  ORDER BY badness(state), lower(name) COLLATE "C", id LIMIT $10
)
SELECT now() AS now,
  (
    SELECT string_agg($9::jsonb ->> state, '' ORDER BY part COLLATE "C" NULLS LAST,
      lower(customer_name) COLLATE "C", customer_id, lower(name) COLLATE "C", id)
    FROM scope
  ) AS states,
  (
    SELECT json_agg(json_build_array(part, state, number))
    FROM (SELECT part, state, count(*) AS number FROM scope GROUP BY part, state) AS one
  ) AS counts,
  (
    SELECT json_agg(one) FROM (
      SELECT public_id AS id, name, hostname, customer_name AS customer, state,
        coalesce(incident.since, (SELECT max(at) FROM verdict_change WHERE monitor_id = worst.id)) AS since,
        coalesce(incident.acknowledged, false) AS acknowledged,
        coalesce((
          SELECT array_agg(DISTINCT country_code::text) FROM latest JOIN location ON location.id = location_id
          WHERE monitor_id = worst.id AND latest.status = 'failure'
        ), '{}') AS failing
      FROM worst LEFT JOIN LATERAL (
        SELECT min(outage_started_at) AS since,
          bool_or(is_acknowledged(acknowledged_at, acknowledged_until, now())) AS acknowledged
        FROM incident
        WHERE monitor_id = worst.id AND resolved_at IS NULL
      ) AS incident ON true
      ORDER BY badness(state), lower(name) COLLATE "C", id
    ) AS one
  ) AS worst,
  (
    SELECT json_agg(one) FROM (
      SELECT name, until FROM scope JOIN monitor_in_maintenance ON monitor_id = scope.id
      WHERE state = 'maintenance' ORDER BY until NULLS LAST, lower(name) COLLATE "C", scope.id LIMIT $11
    ) AS one
  ) AS maintained,
  (SELECT count(DISTINCT customer_id) FROM scope) AS customers
"""


class WorstMonitor(msgspec.Struct, frozen=True, kw_only=True):
    """A monitor that is not well. `since` is when that began, None when it is not known any more; `failing` are the
    countries whose latest check failed. `acknowledged`: somebody has its incident.
    """

    id: UUID
    name: str
    hostname: str
    customer: str
    state: str
    since: datetime | None
    acknowledged: bool
    failing: list[str]


class MaintainedMonitor(msgspec.Struct, frozen=True, kw_only=True):
    """A monitor in maintenance, until somebody ends it when `until` is None."""

    name: str
    until: datetime | None


class WallContent(msgspec.Struct, frozen=True, kw_only=True):
    """What a wall shows at the moment `now` of the database's clock. `states` has one of LETTERS for each monitor, in
    an order that does not depend on states. `counts` are numbers of monitors by part (a customer, or a value of a
    label; None for monitors without one) and state. `worst` are MOST_WORST at most, the worst first; `maintained`
    MOST_MAINTAINED, the one that ends first before the others.
    """

    now: datetime
    states: str
    counts: list[tuple[str | None, str, int]]
    worst: list[WorstMonitor]
    customers: int
    maintained: list[MaintainedMonitor] = []


async def wall_of(
    database: Database, organization_id: int, customer_ids: frozenset[int] | None, query: WallQuery
) -> WallContent:
    """The monitors of these customers (None: of all). Raises InvalidError, StoreUnavailableError."""
    values, keys = labels_meant(query.labels)
    async with database.connection() as connection:
        row = await connection.fetchrow(
            _WALL,
            organization_id,
            None if customer_ids is None else sorted(customer_ids),
            query.customer,
            values or None,
            keys or None,
            list(query.states) or None,
            BY_CUSTOMER if query.by == BY_CUSTOMER else None,
            query.by_label,
            LETTERS,
            MOST_WORST,
            MOST_MAINTAINED,
        )
    assert row is not None  # noqa: S101 - it is made of aggregates
    found = dict(row)
    return msgspec.convert(
        {
            **found,
            "states": found["states"] or "",
            "counts": found["counts"] or [],
            "worst": found["worst"] or [],
            "maintained": found["maintained"] or [],
        },
        WallContent,
    )
