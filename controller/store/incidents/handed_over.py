"""Which incidents an alert in an on-call service stands for."""

from __future__ import annotations

from uuid import UUID

from controller.store.platform.pool import Database

_OF_THREAD = """
WITH heard AS (
  SELECT delivery.id, delivery.incident_id FROM delivery JOIN incident AS thread ON thread.id = delivery.incident_id
  WHERE delivery.channel_id = $1 AND thread.public_id = $2 AND delivery.state IN ('sent', 'waiting')
)
SELECT public_id FROM incident
WHERE resolved_at IS NULL AND id IN (
  SELECT incident_id FROM heard
  UNION
  SELECT grouped_change.incident_id FROM grouped_change JOIN heard ON heard.id = grouped_change.delivery_id
)
ORDER BY id
"""


async def open_incidents_of(db: Database, channel_id: int, thread: UUID) -> list[UUID]:
    """The open incidents of which the channel was notified in the thread that this incident began, its own and those
    that joined its group. Raises StoreUnavailableError.
    """
    async with db.connection() as connection:
        rows = await connection.fetch(_OF_THREAD, channel_id, thread)
    return [row["public_id"] for row in rows]
