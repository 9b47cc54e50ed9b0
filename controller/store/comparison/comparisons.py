"""The comparisons that are due, and what they are made of. A caller that changes one must hold its row lock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from controller.decisions.comparison.comparing import ComparisonState
from controller.decisions.comparison.server_views import CheckFindings
from controller.store.platform.pool import PLAN_ANEW, Connection, Database
from shared.epoch import to_datetime, to_ms

_MOST_NEW = 1000
_MOST_RESULTS = 400

# A row that another controller is deleting is skipped, so that nobody waits for another. PostgreSQL makes the changes
# of a statement in any order, but who compares a monitor locks its comparison before its facts: so `last` reads `due`.
_TAKE_CHANGED = """
WITH taken AS (
  DELETE FROM changed_facts WHERE id = ANY (ARRAY(
    SELECT id FROM changed_facts ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
  ))
  RETURNING monitor_id, location_id, seen_at
), due AS (
  INSERT INTO comparison AS old (monitor_id, state, check_at)
  SELECT id, $2::json, now() FROM monitor WHERE id IN (SELECT monitor_id FROM taken) ORDER BY id
  ON CONFLICT (monitor_id) DO UPDATE SET check_at = LEAST(old.check_at, EXCLUDED.check_at)
  RETURNING monitor_id
), last AS (
  SELECT monitor_id, location_id, max(seen_at) AS seen_at FROM taken
  WHERE (SELECT count(*) FROM due) > 0 GROUP BY monitor_id, location_id
), seen AS (
  UPDATE server_fact SET last_at = GREATEST(last_at, last.seen_at) FROM last
  WHERE server_fact.monitor_id = last.monitor_id AND server_fact.location_id = last.location_id AND holds
    AND last.seen_at IS NOT NULL
)
SELECT count(*) FROM taken
"""

_RESULTS = """
SELECT given.monitor_id, found.*
FROM unnest($1::bigint[], $2::timestamptz[]) AS given (monitor_id, since)
CROSS JOIN LATERAL (
  SELECT due_at, location_id, purpose, address, facts, failure ->> 'kind' AS failure, warnings,
    COALESCE(phases, unfolded_phases(phase_names, phase_codes, phase_gaps)) AS phases
  FROM results_of(given.monitor_id, GREATEST(given.since, $3), 'infinity') AS result
  WHERE result.due_at > given.since AND result.due_at > $3 AND purpose IN ('scheduled', 'recheck')
    AND (facts IS NOT NULL OR failure IS NOT NULL)
  ORDER BY due_at DESC LIMIT $4
) AS found
ORDER BY given.monitor_id, due_at, location_id
"""


class StoredFindings(NamedTuple):
    """What a result that was due then says about the server."""

    due_ms: int
    is_recheck: bool
    location_id: int
    findings: CheckFindings


async def take_changed(db: Database) -> None:
    """Have the monitors compared at which a location sees other facts than before. Raises StoreUnavailableError."""
    taken = _MOST_NEW
    while taken >= _MOST_NEW:
        async with db.transaction() as connection:
            if not await connection.fetchval("SELECT EXISTS (SELECT FROM changed_facts)"):
                return
            await connection.execute(PLAN_ANEW)
            taken = await connection.fetchval(_TAKE_CHANGED, _MOST_NEW, ComparisonState())


async def claim(connection: Connection, at_most: int) -> dict[int, ComparisonState]:
    """Lock the comparisons that are due, the longest waiting first; skip those that are locked already."""
    rows = await connection.fetch(
        "SELECT monitor_id, state FROM comparison WHERE check_at <= now() ORDER BY check_at LIMIT $1"
        " FOR UPDATE SKIP LOCKED",
        at_most,
    )
    return {row["monitor_id"]: msgspec.convert(row["state"], ComparisonState, strict=False) for row in rows}


async def results_since(
    connection: Connection, since: Mapping[int, datetime], first: datetime
) -> dict[int, list[StoredFindings]]:
    """What was found by the checks of these monitors due after a moment each, and none before `first`."""
    found: dict[int, list[StoredFindings]] = defaultdict(list)
    await connection.execute(PLAN_ANEW)
    for row in await connection.fetch(_RESULTS, list(since), list(since.values()), first, _MOST_RESULTS):
        found[row["monitor_id"]].append(_findings(row))
    return found


def _findings(row: Any) -> StoredFindings:
    found = CheckFindings(
        row["address"],
        row["facts"] or {},
        {timing["phase"]: timing["durationMs"] for timing in row["phases"]},
        row["failure"],
        [warning["kind"] for warning in row["warnings"] or ()],
    )
    return StoredFindings(to_ms(row["due_at"]), row["purpose"] == "recheck", row["location_id"], found)


async def save(connection: Connection, monitor_id: int, state: ComparisonState, check_ms: int | None) -> None:
    await connection.execute(
        "UPDATE comparison SET state = $2, check_at = $3 WHERE monitor_id = $1",
        monitor_id,
        state,
        None if check_ms is None else to_datetime(check_ms),
    )


async def postpone(connection: Connection, monitor_ids: Sequence[int], until_ms: int) -> None:
    await connection.execute(
        "UPDATE comparison SET check_at = $2 WHERE monitor_id = ANY ($1::bigint[])",
        monitor_ids,
        to_datetime(until_ms),
    )


async def compare_again(connection: Connection, location_id: int) -> None:
    """Have the monitors compared at which this location is suspected."""
    await connection.execute(
        """
        UPDATE comparison SET check_at = now() FROM (
          SELECT monitor_id FROM comparison WHERE monitor_id IN (
            SELECT monitor_id FROM suspicion WHERE location_id = $1
          ) ORDER BY monitor_id FOR UPDATE
        ) AS suspected WHERE comparison.monitor_id = suspected.monitor_id
        """,
        location_id,
    )
