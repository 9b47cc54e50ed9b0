"""How many text messages about a customer's incidents were sent this month (docs/compatibility.md, U27)."""

from __future__ import annotations

from collections.abc import Sequence

from controller.store.platform.pool import Database

_SENT = """
SELECT incident.customer_id, count(*)::int AS messages
FROM delivery
JOIN incident ON incident.id = delivery.incident_id
JOIN organization ON organization.id = incident.organization_id
WHERE delivery.type = 'sms' AND delivery.state = 'sent' AND delivery.sent_at >= now() - interval '32 days'
  AND delivery.sent_at >= date_trunc('month', now(), organization.time_zone) AND incident.customer_id = ANY ($1)
GROUP BY incident.customer_id
"""
"""The first condition about sent_at is what an index can serve: no month is longer in any time zone."""


async def sent_this_month(database: Database, customer_ids: Sequence[int]) -> dict[int, int]:
    """By customer, in the month of the organization's time zone; a customer without any is left out.

    Raises StoreUnavailableError.
    """
    async with database.connection() as connection:
        rows = await connection.fetch(_SENT, list(customer_ids))
    return {row["customer_id"]: row["messages"] for row in rows}
