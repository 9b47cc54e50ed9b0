"""How people of an organization log in, and when they last did something: beside their accounts, for lists of them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import msgspec

from controller.store.accounts.sessions import COOKIE_IDLE
from controller.store.platform.pool import Database


class Whereabouts(msgspec.Struct, frozen=True, kw_only=True):
    """`sessions` counts those that have not ended, `last_used_at` is the latest use of one of them in a browser;
    `signs_on`: a provider has signed the person in. `invited_until` is how long a login link is valid that nobody has
    used yet.
    """

    sessions: int
    last_used_at: datetime | None
    signs_on: bool
    invited_until: datetime | None


async def whereabouts_of(database: Database, account_ids: Collection[int]) -> dict[int, Whereabouts]:
    """Of each of these accounts, by its number."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT account.id, coalesce(open.sessions, 0) AS sessions, open.last_used_at,
              EXISTS (SELECT FROM sign_on_identity WHERE account_id = account.id) AS signs_on,
              (SELECT max(expires_at) FROM login_code WHERE account_id = account.id AND expires_at > now())
                AS invited_until
            FROM account LEFT JOIN (
              SELECT account_id, count(*) AS sessions,
                max(CASE WHEN cookie THEN greatest(created_at, idle_until - $2::interval) END) AS last_used_at
              FROM session WHERE account_id = ANY ($1::bigint[]) AND idle_until > now() AND expires_at > now()
              GROUP BY account_id
            ) AS open ON open.account_id = account.id
            WHERE account.id = ANY ($1::bigint[])
            """,
            list(account_ids),
            COOKIE_IDLE,
        )
    return {row["id"]: Whereabouts(**{name: row[name] for name in Whereabouts.__struct_fields__}) for row in rows}
