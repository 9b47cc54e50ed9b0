"""Results and gaps are stored in one partition a day: created ahead, and dropped as a whole when they are too old."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from controller.model.retention import DETAIL_DAYS
from controller.store.platform import locks
from controller.store.platform.pool import Connection, Database

AHEAD_DAYS = 3
_TABLES = ("result", "gap")


async def make_partitions(db: Database, since: date, today: date) -> None:
    """Create the partitions of all days from `since` to AHEAD_DAYS from today. Raises StoreUnavailableError."""
    oldest = max(since, today - timedelta(days=DETAIL_DAYS))
    days = [oldest + timedelta(days=n) for n in range((today - oldest).days + AHEAD_DAYS + 1)]
    async with db.transaction() as connection:
        await connection.execute("SELECT pg_advisory_xact_lock($1)", locks.PARTITIONS)
        present = {name for name, _ in await _partitions(connection)}
        for table in _TABLES:
            for day in days:
                if _name(table, day) not in present:
                    # DDL takes no parameters; both values are made of digits here.
                    await connection.execute(
                        f"CREATE TABLE {_name(table, day)} PARTITION OF {table} "
                        f"FOR VALUES FROM ('{day} 00:00+00') TO ('{day + timedelta(days=1)} 00:00+00')"
                    )


async def drop_old_partitions(db: Database, today: date) -> list[str]:
    """Drop partitions older than DETAIL_DAYS, monitors deleted before that and agents long gone; return the dropped
    tables.
    """
    oldest = today - timedelta(days=DETAIL_DAYS)
    async with db.transaction() as connection:
        await connection.execute("SELECT pg_advisory_xact_lock($1)", locks.PARTITIONS)
        dropped = [name for name, day in await _partitions(connection) if day < oldest]
        for name in dropped:
            await connection.execute(f"DROP TABLE {name}")
        forgotten = await connection.fetch(
            "DELETE FROM monitor WHERE deleted_at < $1 RETURNING id", datetime.combine(oldest, datetime.min.time(), UTC)
        )
        for table in ("latest", "rollup", "uptime"):
            await connection.execute(
                f"DELETE FROM {table} WHERE monitor_id = ANY($1::bigint[])",  # noqa: S608 - constants only
                [row["id"] for row in forgotten],
            )
        await connection.execute(
            "DELETE FROM agent WHERE last_seen_at < now() - interval '1 day' AND EXISTS (SELECT FROM agent AS other"
            " WHERE other.location_id = agent.location_id AND other.last_seen_at > agent.last_seen_at)"
        )
    return dropped


async def _partitions(connection: Connection) -> list[tuple[str, date]]:
    rows = await connection.fetch(
        "SELECT child.relname AS name FROM pg_inherits"
        " JOIN pg_class child ON child.oid = inhrelid JOIN pg_class parent ON parent.oid = inhparent"
        " WHERE parent.relname = ANY($1::text[]) ORDER BY child.relname DESC",  # result before gap, as in ingest
        list(_TABLES),
    )
    return [(row["name"], datetime.strptime(row["name"][-8:], "%Y%m%d").replace(tzinfo=UTC).date()) for row in rows]


def _name(table: str, day: date) -> str:
    return f"{table}_{day:%Y%m%d}"
