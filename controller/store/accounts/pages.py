"""Pages of customers, people and organizations."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import msgspec

from controller.model import Account, Customer, Role
from controller.store.accounts.all_organizations import ListedOrganization
from controller.store.platform.pool import Database
from controller.store.platform.walks import ListWalk, apart

_CUSTOMERS = """
WITH found AS (
  SELECT id, public_id, organization_id, name, email, status, package_type, notification_email,
    notification_phone_number, allowed_check_country_codes, alert_location_threshold_count, monthly_reports_enabled,
    custom_fields, notification_rules, cancelled_at, created_at, updated_at,
    CASE $1 WHEN 'name' THEN lower(name)
      WHEN 'updatedAt' THEN to_char(updated_at, 'YYYYMMDDHH24MISSMS')
      ELSE to_char(created_at, 'YYYYMMDDHH24MISSMS') END COLLATE "C" AS sorted_by
  FROM customer
  WHERE organization_id = $6 AND ($7::bigint[] IS NULL OR id = ANY ($7)) AND ($8::text IS NULL OR status = $8)
    AND ($9::text IS NULL OR position(lower($9) IN lower(name)) > 0
      OR position(lower($9) IN lower(coalesce(email, ''))) > 0)
)
SELECT * FROM found
WHERE $3::text IS NULL
  OR CASE WHEN $2::boolean THEN (sorted_by, id) < ($3, $4::bigint) ELSE (sorted_by, id) > ($3, $4::bigint) END
ORDER BY CASE WHEN NOT $2 THEN sorted_by END, CASE WHEN $2 THEN sorted_by END DESC, CASE WHEN $2 THEN -id ELSE id END
LIMIT $5
"""

_ACCOUNTS = """
WITH found AS (
  SELECT id, public_id, organization_id, email, first_name, last_name, role, customer_ids, last_login_at, created_at,
    updated_at,
    CASE $1 WHEN 'email' THEN lower(email)
      WHEN 'name' THEN lower(concat_ws(' ', last_name, first_name, email))
      ELSE to_char(created_at, 'YYYYMMDDHH24MISSMS') END COLLATE "C" AS sorted_by
  FROM account
  WHERE organization_id = $6 AND ($7::bigint IS NULL OR id = $7) AND ($8::text IS NULL OR role = $8)
    AND ($9::text IS NULL OR position(lower($9) IN lower(concat_ws(' ', first_name, last_name, email))) > 0)
)
SELECT * FROM found
WHERE $3::text IS NULL
  OR CASE WHEN $2::boolean THEN (sorted_by, id) < ($3, $4::bigint) ELSE (sorted_by, id) > ($3, $4::bigint) END
ORDER BY CASE WHEN NOT $2 THEN sorted_by END, CASE WHEN $2 THEN sorted_by END DESC, CASE WHEN $2 THEN -id ELSE id END
LIMIT $5
"""

_ORGANIZATIONS = """
WITH found AS (
  SELECT id, public_id, name, created_at, updated_at,
    (SELECT count(*) FROM customer WHERE organization_id = organization.id) AS customers,
    (SELECT count(*) FROM account WHERE organization_id = organization.id) AS users,
    (SELECT count(*) FROM monitor WHERE organization_id = organization.id AND deleted_at IS NULL) AS monitors,
    CASE $1 WHEN 'name' THEN lower(name) ELSE to_char(created_at, 'YYYYMMDDHH24MISSMS') END COLLATE "C" AS sorted_by
  FROM organization
  WHERE ($6::bigint IS NULL OR id = $6) AND ($7::text IS NULL OR position(lower($7) IN lower(name)) > 0)
)
SELECT * FROM found
WHERE $3::text IS NULL
  OR CASE WHEN $2::boolean THEN (sorted_by, id) < ($3, $4::bigint) ELSE (sorted_by, id) > ($3, $4::bigint) END
ORDER BY CASE WHEN NOT $2 THEN sorted_by END, CASE WHEN $2 THEN sorted_by END DESC, CASE WHEN $2 THEN -id ELSE id END
LIMIT $5
"""


class CustomerFilter(msgspec.Struct, frozen=True, kw_only=True):
    """`customer_ids` are the only customers to find (None is no limit), `text` is a part of a name or an e-mail
    address.
    """

    organization_id: int
    customer_ids: frozenset[int] | None
    status: str | None = None
    text: str | None = None


class AccountFilter(msgspec.Struct, frozen=True, kw_only=True):
    """`only` is the number of the only account to find, `text` a part of a name or an e-mail address."""

    organization_id: int
    only: int | None = None
    role: Role | None = None
    text: str | None = None


async def monitor_counts(database: Database, customers: Collection[int]) -> dict[int, int]:
    """How many monitors these customers have, by number; without those that have none."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT customer_id, count(*) AS monitors FROM monitor"
            " WHERE customer_id = ANY ($1::bigint[]) AND deleted_at IS NULL GROUP BY customer_id",
            list(customers),
        )
    return {row["customer_id"]: row["monitors"] for row in rows}


async def customers_page(database: Database, walk: ListWalk, chosen: CustomerFilter) -> list[tuple[Customer, str]]:
    """Customers, each with the text that it is sorted by: by name, createdAt or updatedAt."""
    limits = None if chosen.customer_ids is None else sorted(chosen.customer_ids)
    async with database.connection() as connection:
        rows = await connection.fetch(
            _CUSTOMERS, *walk.values, chosen.organization_id, limits, chosen.status, chosen.text
        )
    return [(Customer(**fields), sorted_by) for fields, sorted_by in map(apart, rows)]


async def accounts_page(database: Database, walk: ListWalk, chosen: AccountFilter) -> list[tuple[Account, str]]:
    """People, each with the text that they are sorted by: by email, name or createdAt."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            _ACCOUNTS, *walk.values, chosen.organization_id, chosen.only, chosen.role, chosen.text
        )
    return [(Account(**fields | {"role": Role(fields["role"])}), sorted_by) for fields, sorted_by in map(apart, rows)]


async def organizations_page(
    database: Database, walk: ListWalk, *, only: int | None, text: str | None
) -> list[tuple[ListedOrganization, str]]:
    """All organizations, or `only` the one with this number, with a part of their name; by name or createdAt."""
    async with database.connection() as connection:
        rows = await connection.fetch(_ORGANIZATIONS, *walk.values, only, text)
    return [(ListedOrganization(**fields), sorted_by) for fields, sorted_by in map(apart, rows)]


async def customer_public_ids(database: Database, organization_id: int, numbers: Collection[int]) -> dict[int, UUID]:
    """The public ids of these customers, by number; of all customers of the organization when none is named."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT id, public_id FROM customer WHERE organization_id = $1 AND ($2::bigint[] = '{}' OR id = ANY ($2))",
            organization_id,
            list(numbers),
        )
    return {row["id"]: row["public_id"] for row in rows}
