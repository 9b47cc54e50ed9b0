"""Entries of the audit log. The database refuses to change them, and to remove them within AUDIT_DAYS."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from controller.model.audit import Actor, AuditAction, AuditEntry, AuditObject
from controller.off_loop import off_loop
from controller.store.platform.pool import Connection, Database


class Scope(msgspec.Struct, frozen=True):
    """Whose entries are read: of one organization, None is every one; and those of the installation."""

    organization_id: int | None
    installation: bool


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Only entries in this period (`until` is not in it) with these values. `actor` is an id or a name. `text` is part
    of the name of the actor or of the object, or of the action, with its dots and underscores or with spaces for them;
    in upper or lower case.
    """

    since: datetime | None = None
    until: datetime | None = None
    actor: str | None = None
    action: str | None = None
    object_kind: str | None = None
    object_id: str | None = None
    text: str | None = None


class NewEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of one object. `before` and `after` hold the fields that changed, without secrets."""

    action: AuditAction
    what: AuditObject
    before: dict[str, Any] | None
    after: dict[str, Any] | None


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
            SELECT $1, $2, coalesce(account.public_id::text, api_token.public_id::text),
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


async def insert_many(database: Database, actor: Actor, entries: Sequence[NewEntry]) -> None:
    """Add entries of one actor, by one statement."""
    rows = await off_loop(_rows, entries)
    async with database.connection() as connection:
        await connection.execute(
            """
            INSERT INTO audit (organization_id, actor_kind, actor_id, actor_name, session, address, action, object_kind,
              object_id, object_name, before, after)
            SELECT entry.organization_id, $1, coalesce(account.public_id::text, api_token.public_id::text),
              coalesce(account.email, api_token.name, $3), $4, $5, action, object_kind, object_id, object_name, before,
              after
            FROM json_to_recordset($6::text::json) AS entry (
              organization_id bigint, action text, object_kind text, object_id text, object_name text, before json,
              after json
            )
            LEFT JOIN account ON $1 = 'person' AND account.id = $2::bigint
            LEFT JOIN api_token ON $1 = 'token' AND api_token.id = $2::bigint
            """,
            actor.kind.value,
            actor.number,
            actor.name,
            actor.session,
            actor.address,
            rows,
        )


def _rows(entries: Sequence[NewEntry]) -> str:
    """As JSON."""
    rows = [
        {
            "organization_id": one.what.organization_id,
            "action": one.action,
            "object_kind": one.what.kind,
            "object_id": one.what.id,
            "object_name": one.what.name,
            "before": one.before,
            "after": one.after,
        }
        for one in entries
    ]
    return msgspec.json.encode(rows).decode()


async def actor_id(connection: Connection, actor: Actor) -> str | None:
    """The public id of a person or of a token, as in entries; None for a command."""
    found: str | None = await connection.fetchval(
        """
        SELECT coalesce(account.public_id::text, api_token.public_id::text)
        FROM (SELECT) AS entry
        LEFT JOIN account ON $1 = 'person' AND account.id = $2::bigint
        LEFT JOIN api_token ON $1 = 'token' AND api_token.id = $2::bigint
        """,
        actor.kind.value,
        actor.number,
    )
    return found


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
              AND ($11::text IS NULL OR strpos(lower(actor_name), lower($11)) > 0
                OR strpos(lower(object_name), lower($11)) > 0 OR strpos(action, lower($11)) > 0
                OR strpos(translate(action, '._', '  '), lower($11)) > 0)
            ORDER BY at DESC, id DESC LIMIT $12
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
            filters.text,
            limit,
        )
    return [AuditEntry(**row) for row in rows]


async def forget_old(database: Database) -> None:
    """Remove entries older than AUDIT_DAYS."""
    async with database.connection() as connection:
        await connection.execute("SELECT audit_forget_old()")
