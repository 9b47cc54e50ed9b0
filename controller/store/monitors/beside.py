"""What our own API shows of monitors and is not stored with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from controller.store.monitors.dependencies import parents_by_monitor
from controller.store.platform.pool import Database

# A state without `takenMs` has not gone through an evaluation.
_BESIDE = """
SELECT monitor.public_id, customer.public_id AS customer,
  (
    SELECT verdict FROM monitor_state WHERE monitor_id = monitor.id AND state ->> 'takenMs' IS NOT NULL
  ) AS verdict
FROM monitor JOIN customer ON customer.id = monitor.customer_id
WHERE monitor.public_id = ANY ($1::uuid[])
"""


class Beside(NamedTuple):
    """The customer's public id, the verdict, None before the first evaluation, and on which monitors it depends."""

    customer: UUID
    verdict: str | None
    parents: list[UUID]


async def beside(
    database: Database, public_ids: Sequence[UUID], customer_ids: frozenset[int] | None
) -> dict[UUID, Beside]:
    """By the monitor's public id, also of one that was deleted. The caller checks who may see it; of the parents only
    those of these customers are there (None: all).
    """
    parents = await parents_by_monitor(database, public_ids, customer_ids)
    async with database.connection() as connection:
        rows = await connection.fetch(_BESIDE, public_ids)
    return {row["public_id"]: Beside(row["customer"], row["verdict"], parents[row["public_id"]]) for row in rows}


async def location_codes(database: Database) -> dict[int, str]:
    """The codes of all locations by their numbers, also of removed ones."""
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT id, code FROM location")
    return {row["id"]: row["code"] for row in rows}
