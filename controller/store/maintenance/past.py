"""Which monitors a window is for at this moment, and when it was under way, as it was written then."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from controller.store.platform.pool import Connection, Database


class MonitorOfWindow(NamedTuple):
    public_id: UUID
    name: str
    disabled: bool


class MonitorsOfWindow(NamedTuple):
    """How many there are, and the first of them by name."""

    number: int
    first: list[MonitorOfWindow]


class PastOccurrence(NamedTuple):
    """From when to when so many monitors were in maintenance by a window."""

    from_at: datetime
    to_at: datetime
    monitors: int


class PastMaintenance(NamedTuple):
    """From when to when a monitor was in maintenance by a window; it lasts while the end is None. `window` is its name
    and `window_id` its public id; both are None when it is gone, or is not for these people.
    """

    from_at: datetime
    to_at: datetime | None
    suspended: bool
    window: str | None
    window_id: UUID | None


async def maintenance_between(
    connection: Connection, monitor_id: int, since: datetime, until: datetime, customer_ids: frozenset[int] | None
) -> list[PastMaintenance]:
    """In order. People with access to some customers (`customer_ids`) see the names of windows of these only."""
    rows = await connection.fetch(
        """
        SELECT from_at, to_at, time.effect = 'suspend',
          visible.name, visible.public_id
        FROM maintenance_time AS time LEFT JOIN maintenance_window AS visible
          ON visible.id = window_id AND ($4::bigint[] IS NULL OR customer_id = ANY ($4))
        WHERE monitor_id = $1 AND from_at < $3 AND (to_at IS NULL OR to_at > $2)
        ORDER BY from_at, window_id
        """,
        monitor_id,
        since,
        until,
        None if customer_ids is None else sorted(customer_ids),
    )
    return [PastMaintenance(*row) for row in rows]


async def monitors_of_window(database: Database, window_id: int, at_most: int) -> MonitorsOfWindow:
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT public_id, name, status = 'disabled', count(*) OVER () AS number FROM monitor
            WHERE deleted_at IS NULL AND id IN (SELECT monitor_id FROM maintained_monitor WHERE window_id = $1)
            ORDER BY lower(name), id LIMIT $2
            """,
            window_id,
            at_most,
        )
    return MonitorsOfWindow(rows[0]["number"] if rows else 0, [MonitorOfWindow(*tuple(row)[:3]) for row in rows])


async def past_of_window(database: Database, window_id: int, at_most: int) -> list[PastOccurrence]:
    """The latest first. Monitors for which it began or ended at other moments are counted apart."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT from_at, to_at, count(*) FROM maintenance_time
            WHERE window_id = $1 AND to_at <= now()
            GROUP BY from_at, to_at ORDER BY from_at DESC, to_at DESC LIMIT $2
            """,
            window_id,
            at_most,
        )
    return [PastOccurrence(*row) for row in rows]
