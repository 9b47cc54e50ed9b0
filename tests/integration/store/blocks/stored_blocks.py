"""Blocks stored as they are, without checks before, and what is stored of blocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from asyncpg import BitString

from controller.model import Monitor
from tests.integration.store.conftest import Store

MINUTE = timedelta(minutes=1)
_CHECKS = 4
_SHAPE = """
INSERT INTO result_shape AS old (monitor_id, hash, agent, phases, login_withheld, used_until)
VALUES ($3, sha256($1::text::bytea), $1, '{}', false, $2)
ON CONFLICT (monitor_id, hash) DO UPDATE SET used_until = GREATEST(old.used_until, $2) RETURNING id
"""
_BLOCK = """
INSERT INTO result_block (monitor_id, first_at, last_at, location_id, interval_ms, stride, checks, varied, indexed,
  delayed, ticks, shapes, gaps, varying, codes)
SELECT $1, $2, $3, min(id), 60000, 4, $4, 0, false, false, $5, ARRAY[$6::bigint], '{}', '', $7 FROM location
"""


async def block(store: Store, monitor: Monitor, first: datetime, *, shape: str = "agent-1") -> None:
    """Four checks, one a minute, of an hour that begins at `first`. The shape is named by its agent."""
    number: int = await store.value(_SHAPE, shape, first + 60 * MINUTE, monitor.id)
    last = first + (_CHECKS - 1) * MINUTE
    ticks = BitString.from_int((1 << _CHECKS) - 1, length=_CHECKS, bitorder="big", signed=False)
    await store.value(_BLOCK, monitor.id, first, last, _CHECKS, ticks, number, [0] * 4 * _CHECKS)


async def shapes(store: Store) -> list[str]:
    """Their names in order."""
    async with store.database.connection() as connection:
        return [row["agent"] for row in await connection.fetch("SELECT agent FROM result_shape ORDER BY agent")]


async def months_of_blocks(store: Store) -> list[date]:
    """Of which months there are partitions of blocks."""
    async with store.database.connection() as connection:
        rows = await connection.fetch(
            "SELECT relname FROM pg_class JOIN pg_inherits ON inhrelid = oid"
            " WHERE inhparent = 'result_block'::regclass ORDER BY relname"
        )
    return [datetime.strptime(row["relname"][-6:], "%Y%m").replace(tzinfo=UTC).date() for row in rows]
