"""What is set about reminders, for an organization and for those of its customers for which something else is set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from controller.model.notification.on_call import Reminders
from controller.store.platform.pool import Connection


def reminders_from(stored: Any) -> Reminders | None:
    return None if stored is None else msgspec.convert(stored, Reminders)


async def reminders_of(
    connection: Connection, organization_id: int
) -> tuple[Reminders | None, Mapping[int, Reminders | None]]:
    """The organization's, and by number those of customers that have their own, or whose package says something."""
    own = await connection.fetchval("SELECT reminders FROM organization WHERE id = $1", organization_id)
    rows = await connection.fetch(
        """
        SELECT customer.id,
          (COALESCE(package_reminders.reminders, '{}') || COALESCE(customer.reminders::jsonb, '{}'))::json AS reminders
        FROM customer LEFT JOIN package_reminders ON package_reminders.customer_id = customer.id
        WHERE customer.organization_id = $1
          AND (customer.reminders IS NOT NULL OR package_reminders.reminders IS NOT NULL)
        """,
        organization_id,
    )
    return reminders_from(own), {row["id"]: reminders_from(row["reminders"]) for row in rows}
