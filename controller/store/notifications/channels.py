"""Notification channels. Every read names an organization, so that no caller reaches another one by mistake."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec

from controller.model import Channel
from controller.store.platform.pool import Connection, Database

MOST = 1000
"""How many channels an organization may have."""

_ONE = """
SELECT channel.id, channel.public_id, channel.organization_id, channel.customer_id, channel.monitor_id, channel.type,
  channel.category, channel.name, channel.config, channel.priority, channel.delay_seconds, channel.conditions,
  channel.is_active, channel.allowed_package_types, channel.for_ops, channel.fact_changes, channel.created_at,
  channel.updated_at, channel.recipient, channel.quiet_hours, channel.digest, monitor.kind AS monitor_kind,
  monitor.public_id AS monitor_public_id,
  customer.public_id AS customer_public_id,
  coalesce(channel.customer_id, monitor.customer_id) AS owner_id
FROM notification_channel AS channel LEFT JOIN monitor ON monitor.id = channel.monitor_id
  LEFT JOIN customer ON customer.id = channel.customer_id
WHERE (channel.monitor_id IS NULL OR monitor.deleted_at IS NULL)
  AND (channel.id = $1 OR channel.public_id = $3) AND ($2::bigint IS NULL OR channel.organization_id = $2)
"""

_OF_ORGANIZATION = """
SELECT channel.id, channel.public_id, channel.organization_id, channel.customer_id, channel.monitor_id, channel.type,
  channel.category, channel.name, channel.config, channel.priority, channel.delay_seconds, channel.conditions,
  channel.is_active, channel.allowed_package_types, channel.for_ops, channel.fact_changes, channel.created_at,
  channel.updated_at, channel.recipient, channel.quiet_hours, channel.digest, monitor.kind AS monitor_kind,
  monitor.public_id AS monitor_public_id,
  customer.public_id AS customer_public_id,
  coalesce(channel.customer_id, monitor.customer_id) AS owner_id
FROM notification_channel AS channel LEFT JOIN monitor ON monitor.id = channel.monitor_id
  LEFT JOIN customer ON customer.id = channel.customer_id
WHERE (channel.monitor_id IS NULL OR monitor.deleted_at IS NULL)
  AND channel.organization_id = $1
  AND ($2::bigint[] IS NULL OR coalesce(channel.customer_id, monitor.customer_id) = ANY ($2))
  AND ($3::bigint IS NULL OR coalesce(channel.customer_id, monitor.customer_id) = $3)
  AND ($4::bigint IS NULL OR channel.monitor_id = $4 OR (
    channel.monitor_id IS NULL AND NOT channel.for_ops
    AND (channel.customer_id IS NULL OR channel.customer_id = (SELECT customer_id FROM monitor WHERE id = $4))
  ))
ORDER BY channel.priority, channel.id
"""

_FOR_OPS = """
SELECT channel.id, channel.public_id, channel.organization_id, channel.customer_id, channel.monitor_id, channel.type,
  channel.category, channel.name, channel.config, channel.priority, channel.delay_seconds, channel.conditions,
  channel.is_active, channel.allowed_package_types, channel.for_ops, channel.fact_changes, channel.created_at,
  channel.updated_at, channel.recipient, channel.quiet_hours, channel.digest, monitor.kind AS monitor_kind,
  monitor.public_id AS monitor_public_id,
  customer.public_id AS customer_public_id,
  coalesce(channel.customer_id, monitor.customer_id) AS owner_id
FROM notification_channel AS channel LEFT JOIN monitor ON monitor.id = channel.monitor_id
  LEFT JOIN customer ON customer.id = channel.customer_id
WHERE (channel.monitor_id IS NULL OR monitor.deleted_at IS NULL)
  AND channel.organization_id = (SELECT min(id) FROM organization) AND channel.for_ops AND channel.is_active
ORDER BY channel.priority, channel.id
"""


class NewChannel(msgspec.Struct, frozen=True, kw_only=True):
    """A channel before it has an id and timestamps."""

    organization_id: int
    customer_id: int | None = None
    monitor_id: int | None = None
    type: str
    category: str = ""
    name: str = ""
    config: dict[str, Any] = {}
    priority: int = 1
    delay_seconds: int = 0
    conditions: dict[str, Any] | None = None
    is_active: bool = True
    allowed_package_types: list[str] | None = None
    for_ops: bool = False
    fact_changes: list[str] = []
    recipient: dict[str, Any] | None = None
    quiet_hours: dict[str, Any] | None = None
    digest: dict[str, Any] | None = None


async def insert(database: Database, new: NewChannel) -> Channel | None:
    """None, and nothing stored, when the organization has MOST channels."""
    async with database.connection() as connection:
        row = await connection.fetchrow(
            """
            INSERT INTO notification_channel AS channel (organization_id, customer_id, monitor_id, type, category, name,
              config, priority, delay_seconds, conditions, is_active, allowed_package_types, for_ops,
              fact_changes, recipient, quiet_hours, digest)
            SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17
            WHERE (SELECT count(*) FROM notification_channel WHERE organization_id = $1) < $18
            RETURNING id, public_id, created_at, updated_at,
              (SELECT public_id FROM monitor WHERE monitor.id = channel.monitor_id) AS monitor_public_id,
              (SELECT public_id FROM customer WHERE customer.id = channel.customer_id) AS customer_public_id,
              (SELECT kind FROM monitor WHERE monitor.id = channel.monitor_id) AS monitor_kind,
              coalesce(channel.customer_id, (
                SELECT monitor.customer_id FROM monitor WHERE monitor.id = channel.monitor_id
              )) AS owner_id
            """,
            *msgspec.structs.astuple(new),
            MOST,
        )
    return Channel(**msgspec.structs.asdict(new), **row) if row else None


async def by_id(database: Database, organization_id: int | None, channel_id: int | UUID) -> Channel | None:
    """None also when the channel is another organization's than that one (None: every organization)."""
    async with database.connection() as connection:
        return await _fetch(connection, organization_id, channel_id)


