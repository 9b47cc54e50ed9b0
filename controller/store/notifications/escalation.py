"""Which webhook channel an organization's escalation is, and how its last test went."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from controller.store.platform.pool import Connection


class EscalationConfigRow(msgspec.Struct, frozen=True, kw_only=True):
    """`channel_id` is None until there is a webhook; `prepared` is a part of its config, with secrets encrypted, that
    was set before. `cleared`: its URL was removed, and the channel is switched off.
    """

    id: int
    organization_id: int
    channel_id: int | None
    cleared: bool
    prepared: dict[str, Any]
    last_tested_at: datetime | None
    last_test_status: str | None
    last_test_error: str | None


async def escalation_of(connection: Connection, organization_id: int) -> EscalationConfigRow:
    """The organization's, which is made when there is none; its row stays locked until the transaction ends. It is the
    first webhook of the organization until another one is chosen.
    """
    await connection.execute(
        "INSERT INTO escalation_config (organization_id) VALUES ($1) ON CONFLICT DO NOTHING", organization_id
    )
    row = await connection.fetchrow(
        """
        SELECT id, organization_id, channel_id, cleared, prepared, last_tested_at, last_test_status, last_test_error
        FROM escalation_config WHERE organization_id = $1 FOR UPDATE
        """,
        organization_id,
    )
    assert row is not None  # noqa: S101 - it was just made
    found = EscalationConfigRow(**row)
    if found.channel_id is not None:
        return found
    first = await connection.fetchval(
        """
        SELECT id FROM notification_channel
        WHERE organization_id = $1 AND type = 'webhook' AND customer_id IS NULL AND monitor_id IS NULL AND NOT for_ops
        ORDER BY priority, id LIMIT 1
        """,
        organization_id,
    )
    if first is None:
        return msgspec.structs.replace(found, cleared=False)
    chosen = msgspec.structs.replace(found, channel_id=first, cleared=False, prepared={})
    await keep(connection, chosen)
    return chosen


async def keep(connection: Connection, row: EscalationConfigRow) -> None:
    """Store which channel it is, and what was prepared for one."""
    await connection.execute(
        "UPDATE escalation_config SET channel_id = $2, cleared = $3, prepared = $4 WHERE id = $1",
        row.id,
        row.channel_id,
        row.cleared,
        row.prepared,
    )


async def keep_test(connection: Connection, organization_id: int, at: datetime, error: str | None) -> None:
    """Store how a test went; `error` None is well."""
    await connection.execute(
        """
        UPDATE escalation_config
        SET last_tested_at = $2, last_test_status = CASE WHEN $3::text IS NULL THEN 'success' ELSE 'failed' END,
          last_test_error = $3
        WHERE organization_id = $1
        """,
        organization_id,
        at,
        error,
    )
