"""Figures of the installation for metrics: cheap counts by index or of small tables, none of them over results."""

from __future__ import annotations

from typing import NamedTuple

from controller.off_loop import off_loop
from controller.store.platform.pool import Database


class Installation(NamedTuple):
    """Ages are seconds by the database's clock; 0 where nothing waits."""

    monitors: list[tuple[str, str, str, int]]
    """Kind, status, verdict, how many. Monitors in maintenance count as such, by whichever window they are."""
    in_maintenance: list[tuple[str, int]]
    """Effect, how many monitors."""
    windows_active: int
    """Maintenance windows that are under way."""
    open_incidents: list[tuple[str, bool, int]]
    """Severity, whether acknowledged, how many."""
    blind: list[tuple[str, str]]
    """Codes of the enabled locations that are blind now, and the reasons."""
    deliveries_waiting: int
    deliveries_overdue_seconds: float
    events_waiting: int
    evaluations_waiting: int
    evaluations_overdue_seconds: float
    watermark_age_seconds: float
    fold_age_seconds: float
    """How long ago the hour ended that is put into blocks next."""


async def installation(db: Database) -> Installation:
    """Raises StoreUnavailableError."""
    async with db.connection() as connection:
        monitors = await connection.fetch(
            "SELECT kind, CASE WHEN status = 'active' AND effect IS NOT NULL THEN 'maintenance' ELSE status END,"
            " COALESCE(verdict, 'unknown'), count(*) FROM monitor"
            " LEFT JOIN monitor_state ON monitor_state.monitor_id = monitor.id"
            " LEFT JOIN monitor_in_maintenance ON monitor_in_maintenance.monitor_id = monitor.id"
            " WHERE deleted_at IS NULL GROUP BY 1, 2, 3"
        )
        in_maintenance = await connection.fetch("SELECT effect, count(*) FROM monitor_in_maintenance GROUP BY 1")
        windows = await connection.fetchval(
            "SELECT count(DISTINCT window_id) FROM maintenance_occurrence"
            " WHERE from_at <= now() AND (to_at IS NULL OR to_at > now())"
        )
        incidents = await connection.fetch(
            "SELECT severity, is_acknowledged(acknowledged_at, acknowledged_until, now()), count(*) FROM incident"
            " WHERE resolved_at IS NULL"
            " GROUP BY 1, 2"
        )
        blind = await connection.fetch(
            "SELECT DISTINCT code, reason FROM blind_period JOIN location ON location.id = location_id"
            " WHERE to_at > now() AND enabled"
        )
        row = await connection.fetchrow(
            """
            SELECT deliveries.*, evaluations.*, (SELECT count(*) FROM event_outbox),
              (SELECT EXTRACT(epoch FROM now() - watermark) FROM schedule ORDER BY watermark LIMIT 1),
              (SELECT EXTRACT(epoch FROM now() - at) - span_seconds FROM fold_progress WHERE span_seconds = 3600)
            FROM
              (
                SELECT count(*), EXTRACT(epoch FROM now() - min(next_at) FILTER (WHERE COALESCE(failures, 0) = 0))
                FROM delivery LEFT JOIN delivery_lane ON delivery_lane.lane = delivery.lane WHERE state = 'waiting'
              ) AS deliveries,
              (SELECT count(*), EXTRACT(epoch FROM now() - min(check_at)) FROM evaluation WHERE check_at <= now())
                AS evaluations
            """
        )
    assert row is not None  # noqa: S101 - it is made of aggregates
    deliveries, overdue, evaluations, behind, events, watermark, fold = row
    return Installation(
        monitors=[tuple(one) for one in monitors],
        in_maintenance=[tuple(one) for one in in_maintenance],
        windows_active=windows,
        open_incidents=[tuple(one) for one in incidents],
        blind=[tuple(one) for one in blind],
        deliveries_waiting=deliveries,
        deliveries_overdue_seconds=max(0.0, float(overdue or 0)),
        events_waiting=events,
        evaluations_waiting=evaluations,
        evaluations_overdue_seconds=max(0.0, float(behind or 0)),
        watermark_age_seconds=max(0.0, float(watermark or 0)),
        fold_age_seconds=max(0.0, float(fold or 0)),
    )


class MonitorFigures(NamedTuple):
    """One monitor's verdict, and how long its latest check took, in milliseconds."""

    public_id: str
    name: str
    kind: str
    verdict: str
    duration_ms: float | None


async def monitor_figures(
    db: Database, organization_id: int | None, customer_ids: frozenset[int] | None
) -> list[MonitorFigures]:
    """The monitors that are not disabled; of one organization and of these customers, None is any.

    Raises StoreUnavailableError.
    """
    async with db.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT public_id::text, name, kind, COALESCE(verdict, 'unknown'), duration_ms
            FROM monitor
            LEFT JOIN monitor_state ON monitor_state.monitor_id = monitor.id
            LEFT JOIN LATERAL (
              SELECT duration_ms FROM latest WHERE latest.monitor_id = monitor.id AND latest.status <> 'unknown'
              ORDER BY due_at DESC LIMIT 1
            ) AS newest ON true
            WHERE deleted_at IS NULL AND monitor.status <> 'disabled'
              AND ($1::bigint IS NULL OR organization_id = $1) AND ($2::bigint[] IS NULL OR customer_id = ANY ($2))
            ORDER BY monitor.id
            """,
            organization_id,
            None if customer_ids is None else sorted(customer_ids),
        )
    return await off_loop(lambda: [MonitorFigures(*row) for row in rows])
