"""Roll-ups and blocks are stored in one partition a month: created ahead, and dropped as a whole when too old."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from controller.model.retention import DETAIL_DAYS
from controller.store.platform import locks
from controller.store.platform.partitions import AHEAD_DAYS
from controller.store.platform.pool import Connection, Database

ROLLUPS = ("rollup", "uptime")
BLOCKS = ("result_block",)
_TABLES = (*ROLLUPS, *BLOCKS)


async def make_months(db: Database, today: date) -> None:
    """From the oldest month with results to the month AHEAD_DAYS from today. Raises StoreUnavailableError."""
    last = _month(today + timedelta(days=AHEAD_DAYS))
    oldest = _month(today - timedelta(days=DETAIL_DAYS + 1))
    async with db.transaction() as connection:
        await connection.execute("SELECT pg_advisory_xact_lock($1)", locks.MONTHS)
        present = {name for name, _ in await _partitions(connection, _TABLES)}
        unfolded: datetime = await connection.fetchval("SELECT min(at) FROM fold_progress")
        since = {table: min(oldest, _month(unfolded.date())) if table in BLOCKS else oldest for table in _TABLES}
        for table in _TABLES:
            for month in _months(since[table], last):
                if _name(table, month) not in present:
                    # DDL takes no parameters; all values are made of digits here.
                    await connection.execute(
                        f"CREATE TABLE {_name(table, month)} PARTITION OF {table} "
                        f"FOR VALUES FROM ('{month} 00:00+00') TO ('{_next(month)} 00:00+00')"
                    )


async def drop_old_months(db: Database, first_kept: date, tables: Sequence[str] = ROLLUPS) -> list[str]:
    """Drop the partitions of earlier months; return the dropped tables. Raises StoreUnavailableError."""
    async with db.transaction() as connection:
        await connection.execute("SELECT pg_advisory_xact_lock($1)", locks.MONTHS)
        dropped = [name for name, month in await _partitions(connection, tables) if month < _month(first_kept)]
        for name in dropped:
            await connection.execute(f"DROP TABLE {name}")
    return dropped


async def months_before(connection: Connection, day: date) -> list[str]:
    """The tables that hold roll-ups of months that began earlier."""
    return [name for name, month in await _partitions(connection, ROLLUPS) if month < _month(day)]


async def blocks_before(connection: Connection, moment: datetime) -> list[str]:
    """The tables that may hold blocks that ended earlier."""
    return [name for name, month in await _partitions(connection, BLOCKS) if month <= moment.date()]


async def _partitions(connection: Connection, tables: Sequence[str]) -> list[tuple[str, date]]:
    rows = await connection.fetch(
        "SELECT child.relname AS name FROM pg_inherits"
        " JOIN pg_class child ON child.oid = inhrelid JOIN pg_class parent ON parent.oid = inhparent"
        " WHERE parent.relname = ANY($1::text[]) ORDER BY child.relname DESC",
        list(tables),
    )
    return [(row["name"], datetime.strptime(row["name"][-6:], "%Y%m").replace(tzinfo=UTC).date()) for row in rows]


def _name(table: str, month: date) -> str:
    return f"{table}_{month:%Y%m}"


def _months(first: date, last: date) -> list[date]:
    months = [first]
    while months[-1] < last:
        months.append(_next(months[-1]))
    return months


def _month(day: date) -> date:
    return day.replace(day=1)


def _next(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)
