"""How long customers' packages keep results and roll-ups."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from controller.store.platform.pool import Connection


class PackageLimit(NamedTuple):
    """For how many months a customer's package keeps what is stored."""

    organization_id: int
    customer_id: int
    months: int


class CustomerFloor(NamedTuple):
    """For how many months a customer's package keeps results (None: it says nothing), and before which moment they were
    removed (None: never).
    """

    organization_id: int
    customer_id: int
    months: int | None
    removed_until: datetime | None


async def limits_set_before(connection: Connection, moment: datetime) -> list[PackageLimit]:
    """The limits that have stood since then or longer: of the package, and of the customer's having it."""
    rows = await connection.fetch(
        """
        SELECT customer.organization_id, customer.id, data_retention_months
        FROM customer JOIN package USING (organization_id, package_type)
        WHERE data_retention_months IS NOT NULL AND package_since <= $1 AND retention_since <= $1
        ORDER BY customer.id
        """,
        moment,
    )
    return [PackageLimit(*row) for row in rows]


async def floors_of_customers(connection: Connection) -> list[CustomerFloor]:
    """Of all customers for whom less is kept than for others, or was once."""
    rows = await connection.fetch(
        """
        SELECT customer.organization_id, customer.id, data_retention_months, results_removed_until
        FROM customer LEFT JOIN package USING (organization_id, package_type)
        WHERE data_retention_months IS NOT NULL OR results_removed_until IS NOT NULL
        """
    )
    return [CustomerFloor(*row) for row in rows]


async def months_of(connection: Connection, customer_id: int) -> int | None:
    """None when the customer's package says nothing."""
    months: int | None = await connection.fetchval(
        """
        SELECT data_retention_months FROM customer JOIN package USING (organization_id, package_type)
        WHERE customer.id = $1
        """,
        customer_id,
    )
    return months
