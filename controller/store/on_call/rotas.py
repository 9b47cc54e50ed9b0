"""Rotas: their calendars as they were read last, and their overrides."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from controller.decisions.access import customers_within
from controller.model import Role
from controller.model.notification.on_call import (
    NamedChannel,
    OnCallPerson,
    Rota,
    RotaEvent,
    RotaOverride,
    SkippedEntry,
)
from controller.store.platform.pool import Connection, Database

MOST_FETCHED = 20

_ROTAS = """
SELECT id, public_id, organization_id, name, host, events, skipped, fetched_at, failing_since, problem, created_at,
  updated_at
FROM rota WHERE organization_id = $1 AND ($2::uuid IS NULL OR public_id = $2) AND ($3::bigint IS NULL OR id = $3)
ORDER BY lower(name), id
"""
_OVERRIDES = """
SELECT one.id, one.public_id, from_at, to_at, account.id AS account_id, account.public_id AS account_public_id,
  account.email, account.role, account.customer_ids, channel.id AS channel_id, channel.public_id AS channel_public_id,
  channel.name, channel.type
FROM rota_override AS one LEFT JOIN account ON account.id = account_id
LEFT JOIN notification_channel AS channel ON channel.id = channel_id
WHERE rota_id = $1 AND ($2::timestamptz IS NULL OR to_at > $2) AND ($3::uuid IS NULL OR one.public_id = $3)
ORDER BY from_at, one.id
"""


class RotaNameTakenError(Exception):
    """The organization has a rota of this name."""


class ToFetch(NamedTuple):
    """A rota whose calendar is to be read. `url` is encrypted."""

    id: int
    organization_id: int
    name: str
    url: str
    time_zone: str


class Failing(NamedTuple):
    """Since when a rota's calendar cannot be read, and when its organization was told so."""

    failing_since: datetime | None
    warned_at: datetime | None


async def rotas_of(
    connection: Connection, organization_id: int, *, public_id: UUID | None = None, number: int | None = None
) -> list[Rota]:
    """By name; or the one with this public id or number."""
    rows = await connection.fetch(_ROTAS, organization_id, public_id, number)
    return [_rota(dict(row)) for row in rows]


async def insert(connection: Connection, organization_id: int, name: str, url: str | None, host: str | None) -> UUID:
    """Its calendar is read soon. Raises RotaNameTakenError."""
    try:
        made: UUID = await connection.fetchval(
            "INSERT INTO rota (organization_id, name, config, host, fetch_at)"
            " VALUES ($1, $2, $3, $4, CASE WHEN $4::text IS NULL THEN NULL ELSE now() END) RETURNING public_id",
            organization_id,
            name,
            _config(url),
            host,
        )
    except asyncpg.UniqueViolationError as error:
        raise RotaNameTakenError from error
    return made


async def rename(connection: Connection, rota_id: int, name: str) -> None:
    """Raises RotaNameTakenError."""
    try:
        await connection.execute(
            "UPDATE rota SET name = $2, updated_at = clock_timestamp() WHERE id = $1", rota_id, name
        )
    except asyncpg.UniqueViolationError as error:
        raise RotaNameTakenError from error


async def set_url(connection: Connection, rota_id: int, url: str | None, host: str | None) -> None:
    """Another calendar, which is read soon, or none. What the earlier one said is forgotten."""
    await connection.execute(
        """
        UPDATE rota SET config = $2, host = $3, events = '[]', skipped = '[]', fetched_at = NULL, failing_since = NULL,
          problem = NULL, warned_at = NULL, fetch_at = CASE WHEN $3::text IS NULL THEN NULL ELSE now() END,
          updated_at = clock_timestamp()
        WHERE id = $1
        """,
        rota_id,
        _config(url),
        host,
    )


async def delete(connection: Connection, rota_id: int) -> None:
    await connection.execute("DELETE FROM rota WHERE id = $1", rota_id)


async def overrides_of(
    connection: Connection, rota_id: int, *, since: datetime | None = None, public_id: UUID | None = None
) -> list[RotaOverride]:
    """By their beginnings: those that are not over at `since`, or the one with this public id."""
    return [_override(row) for row in await connection.fetch(_OVERRIDES, rota_id, since, public_id)]