async def locked(database: Database, channel_id: int) -> Channel | None:
    """The channel, whose row stays locked until the transaction ends; None when it does not exist."""
    async with database.connection() as connection:
        await connection.execute("SELECT FROM notification_channel WHERE id = $1 FOR UPDATE", channel_id)
        return await _fetch(connection, None, channel_id)


async def channels_of(
    database: Database,
    organization_id: int,
    *,
    customer_ids: frozenset[int] | None = None,
    customer_id: int | None = None,
    concerning_monitor_id: int | None = None,
) -> list[Channel]:
    """By priority, then oldest first.

    `customer_ids` restricts them to these customers' and their monitors' (None is no limit), `customer_id` to one
    customer's, and `concerning_monitor_id` to the channels for notifications of this monitor: its own, its customer's
    and the organization's.
    """
    async with database.connection() as connection:
        rows = await connection.fetch(
            _OF_ORGANIZATION,
            organization_id,
            None if customer_ids is None else sorted(customer_ids),
            customer_id,
            concerning_monitor_id,
        )
    return [Channel(**row) for row in rows]


async def change(
    database: Database, organization_id: int | None, channel_id: int, decide: Callable[[Channel], Channel]
) -> Channel | None:
    """Replace a channel by what `decide` makes of it, while its row is locked; None when it does not exist."""
    async with database.transaction() as connection:
        await connection.execute(
            """
            SELECT FROM notification_channel WHERE id = $1 AND ($2::bigint IS NULL OR organization_id = $2) FOR UPDATE
            """,
            channel_id,
            organization_id,
        )
        old = await _fetch(connection, organization_id, channel_id)
        if old is None:
            return None
        new = decide(old)
        changed_at = await connection.fetchval(
            """
            UPDATE notification_channel SET
              category = $2, name = $3, config = $4, priority = $5, delay_seconds = $6, conditions = $7,
              is_active = $8, allowed_package_types = $9, for_ops = $10, fact_changes = $11, recipient = $12,
              quiet_hours = $13, digest = $14,
              digest_due_at = CASE WHEN $15 THEN NULL ELSE digest_due_at END,
              digest_since = CASE WHEN $14::json IS NULL THEN NULL ELSE digest_since END,
              updated_at = clock_timestamp()
            WHERE id = $1 RETURNING updated_at
            """,
            new.id,
            new.category,
            new.name,
            new.config,
            new.priority,
            new.delay_seconds,
            new.conditions,
            new.is_active,
            new.allowed_package_types,
            new.for_ops,
            new.fact_changes,
            new.recipient,
            new.quiet_hours,
            new.digest,
            new.digest != old.digest,  # when it is due is decided again
        )
        if new.quiet_hours != old.quiet_hours:
            # What is held is decided again, by the new ones.
            await connection.execute(
                "UPDATE delivery SET held_until = now() WHERE channel_id = $1 AND state = 'held'", new.id
            )
    return msgspec.structs.replace(new, updated_at=changed_at)


async def delete(database: Database, channel_id: int) -> bool:
    """Sent notifications stay in the history; pending ones are skipped. False when the channel does not exist."""
    async with database.transaction() as connection:
        await connection.execute("SELECT FROM notification_channel WHERE id = $1 FOR UPDATE", channel_id)
        await connection.execute(
            """
            WITH skipped AS (
              UPDATE delivery SET state = 'skipped', error = 'the channel was deleted', claimed_until = NULL
              WHERE channel_id = $1 AND state IN ('waiting', 'held')
                AND (claimed_until IS NULL OR claimed_until <= now())
              RETURNING id, error
            )
            INSERT INTO delivery_attempt (delivery_id, error) SELECT id, error FROM skipped
            """,
            channel_id,
        )
        deleted = await connection.fetchval("DELETE FROM notification_channel WHERE id = $1 RETURNING true", channel_id)
    return deleted is True


async def for_ops(connection: Connection) -> list[Channel]:
    """The active channels for ops of the organization that runs the installation, which is the first one."""
    rows = await connection.fetch(_FOR_OPS)
    return [Channel(**row) for row in rows]


async def _fetch(connection: Connection, organization_id: int | None, channel_id: int | UUID) -> Channel | None:
    number, public_id = (None, channel_id) if isinstance(channel_id, UUID) else (channel_id, None)
    row = await connection.fetchrow(_ONE, number, organization_id, public_id)
    return Channel(**row) if row else None
