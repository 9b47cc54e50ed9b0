"""Customers. Every read names an organization, so that no caller reaches into another one by mistake."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec

from controller.model import Customer
from controller.store.platform.pool import Connection, Database

MOST_LISTED = 10_000

_ONE = """
SELECT id, public_id, organization_id, name, email, status, package_type, notification_email,
  notification_phone_number, allowed_check_country_codes, alert_location_threshold_count, monthly_reports_enabled,
  custom_fields, notification_rules, cancelled_at, created_at, updated_at
FROM customer WHERE ($1::bigint IS NULL OR organization_id = $1) AND (id = $2 OR public_id = $3)
"""


class NewCustomer(msgspec.Struct, frozen=True, kw_only=True):
    """A customer before it has ids and timestamps; None where the database has a default of its own."""

    organization_id: int
    name: str = ""
    email: str | None = None
    status: str = "active"
    package_type: str | None = None
    notification_email: str | None = None
    notification_phone_number: str | None = None
    allowed_check_country_codes: list[str] | None = None
    alert_location_threshold_count: int | None = None
    monthly_reports_enabled: bool = False
    custom_fields: dict[str, Any] | None = None
    notification_rules: dict[str, Any] | None = None


async def customer_of(database: Database, organization_id: int | None, identifier: int | UUID) -> Customer | None:
    """A customer by number or public id; None when the organization (None: every organization) has no such customer."""
    async with database.connection() as connection:
        return await _fetch(connection, organization_id, identifier)


async def customers_of(
    database: Database,
    organization_id: int,
    customer_ids: frozenset[int] | None = None,
    *,
    limit: int = MOST_LISTED,
) -> list[Customer]:
    """Oldest first, `limit` at most; `customer_ids` restricts the list to these customers (None is no limit)."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT id, public_id, organization_id, name, email, status, package_type, notification_email,
              notification_phone_number, allowed_check_country_codes, alert_location_threshold_count,
              monthly_reports_enabled, custom_fields, notification_rules, cancelled_at, created_at, updated_at
            FROM customer
            WHERE organization_id = $1 AND ($2::bigint[] IS NULL OR id = ANY ($2)) ORDER BY id LIMIT $3
            """,
            organization_id,
            None if customer_ids is None else sorted(customer_ids),
            limit,
        )
    return [Customer(**row) for row in rows]


async def insert(database: Database, new: NewCustomer) -> Customer:
    async with database.connection() as connection:
        row = await connection.fetchrow(
            """
            INSERT INTO customer (organization_id, name, email, status, package_type, notification_email,
              notification_phone_number, allowed_check_country_codes, alert_location_threshold_count,
              monthly_reports_enabled, custom_fields, notification_rules, cancelled_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
              CASE WHEN $4 = 'marked_for_cancellation' THEN now() END)
            RETURNING id, public_id, cancelled_at, created_at, updated_at
            """,
            *msgspec.structs.astuple(new),
        )
    assert row is not None  # noqa: S101 - RETURNING of a plain INSERT
    return Customer(**msgspec.structs.asdict(new), **row)


async def change(database: Database, customer_id: int, decide: Callable[[Customer], Customer]) -> Customer | None:
    """Replace a customer by what `decide` makes of it, while its row is locked; None when it does not exist."""
    async with database.transaction() as connection:
        await connection.execute("SELECT FROM customer WHERE id = $1 FOR NO KEY UPDATE", customer_id)
        old = await _fetch(connection, None, customer_id)
        if old is None:
            return None
        new = decide(old)
        changed = await connection.fetchrow(
            """
            UPDATE customer SET
              package_since = CASE WHEN package_type IS DISTINCT FROM $5 THEN clock_timestamp() ELSE package_since END,
              name = $2, email = $3, package_type = $5, notification_email = $6, notification_phone_number = $7,
              allowed_check_country_codes = $8, alert_location_threshold_count = $9, monthly_reports_enabled = $10,
              custom_fields = $11, notification_rules = $12, updated_at = clock_timestamp(), status = $4,
              cancelled_at = CASE WHEN $4 = 'active' THEN NULL ELSE coalesce(cancelled_at, clock_timestamp()) END
            WHERE id = $1 RETURNING cancelled_at, updated_at
            """,
            new.id,
            new.name,
            new.email,
            new.status,
            new.package_type,
            new.notification_email,
            new.notification_phone_number,
            new.allowed_check_country_codes,
            new.alert_location_threshold_count,
            new.monthly_reports_enabled,
            new.custom_fields,
            new.notification_rules,
        )
    assert changed is not None  # noqa: S101 - its row is locked
    return msgspec.structs.replace(new, **changed)


async def numbers_of(database: Database, organization_id: int, identifiers: list[int | UUID]) -> list[int | None]:
    """The number of each customer, None for one that is not of this organization."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT id, public_id FROM customer WHERE organization_id = $1 AND (id = ANY ($2) OR public_id = ANY ($3))",
            organization_id,
            [identifier for identifier in identifiers if isinstance(identifier, int)],
            [identifier for identifier in identifiers if isinstance(identifier, UUID)],
        )
    numbers = {key: row["id"] for row in rows for key in (row["id"], row["public_id"])}
    return [numbers.get(identifier) for identifier in identifiers]


async def _fetch(connection: Connection, organization_id: int | None, identifier: int | UUID) -> Customer | None:
    number, public_id = (None, identifier) if isinstance(identifier, UUID) else (identifier, None)
    row = await connection.fetchrow(_ONE, organization_id, number, public_id)
    return Customer(**row) if row else None
