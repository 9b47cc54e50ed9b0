"""Pages of API tokens, and one of them by its public id."""

from __future__ import annotations

from uuid import UUID

import msgspec

from controller.model import ApiToken, TokenScope
from controller.store.accounts.tokens import api_token
from controller.store.platform.pool import Database
from controller.store.platform.walks import ListWalk, apart

_TOKENS = """
WITH found AS (
  SELECT token.id, token.public_id, token.organization_id, token.customer_id, token.name, token.hint,
    token.last_used_at, token.expires_at, token.created_at, customer.name AS customer_name,
    customer.public_id AS customer_public_id,
    coalesce(token.scope, CASE WHEN token.customer_id IS NULL THEN 'admin' ELSE 'write' END) AS scope,
    CASE $1 WHEN 'name' THEN lower(token.name)
      ELSE to_char(token.created_at, 'YYYYMMDDHH24MISSMS') END COLLATE "C" AS sorted_by
  FROM api_token AS token LEFT JOIN customer ON customer.id = token.customer_id
  WHERE token.organization_id = $6 AND ($7::bigint[] IS NULL OR token.customer_id = ANY ($7))
    AND (NOT $8::boolean OR token.customer_id IS NOT NULL)
    AND ($9::uuid IS NULL OR token.public_id = $9) AND ($10::uuid IS NULL OR customer.public_id = $10)
)
SELECT * FROM found
WHERE ($11::text IS NULL OR scope = $11) AND ($3::text IS NULL
  OR CASE WHEN $2::boolean THEN (sorted_by, id) < ($3, $4::bigint) ELSE (sorted_by, id) > ($3, $4::bigint) END)
ORDER BY CASE WHEN NOT $2 THEN sorted_by END, CASE WHEN $2 THEN sorted_by END DESC, CASE WHEN $2 THEN -id ELSE id END
LIMIT $5
"""


class TokenFilter(msgspec.Struct, frozen=True, kw_only=True):
    """`customer_ids` restricts tokens to those of these customers (None is no limit); `customers_only` leaves out
    those of the organization itself. `customer` is the only customer to find tokens of.
    """

    organization_id: int
    customer_ids: frozenset[int] | None
    customers_only: bool
    customer: UUID | None = None
    scope: TokenScope | None = None


async def tokens_page(
    database: Database, walk: ListWalk, chosen: TokenFilter, *, public_id: UUID | None = None
) -> list[tuple[ApiToken, str]]:
    """Tokens, or the one with this public id, each with the text that it is sorted by: by name or createdAt."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            _TOKENS,
            *walk.values,
            chosen.organization_id,
            None if chosen.customer_ids is None else sorted(chosen.customer_ids),
            chosen.customers_only,
            public_id,
            chosen.customer,
            chosen.scope,
        )
    return [(api_token(fields), sorted_by) for fields, sorted_by in map(apart, rows)]


async def token_by_id(database: Database, number: int) -> ApiToken | None:
    async with database.connection() as connection:
        row = await connection.fetchrow(
            """
            SELECT id, public_id, organization_id, customer_id, name, scope, hint, last_used_at, expires_at, created_at,
              (SELECT name FROM customer WHERE customer.id = api_token.customer_id) AS customer_name,
              (SELECT public_id FROM customer WHERE customer.id = api_token.customer_id) AS customer_public_id
            FROM api_token WHERE id = $1
            """,
            number,
        )
    return api_token(row) if row else None
