"""When windows are: their occurrences of the next 40 days, written ahead so that every controller decides alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from controller.decisions.maintenance.expansion import AHEAD, expanded
from controller.decisions.maintenance.occurrences import LONGEST, Timetable
from controller.model.maintenance import Recurrence, StoredOccurrence
from controller.store.platform.pool import Connection

_KEPT = LONGEST + timedelta(days=2)
"""How long occurrences that are over may be asked for: evidence is judged long before."""

_AGAIN = AHEAD - timedelta(days=2)
"""A window whose occurrences are stored for less than this is expanded again."""


async def expand(connection: Connection, number: int, now: datetime, tzdata: str, *, anew: bool = False) -> None:
    """Write the occurrences of a window, in the transaction that made or changed it. With `anew` its times changed."""
    row = await connection.fetchrow(
        "SELECT id, time_zone, starts_on, ends_on, recurrence, enabled FROM maintenance_window"
        " WHERE id = $1 FOR UPDATE",
        number,
    )
    if row is not None:
        await _expand(connection, row, now, tzdata, anew=anew)


async def expand_due(connection: Connection, now: datetime, tzdata: str, at_most: int) -> list[int]:
    """Expand windows whose occurrences end too soon, or were computed with another version of tzdata, and return their
    numbers. Windows that somebody changes at this moment are left for the next time.
    """
    rows = await connection.fetch(
        """
        SELECT id, time_zone, starts_on, ends_on, recurrence, enabled FROM maintenance_window
        WHERE enabled AND of_status IS NULL
          AND (expanded_until IS NULL OR expanded_until < $1 OR tzdata IS DISTINCT FROM $2)
        ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED
        """,
        now + _AGAIN,
        tzdata,
        at_most,
    )
    for row in rows:
        await _expand(connection, row, now, tzdata, anew=False)
    return [row["id"] for row in rows]


async def stored(connection: Connection, number: int, now: datetime) -> list[StoredOccurrence]:
    """A window's occurrences that are not over, and those that are over and were moved."""
    rows = await connection.fetch(
        """
        SELECT planned_at, from_at, to_at, moved FROM maintenance_occurrence
        WHERE window_id = $1 AND (to_at IS NULL OR to_at > $2 OR moved) ORDER BY from_at
        """,
        number,
        now,
    )
    return [StoredOccurrence(*row) for row in rows]


async def move(connection: Connection, number: int, moved: StoredOccurrence) -> None:
    """Give an occurrence other times, which it keeps."""
    await _write(connection, number, [moved._replace(moved=True)])


async def forget_past(connection: Connection, now: datetime) -> int:
    """Remove what is over for so long that nothing is judged by it any more. `maintenance_time` keeps what was."""
    removed: str = await connection.execute("DELETE FROM maintenance_occurrence WHERE to_at < $1", now - _KEPT)
    return int(removed.split()[-1])


async def _expand(connection: Connection, row: Any, now: datetime, tzdata: str, *, anew: bool) -> None:
    table = None
    if row["enabled"]:
        recurrence = msgspec.convert(row["recurrence"], Recurrence | None)
        table = Timetable(ZoneInfo(row["time_zone"]), row["starts_on"], row["ends_on"], recurrence)
    found = expanded(await stored(connection, row["id"], now), table, now, anew=anew)
    await connection.execute(
        "DELETE FROM maintenance_occurrence WHERE window_id = $1 AND (to_at IS NULL OR to_at > $2)", row["id"], now
    )
    await _write(connection, row["id"], found)
    await connection.execute(
        "UPDATE maintenance_window SET expanded_until = $2, tzdata = $3 WHERE id = $1", row["id"], now + AHEAD, tzdata
    )


async def _write(connection: Connection, number: int, found: Sequence[StoredOccurrence]) -> None:
    await connection.executemany(
        """
        INSERT INTO maintenance_occurrence (window_id, planned_at, from_at, to_at, moved) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (window_id, planned_at)
        DO UPDATE SET from_at = EXCLUDED.from_at, to_at = EXCLUDED.to_at, moved = EXCLUDED.moved
        """,
        [(number, *one) for one in found],
    )
