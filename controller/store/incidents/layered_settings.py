"""Settings that an organization has and its customers may have too, each a JSON column of both tables."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from controller.store.platform.pool import Connection


class LayeredColumn(StrEnum):
    """The columns, which have the same name in both tables."""

    GROUPING = "grouping"
    REMINDERS = "reminders"


_READ = {
    LayeredColumn.GROUPING: """
        SELECT organization.grouping, customer.grouping FROM organization
        LEFT JOIN customer ON customer.organization_id = organization.id AND customer.id = $2
        WHERE organization.id = $1
        """,
    LayeredColumn.REMINDERS: """
        SELECT (COALESCE(organization.reminders::jsonb, '{}') || COALESCE(package_reminders.reminders, '{}'))::json,
          customer.reminders
        FROM organization
        LEFT JOIN customer ON customer.organization_id = organization.id AND customer.id = $2
        LEFT JOIN package_reminders ON package_reminders.customer_id = customer.id
        WHERE organization.id = $1
        """,
}
_OF_ORGANIZATION = {
    LayeredColumn.GROUPING: "UPDATE organization SET grouping = $2 WHERE id = $1",
    LayeredColumn.REMINDERS: "UPDATE organization SET reminders = $2 WHERE id = $1",
}
_OF_CUSTOMER = {
    LayeredColumn.GROUPING: "UPDATE customer SET grouping = $2 WHERE id = $1",
    LayeredColumn.REMINDERS: "UPDATE customer SET reminders = $2 WHERE id = $1",
}


async def stored(
    connection: Connection, column: LayeredColumn, organization_id: int, customer_id: int | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is set for an organization, with a number as the customer's package changes it; and for that customer."""
    row = await connection.fetchrow(_READ[column], organization_id, customer_id)
    return (row[0] or {}, row[1] or {}) if row else ({}, {})


async def store(
    connection: Connection, column: LayeredColumn, organization_id: int, customer_id: int | None, new: dict[str, Any]
) -> None:
    """Nothing set is stored as nothing."""
    if customer_id is None:
        await connection.execute(_OF_ORGANIZATION[column], organization_id, new or None)
    else:
        await connection.execute(_OF_CUSTOMER[column], customer_id, new or None)
