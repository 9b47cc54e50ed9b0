"""Confirmed outages as the evaluator stores them, for tests of what is computed from them."""

from __future__ import annotations

from datetime import datetime

from controller.store.platform.pool import Database


async def outage(database: Database, monitor_id: int, *changes: tuple[str, str, datetime]) -> None:
    """An incident with these changes of its timeline: kind, severity, moment. The first change opened it."""
    _, severity, began = changes[0]
    kind, _, ended = changes[-1]
    async with database.transaction() as connection:
        incident = await connection.fetchval(
            "INSERT INTO incident (organization_id, customer_id, monitor_id, severity, reason, evidence,"
            " outage_started_at, started_at, resolved_at)"
            " SELECT organization_id, customer_id, id, $2, 'down', '{}', $3, $3, $4 FROM monitor WHERE id = $1"
            " RETURNING id",
            monitor_id,
            severity,
            began,
            ended if kind == "resolved" else None,
        )
        await connection.executemany(
            "INSERT INTO incident_change (incident_id, kind, severity, reason, at) VALUES ($1, $2, $3, 'r', $4)",
            [(incident, *change) for change in changes],
        )
