"""Who made API tokens: only the audit log knows, for as long as it is kept."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from controller.model.audit import AuditAction
from controller.store.platform.pool import Database


async def makers_of_tokens(database: Database, organization_id: int, tokens: Collection[UUID]) -> dict[UUID, str]:
    """The name that each of these tokens' maker had then, by the token's public id; without those nobody knows of."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT object_id, actor_name FROM audit
            WHERE organization_id = $1 AND action = $2 AND object_id = ANY ($3::text[]) AND actor_name IS NOT NULL
            """,
            organization_id,
            AuditAction.TOKEN_CREATED.value,
            [str(token) for token in tokens],
        )
    return {UUID(row["object_id"]): row["actor_name"] for row in rows}


async def tokens_made_by(database: Database, organization_id: int, maker: UUID) -> list[str]:
    """The names of the tokens that this person made and that still work, the oldest first."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT api_token.name FROM audit JOIN api_token ON api_token.public_id::text = object_id
            WHERE audit.organization_id = $1 AND action = $2 AND actor_kind = 'person' AND actor_id = $3
              AND (expires_at IS NULL OR expires_at > now())
            ORDER BY at
            """,
            organization_id,
            AuditAction.TOKEN_CREATED.value,
            str(maker),
        )
    return [row["name"] for row in rows]
