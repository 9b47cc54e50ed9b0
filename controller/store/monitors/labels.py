"""The labels of monitors, counted."""

from __future__ import annotations

from typing import NamedTuple

from controller.store.platform.pool import Database


class LabelCount(NamedTuple):
    """How many monitors have this label with this value."""

    key: str
    value: str
    monitors: int


async def counted(
    database: Database, organization_id: int, customer_ids: frozenset[int] | None, *, limit: int
) -> list[LabelCount]:
    """By name, then the most used values first; of the monitors of these customers (None: of all), `limit` at most."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT label.key, label.value, count(*) AS monitors
            FROM monitor CROSS JOIN LATERAL jsonb_each_text(labels) AS label
            WHERE organization_id = $1 AND deleted_at IS NULL AND ($2::bigint[] IS NULL OR customer_id = ANY ($2))
            GROUP BY label.key, label.value
            ORDER BY lower(label.key), label.key, count(*) DESC, lower(label.value), label.value LIMIT $3
            """,
            organization_id,
            None if customer_ids is None else sorted(customer_ids),
            limit,
        )
    return [LabelCount(*row) for row in rows]
