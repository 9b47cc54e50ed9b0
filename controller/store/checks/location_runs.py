"""Since when the locations of a monitor find what they find, and which of them are blind."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from controller.store.platform.pool import Connection
from shared.wire.messages import ResultStatus


class LocationRun(NamedTuple):
    """A location that checks the monitor. All its results from `since` on, as far as they are kept, have the `status`
    of the newest one; both are None without a result. `missing_since` is the first check after it that has none, for
    the reason of the latest such check; both are None when no check is missing.
    """

    location_id: int
    location: str
    name: str
    country: str
    status: ResultStatus | None
    since: datetime | None
    missing_since: datetime | None
    missing_reason: str | None


# Before rolled_until ($2) the hour with the last other result is found in roll-ups, as a monitor that always passes has
# hundreds of thousands of results. What is not rolled up yet is in no block. Nothing is searched before $3.
_RUNS = """
WITH place AS (
  SELECT location.id, location.code, location.name, location.country_code, latest.due_at, latest.status
  FROM monitor AS m JOIN customer AS c ON c.id = m.customer_id JOIN organization AS o ON o.id = m.organization_id
  CROSS JOIN location LEFT JOIN latest ON latest.monitor_id = m.id AND latest.location_id = location.id
  WHERE m.id = $1 AND location.enabled AND location.removed_at IS NULL
    AND may_check(
      location.id, location.country_code,
      effective_countries(m.allowed_check_country_codes, c.allowed_check_country_codes, o.allowed_check_country_codes),
      m.location_ids, m.home_location_id
    )
)
SELECT place.id, place.code, place.name, place.country_code, place.status, begun.due_at, first.from_at, last.reason
FROM place
LEFT JOIN LATERAL (
  SELECT max(due_at) AS at FROM result
  WHERE monitor_id = $1 AND location_id = place.id AND status <> place.status
    AND due_at >= GREATEST($2::timestamptz, $3::timestamptz) AND due_at <= place.due_at
) AS recent ON true
LEFT JOIN LATERAL (
  SELECT max(bucket_at) AS at FROM rollup
  WHERE recent.at IS NULL AND monitor_id = $1 AND bucket_seconds = 3600 AND location_id = place.id
    AND bucket_at >= $3 AND bucket_at < $2 AND bucket_at <= place.due_at
    AND CASE place.status
      WHEN 'success' THEN failed + blind WHEN 'failure' THEN passed + blind ELSE passed + failed
    END > 0
) AS hour ON true
LEFT JOIN LATERAL (
  SELECT max(result.due_at) AS at FROM results_of($1, hour.at, hour.at + interval '1 hour') AS result
  WHERE location_id = place.id AND result.status <> place.status AND result.due_at <= place.due_at
) AS earlier ON true
LEFT JOIN LATERAL (
  SELECT result.due_at
  FROM (SELECT COALESCE(recent.at, earlier.at, $3) AS at OFFSET 0) AS begun
  CROSS JOIN LATERAL (
    SELECT oldest_until(
      $1, begun.at, place.due_at + interval '1 millisecond', place.id, NULL, NULL, 4
    ) AS at OFFSET 0
  ) AS ended
  CROSS JOIN LATERAL results_of($1, begun.at, ended.at) AS result
  WHERE location_id = place.id AND result.due_at > begun.at AND result.due_at <= place.due_at
  ORDER BY result.due_at LIMIT 1
) AS begun ON true
LEFT JOIN LATERAL (
  SELECT from_at FROM gap
  WHERE monitor_id = $1 AND location_id = place.id AND purpose = 'scheduled'
    AND from_at > COALESCE(place.due_at, $3) AND reason <> 'maintenance'
  ORDER BY from_at LIMIT 1
) AS first ON true
LEFT JOIN LATERAL (
  SELECT reason FROM gap
  WHERE monitor_id = $1 AND location_id = place.id AND purpose = 'scheduled' AND from_at >= first.from_at
    AND reason <> 'maintenance'
  ORDER BY from_at DESC LIMIT 1
) AS last ON true
ORDER BY place.country_code, place.code
"""


async def location_runs(
    connection: Connection, monitor_id: int, *, rolled_until: datetime, kept_since: datetime
) -> list[LocationRun]:
    """By country, the enabled locations that may check the monitor. Roll-ups of all hours before `rolled_until` are
    complete, and results are kept since `kept_since`.
    """
    rows = await connection.fetch(_RUNS, monitor_id, rolled_until, kept_since)
    return [
        LocationRun(number, code, name, country, ResultStatus(status) if status else None, since, missing, reason)
        for number, code, name, country, status, since, missing, reason in rows
    ]
