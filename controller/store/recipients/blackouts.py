"""Times at which a recipient hears nothing, and what its settings are when a message is about to be sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from controller.model.notification.recipients import RecipientBlackout
from controller.store.platform.pool import Database

MOST = 1000
"""How many an organization may have."""

_READ = """
SELECT one.id, one.organization_id, one.channel_id, channel.name AS channel_name,
  coalesce(channel.customer_id, (SELECT customer_id FROM monitor WHERE monitor.id = channel.monitor_id)) AS owner_id,
  one.time_zone, one.starts_on AS start, one.ends_on AS "end", one.weekly, one.note, account.email AS made_by,
  one.created_at
FROM recipient_blackout AS one JOIN notification_channel AS channel ON channel.id = one.channel_id
  LEFT JOIN account ON account.id = one.made_by
WHERE one.organization_id = $1 AND ($2::bigint IS NULL OR one.id = $2)
  AND ($3::bigint[] IS NULL OR one.channel_id = ANY ($3))
ORDER BY one.id
"""


class NewBlackout(msgspec.Struct, frozen=True, kw_only=True):
    channel_id: int
    time_zone: str
    start: datetime
    end: datetime
    weekly: bool
    note: str


async def blackouts_of(
    database: Database, organization_id: int, channels: Sequence[int] | None = None
) -> list[RecipientBlackout]:
    """Oldest first; of these channels, or of all."""
    async with database.connection() as connection:
        rows = await connection.fetch(_READ, organization_id, None, None if channels is None else list(channels))
    return [RecipientBlackout(**row) for row in rows]


async def by_id(database: Database, organization_id: int, number: int) -> RecipientBlackout | None:
    async with database.connection() as connection:
        row = await connection.fetchrow(_READ, organization_id, number, None)
    return RecipientBlackout(**row) if row else None


async def lock(database: Database, number: int) -> None:
    """Keep others from changing it until the transaction ends."""
    async with database.connection() as connection:
        await connection.execute("SELECT FROM recipient_blackout WHERE id = $1 FOR UPDATE", number)


async def insert(database: Database, organization_id: int, new: NewBlackout, made_by: int | None) -> int | None:
    """The new one's number; None, and nothing stored, when the organization has MOST of them."""
    async with database.connection() as connection:
        number: int | None = await connection.fetchval(
            """
            INSERT INTO recipient_blackout (channel_id, time_zone, starts_on, ends_on, weekly, note, organization_id,
              made_by)
            SELECT $1, $2, $3, $4, $5, $6, $7, $8
            WHERE (SELECT count(*) FROM recipient_blackout WHERE organization_id = $7) < $9
            RETURNING id
            """,
            *msgspec.structs.astuple(new),
            organization_id,
            made_by,
            MOST,
        )
    return number


async def replace(database: Database, organization_id: int, number: int, new: NewBlackout) -> bool:
    async with database.connection() as connection:
        changed = await connection.fetchval(
            """
            UPDATE recipient_blackout SET channel_id = $3, time_zone = $4, starts_on = $5, ends_on = $6, weekly = $7,
              note = $8
            WHERE id = $1 AND organization_id = $2 RETURNING true
            """,
            number,
            organization_id,
            *msgspec.structs.astuple(new),
        )
    return changed is True


async def delete(database: Database, organization_id: int, number: int) -> bool:
    async with database.connection() as connection:
        deleted = await connection.fetchval(
            "DELETE FROM recipient_blackout WHERE id = $1 AND organization_id = $2 RETURNING true",
            number,
            organization_id,
        )
    return deleted is True


async def settings_of(database: Database, channel_id: int) -> dict[str, Any] | None:
    """What only AlertSite's API says of a channel, as it is stored."""
    async with database.connection() as connection:
        settings: dict[str, Any] | None = await connection.fetchval(
            "SELECT recipient FROM notification_channel WHERE id = $1", channel_id
        )
    return settings
