"""Groups of recipients. Every read names an organization, so that no caller reaches another one by mistake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from controller.decisions.notification.recipient_groups import GroupOfMonitor
from controller.model.notification.recipients import GroupMonitor, GroupRecipient, RecipientGroup
from controller.store.platform.pool import Connection, Database

MOST = 1000
"""How many groups an organization may have."""

_READ = """
SELECT one.id, one.public_id, one.organization_id, one.name, one.is_default, one.extras, one.created_at, one.updated_at,
  coalesce((
    SELECT json_agg(
      json_build_object('id', monitor.id, 'public_id', monitor.public_id, 'name', monitor.name,
        'step_number', link.step_number)
      ORDER BY monitor.id
    )
    FROM recipient_group_monitor AS link JOIN monitor ON monitor.id = link.monitor_id
    WHERE link.group_id = one.id AND monitor.deleted_at IS NULL
  ), '[]') AS monitors,
  coalesce((
    SELECT json_agg(
      json_build_object('id', channel.id, 'public_id', channel.public_id, 'name', channel.name) ORDER BY channel.id
    )
    FROM recipient_group_channel AS link JOIN notification_channel AS channel ON channel.id = link.channel_id
    WHERE link.group_id = one.id
  ), '[]') AS recipients
FROM recipient_group AS one
WHERE one.organization_id = $1 AND ($2::bigint IS NULL OR one.id = $2)
  AND ($3::uuid IS NULL OR one.public_id = $3)
ORDER BY one.id
"""

_OF_MONITOR = """
SELECT
  EXISTS (SELECT FROM recipient_group_monitor WHERE group_id = one.id AND monitor_id = $2) AS contains_monitor,
  one.is_default,
  ARRAY(SELECT channel_id FROM recipient_group_channel WHERE group_id = one.id) AS channels,
  ARRAY(SELECT json_array_elements_text(one.extras -> 'errortypes')::int) AS error_types
FROM recipient_group AS one
WHERE one.organization_id = $1
  AND (one.is_default OR EXISTS (SELECT FROM recipient_group_monitor WHERE group_id = one.id AND monitor_id = $2))
"""


class NewGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A group as it shall be: `monitors` are step numbers by the numbers of monitors, `recipients` are channels."""

    name: str
    is_default: bool
    extras: dict[str, Any]
    monitors: Mapping[int, int]
    recipients: Sequence[int]


async def groups_of(database: Database, organization_id: int) -> list[RecipientGroup]:
    """Oldest first."""
    async with database.connection() as connection:
        rows = await connection.fetch(_READ, organization_id, None, None)
    return [_group(row) for row in rows]


async def by_id(database: Database, organization_id: int, group_id: int | UUID) -> RecipientGroup | None:
    number, public_id = (None, group_id) if isinstance(group_id, UUID) else (group_id, None)
    async with database.connection() as connection:
        row = await connection.fetchrow(_READ, organization_id, number, public_id)
    return _group(row) if row else None


async def lock(database: Database, organization_id: int) -> None:
    """Keep others from changing the organization's groups until the transaction ends."""
    async with database.connection() as connection:
        await connection.execute("SELECT FROM organization WHERE id = $1 FOR NO KEY UPDATE", organization_id)


async def insert(database: Database, organization_id: int, new: NewGroup) -> int | None:
    """The new group's number; None, and nothing stored, when the organization has MOST groups."""
    async with database.transaction() as connection:
        await _only_default(connection, organization_id, new)
        number: int | None = await connection.fetchval(
            """
            INSERT INTO recipient_group (organization_id, name, is_default, extras)
            SELECT $1, $2, $3, $4 WHERE (SELECT count(*) FROM recipient_group WHERE organization_id = $1) < $5
            RETURNING id
            """,
            organization_id,
            new.name,
            new.is_default,
            new.extras,
            MOST,
        )
        if number is not None:
            await _link(connection, number, new)
    return number


