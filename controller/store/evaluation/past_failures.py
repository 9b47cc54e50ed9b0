"""What a preview of a policy reads: the monitors that it would hold for, and their stored results around failures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import msgspec

from controller.decisions.evaluation.policies import Level, Levels
from controller.decisions.replay.recorded import Window
from controller.store.evaluation.evaluated_monitors import EvaluatedMonitor, evaluated_monitor
from controller.store.monitors.policies import levels_from
from controller.store.platform.pool import Connection
from shared.epoch import to_datetime, to_ms

_STEP = timedelta(hours=12)
_WINDOWS = 200


class MonitorBelow(msgspec.Struct, frozen=True, kw_only=True):
    """A monitor of an organization or customer, or itself, with what is set at each level for it."""

    public_id: UUID
    name: str
    customer: str
    levels: Levels
    evaluated: EvaluatedMonitor


_BELOW = """
SELECT m.id, m.public_id, m.name, c.name AS customer_name, m.kind, m.hostname, m.port, m.interval_seconds,
  m.timeout_seconds, effective_countries(m.allowed_check_country_codes, c.allowed_check_country_codes,
    o.allowed_check_country_codes) AS allowed_check_country_codes,
  m.target_changed_at, m.updated_at, m.evaluation_deadline_seconds, m.location_ids, m.home_location_id, m.mode,
  m.rotate_locations OR p.check_locations IS NOT NULL AS rotate_locations,
  CASE WHEN m.rotate_locations OR p.check_locations IS NULL THEN m.locations_per_round ELSE p.check_locations END
    AS locations_per_round,
  m.retry_on_failure, true AS watched,
  o.policy AS organization, p.policy AS package, c.policy AS customer, c.alert_location_threshold_count AS threshold,
  m.policy AS monitor, o.id AS organization_id, c.id AS customer_id,
  o.public_id AS organization_public_id, c.public_id AS customer_public_id
FROM monitor m JOIN customer c ON c.id = m.customer_id JOIN organization o ON o.id = c.organization_id
  LEFT JOIN package p ON p.organization_id = c.organization_id AND p.package_type = c.package_type
WHERE CASE $1 WHEN 'organization' THEN m.organization_id WHEN 'customer' THEN m.customer_id ELSE m.id END = $2
  AND m.deleted_at IS NULL AND m.status <> 'disabled'
ORDER BY m.id
"""


async def monitors_below(connection: Connection, level: Level, number: int) -> list[MonitorBelow]:
    """Those that are checked, of this organization or customer, or the monitor itself."""
    return [_below(row) for row in await connection.fetch(_BELOW, level.value, number)]


def _below(row: Any) -> MonitorBelow:
    return MonitorBelow(
        public_id=row["public_id"],
        name=row["name"],
        customer=row["customer_name"],
        levels=levels_from({name: row[name] for name in Levels._fields}),
        evaluated=evaluated_monitor(row),
    )


# By time: the index of results that did not pass serves it, however many monitors there are. Blocks hold none of them.
_FAILING = """
SELECT monitor_id, array_agg(DISTINCT (extract(epoch FROM due_at) * 1000)::bigint) AS failing
FROM result
WHERE due_at >= $2 AND due_at < $3 AND status <> 'success' AND status = 'failure' AND purpose <> 'triggered'
  AND monitor_id = ANY ($1::bigint[])
GROUP BY monitor_id
"""
_FAILING_OF_ONE = """
SELECT monitor_id, array_agg(DISTINCT (extract(epoch FROM due_at) * 1000)::bigint) AS failing
FROM result
WHERE due_at >= $2 AND due_at < $3 AND status = 'failure' AND purpose <> 'triggered' AND monitor_id = $1
GROUP BY monitor_id
"""


async def failing_moments(
    connection: Connection, monitor_ids: Sequence[int], since: datetime, until: datetime
) -> Mapping[int, list[int]]:
    """When checks were due that failed, in order, by monitor; monitors without any are left out. Read in steps."""
    found: dict[int, list[int]] = defaultdict(list)
    at = since
    while at < until and monitor_ids:
        end = min(at + _STEP, until)
        if len(monitor_ids) == 1:
            rows = await connection.fetch(_FAILING_OF_ONE, monitor_ids[0], at, end)
        else:
            rows = await connection.fetch(_FAILING, monitor_ids, at, end)
        for monitor_id, failing in rows:
            found[monitor_id] += sorted(failing)
        at = end
    return found


# As JSON, which only the process that replays them decodes.
_CHECKS = """
SELECT read.checks::text
FROM unnest($2::timestamptz[], $3::timestamptz[]) AS part (from_at, to_at) CROSS JOIN LATERAL (
  SELECT json_agg(json_build_array(
    (extract(epoch FROM due_at) * 1000)::bigint, location_id, purpose, status,
    (extract(epoch FROM stored_at) * 1000)::bigint, failure
  )) AS checks
  FROM results_of($1, part.from_at, part.to_at + interval '1 millisecond') AS result
  WHERE due_at <= part.to_at AND purpose <> 'triggered'
) AS read
WHERE read.checks IS NOT NULL
"""


async def recorded_checks(connection: Connection, monitor_id: int, windows: Sequence[Window]) -> list[str]:
    """The results of a monitor in these times, as JSON arrays of RecordedCheck. Read in steps."""
    parts = [part for window in windows for part in _steps(window)]
    found: list[str] = []
    for first in range(0, len(parts), _WINDOWS):
        some = parts[first : first + _WINDOWS]
        rows = await connection.fetch(_CHECKS, monitor_id, [one[0] for one in some], [one[1] for one in some])
        found += [row["checks"] for row in rows]
    return found


def _steps(window: Window) -> list[tuple[datetime, datetime]]:
    step_ms = to_ms(to_datetime(0) + _STEP)
    edges = [*range(window.from_ms, window.to_ms, step_ms), window.to_ms + 1]
    return [(to_datetime(begin), to_datetime(end - 1)) for begin, end in pairwise(edges)]


async def opened_since(connection: Connection, monitor_ids: Sequence[int], since: datetime, until: datetime) -> int:
    """How many incidents these monitors really had that were opened in this time."""
    number: int = await connection.fetchval(
        "SELECT count(*) FROM incident WHERE monitor_id = ANY ($1::bigint[]) AND started_at >= $2 AND started_at < $3",
        monitor_ids,
        since,
        until,
    )
    return number
