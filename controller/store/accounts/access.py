"""The principals of many tokens, sessions and screens at once, to check again what open streams may read."""

from __future__ import annotations

from collections.abc import Collection

from controller.model import Principal
from controller.store.accounts import screens, sessions, tokens
from controller.store.platform.pool import Database


async def principals_of(database: Database, credentials: Collection[bytes]) -> dict[bytes, Principal]:
    """The principal by the SHA-256 of a token, of a session's secret or of a screen's token; those that are unknown,
    expired or revoked are left out. It counts as a use of a screen, and of nothing else. Raises StoreUnavailableError.
    """
    async with database.connection() as connection:
        of_tokens = await connection.fetch(
            "SELECT token_hash, id, organization_id, customer_id, kept_by, scope FROM api_token"
            " WHERE token_hash = ANY ($1::bytea[]) AND (expires_at IS NULL OR expires_at > now())",
            list(credentials),
        )
        of_sessions = await connection.fetch(
            "SELECT token_hash, account.id, organization_id, role, customer_ids"
            " FROM session JOIN account ON account.id = account_id"
            " WHERE token_hash = ANY ($1::bytea[]) AND idle_until > now() AND expires_at > now()",
            list(credentials),
        )
    found = await screens.principals_of_screens(database, credentials)
    found |= {row["token_hash"]: tokens.principal(row) for row in of_tokens}
    return found | {row["token_hash"]: sessions.principal(row) for row in of_sessions}
