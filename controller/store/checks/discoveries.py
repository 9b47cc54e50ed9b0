"""Discoveries, until they expire."""

from __future__ import annotations

from uuid import UUID

import msgspec

from controller.model.discoveries import Discovery, DiscoveryStep, ServerCandidate
from controller.store.platform.pool import Database

_EXPIRED_AT_ONCE = 1_000


class _StoredDiscovery(msgspec.Struct, frozen=True):
    candidates: list[ServerCandidate]
    steps: list[DiscoveryStep]


async def insert(database: Database, discovery: Discovery) -> None:
    """Raises StoreUnavailableError."""
    async with database.connection() as connection:
        await connection.execute(
            """
            INSERT INTO discovery (
              id, organization_id, token_id, account_id, address, found, created_at, expires_at
            ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            """,
            discovery.id,
            discovery.organization_id,
            discovery.token_id,
            discovery.account_id,
            discovery.address,
            msgspec.json.encode(_StoredDiscovery(discovery.candidates, discovery.steps)),
            discovery.created_at,
            discovery.expires_at,
        )


async def by_id(database: Database, discovery_id: UUID, organization_id: int | None) -> Discovery | None:
    """The discovery, unless it expired or is of another organization; None is any. Raises StoreUnavailableError."""
    async with database.connection() as connection:
        row = await connection.fetchrow(
            """
            SELECT id, organization_id, token_id, account_id, address, found, created_at, expires_at
            FROM discovery
            WHERE id = $1 AND ($2::bigint IS NULL OR organization_id = $2) AND expires_at > now()
            """,
            discovery_id,
            organization_id,
        )
    if row is None:
        return None
    fields = dict(row)
    found = msgspec.json.decode(fields.pop("found"), type=_StoredDiscovery)
    return Discovery(**fields, candidates=found.candidates, steps=found.steps)


async def forget_expired(database: Database) -> None:
    """Raises StoreUnavailableError."""
    async with database.connection() as connection:
        await connection.execute(
            """
            DELETE FROM discovery WHERE id IN (
              SELECT id FROM discovery WHERE expires_at <= now() LIMIT $1 FOR UPDATE SKIP LOCKED
            )
            """,
            _EXPIRED_AT_ONCE,
        )
