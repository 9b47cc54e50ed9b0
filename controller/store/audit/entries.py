"""Entries of the audit log. The database refuses to change them, and to remove them within AUDIT_DAYS."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from controller.model.audit import Actor, AuditAction, AuditEntry, AuditObject
from controller.store.platform.pool import Database


class Scope(msgspec.Struct, frozen=True):
    """Whose entries are read: of one organization, None is every one; and those of the installation."""

    organization_id: int | None
    installation: bool


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Only entries in this period (`until` is not in it) with these values. `actor` is an id or a name."""

    since: datetime | None = None
    until: datetime | None = None
    actor: str | None = None
    action: str | None = None
    object_kind: str | None = None
    object_id: str | None = None


async def insert(
    database: Database,
    actor: Actor,
    action: AuditAction,
    what: AuditObject,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> None:
    """Add an entry. The ids and names of people and tokens are those of now."""
    async with database.connection() as connection:
        await connection.execute(
            """
            INSERT INTO audit (organization_id, actor_kind, actor_id, actor_name, session, address, action, object_kind,
              object_id, object_name, before, after)
            SELECT $1, $2, coalesce(account.public_id::text, api_token.id::text),
              coalesce(account.email, api_token.name, $4), $5, $6, $7, $8, $9, $10, $11, $12
            FROM (SELECT) AS entry
            LEFT JOIN account ON $2 = 'person' AND account.id = $3::bigint
            LEFT JOIN api_token ON $2 = 'token' AND api_token.id = $3::bigint
            """,
            what.organization_id,
            actor.kind.value,
            actor.number,
            actor.name,
            actor.session,
            actor.address,
            action.value,
            what.kind.value,
            what.id,
            what.name,
            before,
            after,
        )


async def page_of(
    database: Database, scope: Scope, filters: AuditFilter, *, before: tuple[datetime, int] | None, limit: int
) -> list[AuditEntry]:
    """The newest first; only those older than the entry with that moment and id, when one is given."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT id, at, organization_id, actor_kind, actor_id, actor_name, session, address, action, object_kind,
              object_id, object_name, before, after
            FROM audit
            WHERE ($1::bigint IS NULL OR organization_id = $1 OR organization_id IS NULL)
              AND ($2 OR organization_id IS NOT NULL)
              AND ($3::timestamptz IS NULL OR at >= $3) AND ($4::timestamptz IS NULL OR at < $4)
              AND ($5::text IS NULL OR actor_id = $5 OR lower(actor_name) = lower($5))
              AND ($6::text IS NULL OR action = $6) AND ($7::text IS NULL OR object_kind = $7)
              AND ($8::text IS NULL OR object_id = $8)
              AND ($9::timestamptz IS NULL OR (at, id) < ($9, $10::bigint))
            ORDER BY at DESC, id DESC LIMIT $11
            """,
            scope.organization_id,
            scope.installation,
            filters.since,
            filters.until,
            filters.actor,
            filters.action,
            filters.object_kind,
            filters.object_id,
            before[0] if before else None,
            before[1] if before else None,
            limit,
        )
    return [AuditEntry(**row) for row in rows]


async def forget_old(database: Database) -> None:
    """Remove entries older than AUDIT_DAYS."""
    async with database.connection() as connection:
        await connection.execute("SELECT audit_forget_old()")
