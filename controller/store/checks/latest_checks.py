"""The newest check of a monitor at each location, the newest facts about its server, and how a triggered check goes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from controller.store.checks.check_log import LoggedCheck, logged
from controller.store.checks.dispatch import second_of
from controller.store.platform.pool import Connection
from shared.wire.messages import PhaseTiming

FACT_ROUNDS = 300
"""Facts are searched in so many rounds before the newest check of a location."""


class ServerFacts(NamedTuple):
    """What the newest check of a location that found out anything about the server found out."""

    due_at: datetime
    address: str | None
    facts: dict[str, Any]
    phases: list[PhaseTiming]


class LatestAt(NamedTuple):
    """The newest check at one location. `facts` is None when no recent check there has any."""

    check: LoggedCheck
    location_name: str
    facts: ServerFacts | None


class TriggeredAt(NamedTuple):
    """A check at one location that a person triggered. `check` is None without a result; then `missing` says whether
    it is certain that none will come.
    """

    location: str
    country: str
    check: LoggedCheck | None
    missing: bool


_LATEST = """
SELECT checked.due_at, location.id AS location_id, location.code AS location, location.name AS location_name,
  location.country_code AS country, checked.purpose, checked.status, checked.started_at, checked.duration_ms,
  checked.failure, checked.warnings, checked.rounded,
  known.due_at AS known_at, known.address, known.facts, known.phases
FROM latest JOIN location ON location.id = latest.location_id
CROSS JOIN LATERAL (
  SELECT due_at, purpose, status, started_at, duration_ms, failure, warnings, rounded
  FROM results_of($1, latest.due_at, latest.due_at + interval '1 millisecond') AS result
  WHERE result.due_at = latest.due_at AND result.location_id = latest.location_id
  ORDER BY purpose DESC LIMIT 1
) AS checked
LEFT JOIN LATERAL (
  SELECT * FROM (
    (SELECT due_at, address, facts, COALESCE(phases, unfolded_phases(phase_names, phase_codes, phase_gaps)) AS phases
    FROM (
      (SELECT due_at, address, facts, phases, NULL::text[] AS phase_names, NULL::smallint[] AS phase_codes,
        NULL::real[] AS phase_gaps
      FROM result
      WHERE result.monitor_id = $1 AND result.location_id = latest.location_id AND facts IS NOT NULL
        AND result.due_at <= latest.due_at AND result.due_at > latest.due_at - make_interval(secs => $2)
      ORDER BY due_at DESC LIMIT 1)
      UNION ALL
      (SELECT due_at, address, facts, phases, phase_names, phase_codes, phase_gaps
      FROM (
        SELECT LEAST(latest.facts_at, newest_since(
          $1, latest.due_at - make_interval(secs => $2), latest.due_at, latest.location_id, 'success', 'scheduled', 1
        )) AS at OFFSET 0
      ) AS begun
      CROSS JOIN LATERAL results_of($1, begun.at, latest.due_at + interval '1 millisecond') AS result
      WHERE result.location_id = latest.location_id AND facts IS NOT NULL AND rounded
        AND result.due_at > latest.due_at - make_interval(secs => $2)
      ORDER BY due_at DESC LIMIT 1)
    ) AS one ORDER BY due_at DESC LIMIT 1)
    UNION ALL
    SELECT due_at, address, facts, phases FROM last_good
    WHERE last_good.monitor_id = $1 AND last_good.location_id = latest.location_id AND facts IS NOT NULL
  ) AS found ORDER BY due_at DESC LIMIT 1
) AS known ON true
WHERE latest.monitor_id = $1 AND location.enabled AND location.removed_at IS NULL
ORDER BY country, location
"""

_TRIGGERED = """
WITH planned AS (
  SELECT one.location_id, false AS missing
  FROM dispatch, unnest(monitor_ids, due_ats, location_ids) AS one (monitor_id, due_at, location_id)
  WHERE due_second = $3 AND dispatch.purpose = 'triggered' AND one.monitor_id = $1 AND one.due_at = $2
  UNION ALL
  SELECT location_id, true FROM gap WHERE monitor_id = $1 AND from_at = $2 AND purpose = 'triggered'
  UNION ALL
  SELECT location_id, false FROM result WHERE monitor_id = $1 AND due_at = $2 AND purpose = 'triggered'
), expected AS (
  SELECT location_id, bool_or(missing) AS missing FROM planned GROUP BY location_id
)
SELECT location.code AS location, location.country_code AS country, location.id AS location_id, expected.missing,
  result.due_at, result.purpose, result.status, result.started_at, result.duration_ms, result.failure, result.warnings,
  false AS rounded
FROM expected JOIN location ON location.id = expected.location_id
LEFT JOIN result ON result.monitor_id = $1 AND result.due_at = $2 AND result.location_id = expected.location_id
  AND result.purpose = 'triggered'
ORDER BY country, location
"""


async def latest_checks(
    connection: Connection, monitor_id: int, public_id: UUID, interval_seconds: int
) -> list[LatestAt]:
    """By country, of the locations that are enabled."""
    rows = await connection.fetch(_LATEST, monitor_id, FACT_ROUNDS * interval_seconds)
    return [LatestAt(logged(public_id, row), row["location_name"], _facts(row)) for row in rows]


async def triggered_checks(
    connection: Connection, monitor_id: int, public_id: UUID, due_at: datetime
) -> list[TriggeredAt]:
    """By country, the locations that were requested to check at this moment; empty when none was."""
    rows = await connection.fetch(_TRIGGERED, monitor_id, due_at, second_of(due_at))
    return [
        TriggeredAt(
            row["location"],
            row["country"],
            None if row["due_at"] is None else logged(public_id, row),
            row["missing"] and row["due_at"] is None,
        )
        for row in rows
    ]


def _facts(row: Any) -> ServerFacts | None:
    if row["known_at"] is None:
        return None
    return ServerFacts(
        row["known_at"], row["address"], row["facts"] or {}, msgspec.convert(row["phases"], list[PhaseTiming])
    )
