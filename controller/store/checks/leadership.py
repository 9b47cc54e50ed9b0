"""Which controller schedules, and how far it has come: an advisory lock on a separate connection, an epoch, a
watermark.

The lock ends with the connection, so a leader that died is replaced at once. A frozen leader keeps the lock: a standby
ends its session when its heartbeat is overdue, and the epoch check rejects whatever it still writes afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING

import asyncpg

from controller.decisions.schedule.rounds import Recheck
from controller.decisions.schedule.suspension import Suspensions
from controller.model import GapReason
from controller.store.checks.dispatch import Expected, GapRange, insert_expected, insert_gap_ranges
from controller.store.evaluation.rechecks import due_rechecks, remove_rechecks
from controller.store.maintenance.suspended import suspensions
from controller.store.platform import locks
from controller.store.platform.pool import AWAY, Database, connect, unavailable
from shared.epoch import to_datetime, to_ms

if TYPE_CHECKING:
    from controller.store.platform.pool import Connection

STALE_SECONDS = 3.0
_CHANNEL = "mailprobe_change"
_SHARD = 0


class FencedError(Exception):
    """Another controller schedules now; the one that gets this error must stop."""


class Lead:
    """The right to schedule, as long as its connection lives and no other controller has taken it over."""

    def __init__(self, connection: asyncpg.Connection[asyncpg.Record], row: asyncpg.Record) -> None:
        self._connection = connection
        self._one_at_a_time = asyncio.Lock()
        self.epoch: int = row["epoch"]
        self.watermark_ms = to_ms(row["watermark"])
        self.planned_until_ms = to_ms(row["planned_until"])

    async def listen(self, on_change: Callable[[str, int], None]) -> None:
        """Call `on_change(table, id)` for each committed change of a monitor, location, customer or organization."""

        def forward(_connection: object, _backend: int, _channel: str, payload: object) -> None:
            table, _, number = str(payload).partition(":")
            on_change(table, int(number))

        async with self._fenced() as connection:
            await connection.add_listener(_CHANNEL, forward)

    async def plan(self, *, watermark_ms: int, planned_until_ms: int, expected: Sequence[Expected]) -> None:
        """Store the checks of all rounds until `planned_until_ms`, and that the broker has those until the watermark.
        Raises FencedError, StoreUnavailableError.
        """
        async with self._fenced() as connection, connection.transaction():
            await self._advance(connection, watermark_ms, planned_until_ms)
            await insert_expected(connection, expected)

    async def record_gaps(self, ranges: Mapping[GapReason, Sequence[GapRange]]) -> None:
        """Store gaps of rounds that are about to be given up (`skip`), for these reasons. The next leader may store
        them again, with a later end.

        Raises FencedError, StoreUnavailableError.
        """
        async with self._fenced() as connection, connection.transaction():
            await self._beat(connection)
            for reason, gaps in ranges.items():
                await insert_gap_ranges(connection, gaps, reason)

    async def skip(self, until_ms: int, uncertain: Sequence[Expected] = ()) -> None:
        """Give up all rounds until that moment that were not planned; `uncertain` checks may have been requested, or
        not.

        Raises FencedError, StoreUnavailableError.
        """
        async with self._fenced() as connection, connection.transaction():
            await self._advance(connection, until_ms, until_ms)
            await insert_expected(connection, uncertain)
        self.watermark_ms = self.planned_until_ms = until_ms

    async def due_rechecks(self, until_ms: int, *, at_most: int) -> list[Recheck]:
        """Raises StoreUnavailableError."""
        async with self._fenced() as connection:
            return await due_rechecks(connection, until_ms, at_most=at_most)

    async def remove_rechecks(self, numbers: Sequence[int]) -> None:
        """Remove rechecks that were published, or that are not needed. Raises StoreUnavailableError."""
        async with self._fenced() as connection:
            await remove_rechecks(connection, numbers)

    async def monitors_with_incident(self) -> frozenset[int]:
        """The ids of the monitors whose incident is open. Raises StoreUnavailableError."""
        async with self._fenced() as connection:
            rows = await connection.fetch("SELECT monitor_id FROM incident WHERE resolved_at IS NULL")
        return frozenset(row[0] for row in rows)

    async def suspensions(self, since_ms: int, until_ms: int) -> Suspensions:
        """When maintenance windows suspend checks between these moments. Raises StoreUnavailableError."""
        async with self._fenced() as connection:
            return await suspensions(connection, since_ms, until_ms)

    async def beat(self) -> None:
        """Record that the leader is alive. Raises FencedError, StoreUnavailableError."""
        async with self._fenced() as connection:
            await self._beat(connection)

    async def _beat(self, connection: Connection) -> None:
        _require_one_row(
            await connection.execute(
                "UPDATE schedule SET beat_at = clock_timestamp() WHERE shard = $1 AND epoch = $2", _SHARD, self.epoch
            )
        )

    async def _advance(self, connection: Connection, watermark_ms: int, planned_until_ms: int) -> None:
        _require_one_row(
            await connection.execute(
                "UPDATE schedule SET watermark = $3, planned_until = $4, beat_at = clock_timestamp()"
                " WHERE shard = $1 AND epoch = $2",
                _SHARD,
                self.epoch,
                to_datetime(watermark_ms),
                to_datetime(planned_until_ms),
            )
        )

    @asynccontextmanager
    async def _fenced(self) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
        async with self._one_at_a_time:
            try:
                yield self._connection
            except AWAY as error:
                raise unavailable(error) from error


def _require_one_row(status: str) -> None:
    if status != "UPDATE 1":
        raise FencedError


@asynccontextmanager
async def leadership(url: str, name: str, *, poll_seconds: float = 0.5) -> AsyncIterator[Lead]:
    """Wait until this process may schedule, then lead until the block ends. Raises StoreUnavailableError."""
    connection = await connect(url)
    try:
        try:
            while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", locks.LEADER):
                await _end_stale_session(connection)
                await asyncio.sleep(poll_seconds)
            row = await connection.fetchrow(
                "UPDATE schedule SET epoch = epoch + 1, leader = $2, leader_backend = pg_backend_pid(),"
                " beat_at = clock_timestamp() WHERE shard = $1 RETURNING epoch, watermark, planned_until",
                _SHARD,
                name,
            )
        except AWAY as error:
            raise unavailable(error) from error
        if row is None:
            raise LookupError("table schedule has no row")
        yield Lead(connection, row)
    finally:
        with suppress(*AWAY):
            await connection.close(timeout=2)


async def _end_stale_session(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """End the session that holds the lock when its leader has not recorded a heartbeat for STALE_SECONDS."""
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM schedule JOIN pg_locks ON pid = leader_backend"
        " WHERE shard = $1 AND locktype = 'advisory' AND classid = 0 AND objid = $2::bigint::oid AND granted"
        " AND beat_at < clock_timestamp() - make_interval(secs => $3)",
        _SHARD,
        locks.LEADER,
        STALE_SECONDS,
    )


async def watermark(db: Database) -> datetime:
    """The moment until which the broker has every check that was due. Raises StoreUnavailableError."""
    async with db.connection() as connection:
        moment: datetime = await connection.fetchval("SELECT watermark FROM schedule WHERE shard = $1", _SHARD)
    return moment
