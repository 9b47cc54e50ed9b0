"""When the verdict of each monitor changed, and to what; kept for VERDICT_DAYS."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from controller.model.retention import VERDICT_DAYS
from controller.store.platform.pool import Connection, Database


class StoredVerdict(NamedTuple):
    """The verdict from this moment on, until the next one."""

    at: datetime
    verdict: str
    reason: str


async def insert(
    connection: Connection, monitor: UUID, *, at: datetime, verdict: str, previous: str, reason: str
) -> None:
    """Record that the verdict of a monitor changed. A second change at the same moment replaces the first."""
    await connection.execute(
        """
        INSERT INTO verdict_change (monitor_id, at, verdict, previous, reason)
        SELECT id, $2, $3, $4, $5 FROM monitor WHERE public_id = $1
        ON CONFLICT (monitor_id, at) DO UPDATE SET verdict = EXCLUDED.verdict, reason = EXCLUDED.reason
        """,
        monitor,
        at,
        verdict,
        previous,
        reason,
    )


async def verdicts_since(
    connection: Connection, monitor_ids: Sequence[int], since: datetime
) -> dict[int, list[StoredVerdict]]:
    """The changes since then in order, preceded by the latest one before: that verdict held at `since`."""
    rows = await connection.fetch(
        """
        SELECT monitor_id, at, verdict, reason FROM verdict_change
        WHERE monitor_id = ANY ($1::bigint[]) AND at >= $2
        UNION ALL
        SELECT known.monitor_id, before.at, before.verdict, before.reason
        FROM unnest($1::bigint[]) AS known (monitor_id)
        CROSS JOIN LATERAL (
          SELECT at, verdict, reason FROM verdict_change
          WHERE verdict_change.monitor_id = known.monitor_id AND at < $2 ORDER BY at DESC LIMIT 1
        ) AS before
        ORDER BY monitor_id, at
        """,
        list(monitor_ids),
        since,
    )
    found: dict[int, list[StoredVerdict]] = defaultdict(list)
    for monitor_id, *change in rows:
        found[monitor_id].append(StoredVerdict(*change))
    return dict(found)


async def forget_old(database: Database) -> None:
    """Delete the changes that are older than VERDICT_DAYS, except the latest of each monitor.

    Raises StoreUnavailableError.
    """
    async with database.connection() as connection:
        await connection.execute(
            """
            DELETE FROM verdict_change AS old WHERE at < now() - $1::interval AND EXISTS (
              SELECT FROM verdict_change AS later WHERE later.monitor_id = old.monitor_id AND later.at > old.at
            )
            """,
            timedelta(days=VERDICT_DAYS),
        )
