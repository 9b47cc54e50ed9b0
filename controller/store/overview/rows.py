"""The rows of an overview: latest checks by country, verdicts of the day, and uptime."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from controller.decisions.history.known_states import VerdictFrom
from controller.decisions.history.maintenance import MaintenanceTime
from controller.off_loop import off_loop
from controller.store.platform.pool import Database
from shared.wire.messages import READY_SECONDS

# Latest checks: what is older than an hour and ten intervals says nothing of now, because the location does not check
# the monitor any more, or nobody does; and a location without a living agent finds nothing out, whatever its latest
# check found. Medians: from five locations, the latest 30 checks are six of each.
_ROWS = """
SELECT m.id, m.public_id, m.kind, m.name, m.hostname, m.port, m.status,
  CASE WHEN m.port IS NULL THEN m.config ELSE '{}' END AS config,
  display_state(m.status, s.verdict, m.id IN (SELECT monitor_id FROM monitor_in_maintenance)) AS state,
  m.created_at, c.name AS customer_name, c.public_id AS customer_public_id, rolled_until,
  (
    SELECT json_agg(json_build_array(
      country_code, CASE WHEN EXISTS (
        SELECT FROM agent WHERE agent.location_id = location.id AND last_seen_at > now() - make_interval(secs => $7)
      ) THEN latest.status ELSE 'unknown' END, failure_kind, duration_ms
    ))
    FROM latest JOIN location ON location.id = latest.location_id
    WHERE latest.monitor_id = m.id AND enabled AND removed_at IS NULL
      AND latest.due_at > $3::timestamptz - make_interval(secs => 3600 + 10 * m.interval_seconds)
  ) AS latest,
  (
    SELECT json_object_agg(country_code, ms) FROM (
      SELECT country_code, percentile_disc(0.5) WITHIN GROUP (ORDER BY duration_ms) AS ms
      FROM (
        SELECT location_id, status, duration_ms FROM result
        WHERE monitor_id = m.id AND due_at > $3::timestamptz - interval '1 hour' AND due_at <= $3
        ORDER BY due_at DESC LIMIT 30
      ) AS recent JOIN location ON location.id = recent.location_id
      WHERE recent.status = 'success' GROUP BY country_code
    ) AS one
  ) AS medians,
  (
    SELECT json_agg(json_build_array((1000 * EXTRACT(epoch FROM at))::bigint, verdict, reason) ORDER BY at)
    FROM verdict_change
    WHERE monitor_id = m.id AND at >= COALESCE(
      (SELECT max(at) FROM verdict_change AS before WHERE before.monitor_id = m.id AND before.at <= $2), '-infinity')
  ) AS verdicts,
  (
    SELECT json_agg(json_build_array(
      (1000 * EXTRACT(epoch FROM from_at))::bigint, (1000 * EXTRACT(epoch FROM to_at))::bigint, effect = 'suspend'
    ) ORDER BY from_at)
    FROM maintenance_time WHERE monitor_id = m.id AND (to_at IS NULL OR to_at > $2)
  ) AS maintenance,
  (SELECT until FROM monitor_in_maintenance WHERE monitor_id = m.id) AS maintenance_until,
  (
    SELECT json_build_array(COALESCE(sum(judged_ms), 0), COALESCE(sum(down_ms), 0)) FROM uptime
    WHERE monitor_id = m.id AND bucket_seconds = 3600 AND bucket_at >= $4 AND bucket_at < rolled_until
  ) AS uptime
FROM unnest($1::uuid[]) WITH ORDINALITY AS page (public_id, place)
JOIN monitor m ON m.public_id = page.public_id AND m.deleted_at IS NULL
JOIN customer c ON c.id = m.customer_id
LEFT JOIN monitor_state s ON s.monitor_id = m.id
CROSS JOIN rollup_progress
WHERE m.organization_id = $5 AND ($6::bigint[] IS NULL OR m.customer_id = ANY ($6))
ORDER BY place
"""


class LatestAtLocation(msgspec.Struct, frozen=True, array_like=True):
    """The latest check of a monitor at one location."""

    country: str
    status: str
    failure_kind: str | None
    duration_ms: float


class OverviewRow(msgspec.Struct, frozen=True, kw_only=True):
    """A monitor with what its row is made of. `medians` are milliseconds by country; `uptime` is milliseconds that were
    judged, and of these down, in the hours before `rolled_until`. `config` is empty where a port is set.
    """

    id: int
    public_id: UUID
    kind: str
    name: str
    hostname: str
    port: int | None
    status: str
    config: dict[str, Any]
    state: str
    created_at: datetime
    customer_name: str
    customer_public_id: UUID
    rolled_until: datetime
    latest: list[LatestAtLocation]
    medians: dict[str, float]
    verdicts: list[VerdictFrom]
    maintenance: list[MaintenanceTime]
    maintenance_until: datetime | None
    uptime: tuple[int, int]

    address: str | None = None
    """The address to connect to makes no difference to what is shown."""


async def rows_of(
    database: Database,
    organization_id: int,
    customer_ids: frozenset[int] | None,
    monitors: Collection[UUID],
    *,
    bar_since: datetime,
    uptime_since: datetime,
    now: datetime,
) -> list[OverviewRow]:
    """The rows of these monitors in their order, without those that were deleted or are not of these customers (None:
    of all). Verdicts are those since `bar_since` and the one that held then; uptime begins at a full hour.
    """
    async with database.connection() as connection:
        rows = await connection.fetch(
            _ROWS,
            list(monitors),
            bar_since,
            now,
            uptime_since,
            organization_id,
            None if customer_ids is None else sorted(customer_ids),
            READY_SECONDS,
        )
    return await off_loop(lambda: [_row(row) for row in rows])


def _row(row: Any) -> OverviewRow:
    values = dict(row)
    for name in ("latest", "verdicts", "maintenance"):
        values[name] = values[name] or []
    values["medians"] = values["medians"] or {}
    return msgspec.convert(values, OverviewRow)
