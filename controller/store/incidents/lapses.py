"""Acknowledgements that ended while their incidents are open, and what is written of their end."""

from __future__ import annotations

from collections.abc import Sequence

from controller.store.incidents.acknowledging import changed_incidents
from controller.store.incidents.incidents import StoredChange, StoredIncident
from controller.store.platform.pool import Connection, Database

KIND = "lapsed"

_WRITE = """
WITH lapsed AS (
  UPDATE incident SET lapse_announced = true
  WHERE id = ANY ($1::bigint[]) AND resolved_at IS NULL AND NOT lapse_announced AND acknowledged_until <= now()
  RETURNING id, public_id, organization_id, customer_id, monitor_id, severity, reason, outage_started_at, started_at,
    resolved_at, flapping, acknowledged_at, acknowledged_until, acknowledged_by
), written AS (
  INSERT INTO incident_change (incident_id, kind, severity, reason)
  SELECT id, $2, severity, concat('It was taken by ', acknowledged_by, '.') FROM lapsed ORDER BY id
  RETURNING id AS change_id, incident_id, account_id, reason AS change_reason, at
)
SELECT lapsed.*, written.change_id, written.account_id, written.change_reason, written.at FROM lapsed
JOIN written ON written.incident_id = lapsed.id ORDER BY lapsed.id
"""


async def lapsed(database: Database, at_most: int, *, after: int = 0) -> list[int]:
    """Open incidents whose acknowledgement ended and was not announced yet, by number from `after` on. Raises
    StoreUnavailableError.
    """
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT id FROM incident WHERE resolved_at IS NULL AND acknowledged_until IS NOT NULL AND NOT lapse_announced
              AND acknowledged_until <= now() AND id > $1
            ORDER BY id LIMIT $2
            """,
            after,
            at_most,
        )
    return [row["id"] for row in rows]


async def write_lapses(
    connection: Connection, incident_ids: Sequence[int]
) -> list[tuple[StoredIncident, StoredChange]]:
    """Record for those that nobody has taken anew that the acknowledgement ended. The caller holds the locks of their
    monitors' states.
    """
    return changed_incidents(await connection.fetch(_WRITE, list(incident_ids), KIND), KIND)