async def insert_override(
    connection: Connection,
    rota_id: int,
    from_at: datetime,
    to_at: datetime,
    *,
    account_id: int | None,
    channel_id: int | None,
) -> UUID:
    made: UUID = await connection.fetchval(
        "INSERT INTO rota_override (rota_id, from_at, to_at, account_id, channel_id) VALUES ($1, $2, $3, $4, $5)"
        " RETURNING public_id",
        rota_id,
        from_at,
        to_at,
        account_id,
        channel_id,
    )
    return made


async def delete_override(connection: Connection, override_id: int) -> None:
    await connection.execute("DELETE FROM rota_override WHERE id = $1", override_id)


async def forget_overrides(database: Database, *, older_than: timedelta) -> None:
    """Remove those that have been over for so long. Raises StoreUnavailableError."""
    async with database.connection() as connection:
        await connection.execute("DELETE FROM rota_override WHERE to_at < now() - $1::interval", older_than)


async def claim_fetches(database: Database, *, every: timedelta) -> list[ToFetch]:
    """Rotas whose calendars are due, at most MOST_FETCHED; each is due again after `every`. Raises
    StoreUnavailableError.
    """
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            UPDATE rota SET fetch_at = now() + $1::interval FROM organization
            WHERE organization.id = rota.organization_id AND rota.host IS NOT NULL AND rota.id IN (
              SELECT id FROM rota WHERE fetch_at <= now() ORDER BY fetch_at LIMIT $2 FOR UPDATE SKIP LOCKED
            )
            RETURNING rota.id, rota.organization_id, rota.name, rota.config ->> 'urlSecret', organization.time_zone
            """,
            every,
            MOST_FETCHED,
        )
    return [ToFetch(*row) for row in rows]


async def fetched(
    connection: Connection, one: ToFetch, events: Sequence[RotaEvent], skipped: Sequence[SkippedEntry]
) -> Failing | None:
    """Keep what was read, if the rota still has this calendar; return how it was before."""
    row = await connection.fetchrow(
        "SELECT failing_since, warned_at FROM rota WHERE id = $1 AND config ->> 'urlSecret' = $2 FOR UPDATE",
        one.id,
        one.url,
    )
    if row is None:
        return None
    await connection.execute(
        "UPDATE rota SET events = $2, skipped = $3, fetched_at = now(), failing_since = NULL, problem = NULL,"
        " warned_at = NULL WHERE id = $1",
        one.id,
        msgspec.to_builtins(list(events)),
        msgspec.to_builtins(list(skipped)),
    )
    return Failing(*row)


async def failed(connection: Connection, one: ToFetch, problem: str) -> Failing | None:
    """Note that it could not be read, if the rota still has this calendar; return since when."""
    row = await connection.fetchrow(
        "UPDATE rota SET failing_since = COALESCE(failing_since, now()), problem = $3"
        " WHERE id = $1 AND config ->> 'urlSecret' = $2 RETURNING failing_since, warned_at",
        one.id,
        one.url,
        problem,
    )
    return Failing(*row) if row else None


async def warned(connection: Connection, rota_id: int) -> None:
    await connection.execute("UPDATE rota SET warned_at = now() WHERE id = $1", rota_id)


def _config(url: str | None) -> dict[str, Any]:
    """Under a name by which the vault knows what is encrypted."""
    return {} if url is None else {"urlSecret": url}


def _rota(row: dict[str, Any]) -> Rota:
    events = msgspec.convert(row["events"], tuple[RotaEvent, ...])
    skipped = msgspec.convert(row["skipped"], tuple[SkippedEntry, ...])
    return Rota(**{**row, "events": events, "skipped": skipped})


def _override(row: Any) -> RotaOverride:
    person = channel = None
    if row["account_id"] is not None:
        limits = customers_within(Role(row["role"]), row["customer_ids"])
        person = OnCallPerson(row["account_id"], row["account_public_id"], row["email"], limits)
    if row["channel_id"] is not None:
        channel = NamedChannel(row["channel_id"], row["channel_public_id"], row["name"], row["type"])
    return RotaOverride(
        id=row["id"],
        public_id=row["public_id"],
        from_at=row["from_at"],
        to_at=row["to_at"],
        person=person,
        channel=channel,
    )
