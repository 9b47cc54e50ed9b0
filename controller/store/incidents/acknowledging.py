"""Who takes incidents, for how long. The caller holds the locks of the monitors' states (store.evaluation.states)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from controller.store.incidents.incidents import StoredChange, StoredIncident
from controller.store.platform.pool import Connection

# Who has an incident may keep it for longer; a minute more is no longer, but the same request sent twice.
_TAKE = """
WITH taken AS (
  UPDATE incident SET acknowledged_until = $2::timestamptz, acknowledged_by = $3::text, lapse_announced = false,
    acknowledged_at = CASE WHEN is_acknowledged(acknowledged_at, acknowledged_until, now()) THEN acknowledged_at
      ELSE now() END
  WHERE id = ANY ($1::bigint[]) AND resolved_at IS NULL AND (
    NOT is_acknowledged(acknowledged_at, acknowledged_until, now())
    OR (acknowledged_by = $3 AND acknowledged_until + interval '1 minute' < COALESCE($2::timestamptz, 'infinity'))
  )
  RETURNING id, public_id, organization_id, customer_id, monitor_id, severity, reason, outage_started_at, started_at,
    resolved_at, flapping, acknowledged_at, acknowledged_until, acknowledged_by
), written AS (
  INSERT INTO incident_change (incident_id, kind, severity, reason, account_id, done_by, acknowledged_until)
  SELECT id, 'acknowledged', severity, $4::text, $5::bigint, $3, $2 FROM taken ORDER BY id
  RETURNING id AS change_id, incident_id, account_id, reason AS change_reason, at
)
SELECT taken.*, written.change_id, written.account_id, written.change_reason, written.at FROM taken
JOIN written ON written.incident_id = taken.id ORDER BY taken.id
"""


async def name_of(connection: Connection, account_id: int | None, token_id: int | None) -> str:
    """How timelines name this person or token."""
    name: str | None = await connection.fetchval(
        "SELECT COALESCE((SELECT email FROM account WHERE id = $1),"
        " (SELECT 'token ' || name FROM api_token WHERE id = $2))",
        account_id,
        token_id,
    )
    return name or "somebody"


async def take(
    connection: Connection,
    incident_ids: Sequence[int],
    *,
    by: str,
    until: datetime | None,
    comment: str,
    account_id: int | None = None,
) -> list[tuple[StoredIncident, StoredChange]]:
    """Record that somebody has these incidents until then (None: until they are resolved). Left out are those that are
    resolved, or that somebody has: only who has one may keep it for longer.
    """
    rows = await connection.fetch(_TAKE, list(incident_ids), until, by, comment, account_id)
    return changed_incidents(rows, "acknowledged")


def changed_incidents(rows: Iterable[Any], kind: str) -> list[tuple[StoredIncident, StoredChange]]:
    """Incidents with their new changes of this kind, from rows that have both."""
    changed = []
    for row in rows:
        values = dict(row)
        change = StoredChange(
            id=values.pop("change_id"),
            incident_id=values["id"],
            kind=kind,
            severity=values["severity"],
            reason=values.pop("change_reason"),
            evidence=None,
            account_id=values.pop("account_id"),
            at=values.pop("at"),
        )
        changed.append((StoredIncident(**values), change))
    return changed


async def lock_monitors(connection: Connection, incident_ids: Sequence[int]) -> None:
    """Lock the states of the monitors of these incidents, so that no evaluation changes them, always in one order."""
    await connection.execute(
        "SELECT FROM monitor_state WHERE monitor_id IN (SELECT monitor_id FROM incident WHERE id = ANY ($1::bigint[]))"
        " ORDER BY monitor_id FOR NO KEY UPDATE",
        list(incident_ids),
    )
