"""How many monitors have which verdict."""

from __future__ import annotations

from controller.store.platform.pool import Database


async def count_by_verdict(
    database: Database, organization_id: int, customer_ids: frozenset[int] | None
) -> dict[str, int]:
    """Of the active monitors of these customers (None: of all) that have been evaluated, without those that are up.
    Raises StoreUnavailableError.
    """
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT monitor_state.verdict, count(*)
            FROM monitor_state JOIN monitor ON monitor.id = monitor_state.monitor_id
            WHERE monitor.organization_id = $1 AND monitor.deleted_at IS NULL AND monitor.status = 'active'
              AND monitor_state.verdict <> 'up' AND ($2::bigint[] IS NULL OR monitor.customer_id = ANY ($2))
            GROUP BY monitor_state.verdict
            """,
            organization_id,
            None if customer_ids is None else list(customer_ids),
        )
    return {row["verdict"]: row["count"] for row in rows}