async def replace(database: Database, organization_id: int, group_id: int, new: NewGroup) -> bool:
    """False when there is no such group."""
    async with database.transaction() as connection:
        await _only_default(connection, organization_id, new)
        changed = await connection.fetchval(
            """
            UPDATE recipient_group SET name = $3, is_default = $4, extras = $5, updated_at = clock_timestamp()
            WHERE id = $1 AND organization_id = $2 RETURNING true
            """,
            group_id,
            organization_id,
            new.name,
            new.is_default,
            new.extras,
        )
        if changed:
            await connection.execute("DELETE FROM recipient_group_monitor WHERE group_id = $1", group_id)
            await connection.execute("DELETE FROM recipient_group_channel WHERE group_id = $1", group_id)
            await _link(connection, group_id, new)
    return changed is True


async def delete(database: Database, organization_id: int, group_id: int) -> bool:
    """False when there is no such group."""
    async with database.connection() as connection:
        deleted = await connection.fetchval(
            "DELETE FROM recipient_group WHERE id = $1 AND organization_id = $2 RETURNING true",
            group_id,
            organization_id,
        )
    return deleted is True


async def groups_deciding(connection: Connection, organization_id: int, monitor_id: int) -> list[GroupOfMonitor]:
    """The groups that contain the monitor, and the default group."""
    rows = await connection.fetch(_OF_MONITOR, organization_id, monitor_id)
    return [
        GroupOfMonitor(
            row["contains_monitor"], row["is_default"], frozenset(row["channels"]), frozenset(row["error_types"])
        )
        for row in rows
    ]


async def known_monitors(database: Database, organization_id: int, numbers: Sequence[int]) -> set[int]:
    """Those of these numbers that are monitors of the organization."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT id FROM monitor WHERE organization_id = $1 AND deleted_at IS NULL AND id = ANY ($2::bigint[])",
            organization_id,
            list(numbers),
        )
    return {row["id"] for row in rows}


async def known_channels(database: Database, organization_id: int, numbers: Sequence[int]) -> set[int]:
    """Those of these numbers that are channels of the organization or of a customer of it, which can be in groups."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT id FROM notification_channel
            WHERE organization_id = $1 AND monitor_id IS NULL AND NOT for_ops AND id = ANY ($2::bigint[])
            """,
            organization_id,
            list(numbers),
        )
    return {row["id"] for row in rows}


async def monitors_named(database: Database, organization_id: int, public_ids: Sequence[UUID]) -> dict[UUID, int]:
    """The numbers of those of the organization's monitors that have these ids."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT public_id, id FROM monitor
            WHERE organization_id = $1 AND deleted_at IS NULL AND public_id = ANY ($2::uuid[])
            """,
            organization_id,
            list(public_ids),
        )
    return {row["public_id"]: row["id"] for row in rows}


async def channels_named(database: Database, organization_id: int, public_ids: Sequence[UUID]) -> dict[UUID, int]:
    """The numbers of those channels that have these ids and can be in groups."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT public_id, id FROM notification_channel
            WHERE organization_id = $1 AND monitor_id IS NULL AND NOT for_ops AND public_id = ANY ($2::uuid[])
            """,
            organization_id,
            list(public_ids),
        )
    return {row["public_id"]: row["id"] for row in rows}


async def _only_default(connection: Connection, organization_id: int, new: NewGroup) -> None:
    """Of two default groups the later one stays the default."""
    if new.is_default:
        await connection.execute(
            "UPDATE recipient_group SET is_default = false WHERE organization_id = $1 AND is_default", organization_id
        )


async def _link(connection: Connection, group_id: int, new: NewGroup) -> None:
    await connection.execute(
        """
        INSERT INTO recipient_group_monitor (group_id, monitor_id, step_number)
        SELECT $1, monitor_id, step FROM unnest($2::bigint[], $3::int[]) AS one (monitor_id, step)
        WHERE EXISTS (SELECT FROM monitor WHERE id = monitor_id)
        """,
        group_id,
        list(new.monitors),
        list(new.monitors.values()),
    )
    await connection.execute(
        """
        INSERT INTO recipient_group_channel (group_id, channel_id)
        SELECT $1, channel_id FROM unnest($2::bigint[]) AS one (channel_id)
        WHERE EXISTS (SELECT FROM notification_channel WHERE id = channel_id)
        """,
        group_id,
        list(new.recipients),
    )


def _group(row: asyncpg.Record) -> RecipientGroup:
    return RecipientGroup(
        **{
            **row,
            "monitors": msgspec.convert(row["monitors"], list[GroupMonitor]),
            "recipients": msgspec.convert(row["recipients"], list[GroupRecipient]),
        }
    )
