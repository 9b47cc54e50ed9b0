"""Remove what one organization, or a customer's package, keeps no longer from partitions that others still need, a few
rows at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import NamedTuple

from controller.store.blocks.shapes import forget_shapes_of
from controller.store.platform import locks
from controller.store.platform.partitions import days_before
from controller.store.platform.pool import Connection, Database
from controller.store.rollups.months import blocks_before, months_before

ROWS_AT_ONCE = 5_000


class Removable(Enum):
    """What is removed, and the lock under which its partitions are dropped."""

    RESULTS = "results"
    ROLLUPS = "rollups"
    BLOCKS = "blocks"

    @property
    def lock(self) -> int:
        return locks.PARTITIONS if self is Removable.RESULTS else locks.MONTHS


_IS_REMOVED = {
    Removable.RESULTS: "SELECT results_removed_until >= $2 FROM retention WHERE organization_id = $1",
    Removable.ROLLUPS: "SELECT rollups_removed_until >= $2 FROM retention WHERE organization_id = $1",
    Removable.BLOCKS: "SELECT blocks_removed_until >= $2 FROM retention WHERE organization_id = $1",
}
_NOTE_REMOVED = {
    Removable.RESULTS: """
        UPDATE retention SET results_removed_until = GREATEST(results_removed_until, $2) WHERE organization_id = $1
        """,
    Removable.ROLLUPS: """
        UPDATE retention SET rollups_removed_until = GREATEST(rollups_removed_until, $2) WHERE organization_id = $1
        """,
    Removable.BLOCKS: """
        UPDATE retention SET blocks_removed_until = GREATEST(blocks_removed_until, $2) WHERE organization_id = $1
        """,
}

_CUSTOMER_IS_REMOVED = {
    Removable.RESULTS: "SELECT results_removed_until >= $2 FROM customer WHERE id = $1",
    Removable.ROLLUPS: "SELECT rollups_removed_until >= $2 FROM customer WHERE id = $1",
    Removable.BLOCKS: "SELECT blocks_removed_until >= $2 FROM customer WHERE id = $1",
}
_NOTE_CUSTOMER_REMOVED = {
    Removable.RESULTS: """
        UPDATE customer SET results_removed_until = GREATEST(results_removed_until, $2) WHERE id = $1
        """,
    Removable.ROLLUPS: """
        UPDATE customer SET rollups_removed_until = GREATEST(rollups_removed_until, $2) WHERE id = $1
        """,
    Removable.BLOCKS: """
        UPDATE customer SET blocks_removed_until = GREATEST(blocks_removed_until, $2) WHERE id = $1
        """,
}


class Overdue(NamedTuple):
    """All of one organization's results, roll-ups or blocks before this moment are to be removed, or those of one
    customer of it.
    """

    organization_id: int
    stored: Removable
    before: datetime
    customer_id: int | None = None


async def is_removed(connection: Connection, overdue: Overdue) -> bool:
    """Whether that was done before."""
    owner, statements = _owner(overdue, _IS_REMOVED, _CUSTOMER_IS_REMOVED)
    done: bool | None = await connection.fetchval(statements[overdue.stored], owner, overdue.before)
    return bool(done)


async def note_removed(connection: Connection, overdue: Overdue) -> None:
    owner, statements = _owner(overdue, _NOTE_REMOVED, _NOTE_CUSTOMER_REMOVED)
    await connection.execute(statements[overdue.stored], owner, overdue.before)


async def results_removed_until(connection: Connection) -> dict[int | None, datetime]:
    """The moments before which results were removed: of organizations, and of all (None)."""
    rows = await connection.fetch(
        "SELECT organization_id, results_removed_until FROM retention WHERE results_removed_until IS NOT NULL"
    )
    return {row["organization_id"]: row["results_removed_until"] for row in rows}


async def partitions_of(connection: Connection, overdue: Overdue) -> list[str]:
    """The tables that may hold some of it, as they are now."""
    match overdue.stored:
        case Removable.RESULTS:
            return await days_before(connection, overdue.before.date())
        case Removable.ROLLUPS:
            return await months_before(connection, overdue.before.date())
        case Removable.BLOCKS:
            return await blocks_before(connection, overdue.before)


async def monitors_of(connection: Connection, overdue: Overdue, after: int, limit: int) -> list[int]:
    """The monitors of the organization, or of its customer, in order, deleted ones included."""
    rows = await connection.fetch(
        """
        SELECT id FROM monitor
        WHERE organization_id = $1 AND ($4::bigint IS NULL OR customer_id = $4) AND id > $2 ORDER BY id LIMIT $3
        """,
        overdue.organization_id,
        after,
        limit,
        overdue.customer_id,
    )
    return [row["id"] for row in rows]


async def remove_some(db: Database, overdue: Overdue, table: str, monitor_ids: Sequence[int]) -> int | None:
    """Remove up to ROWS_AT_ONCE rows of these monitors from a partition; return how many, or None when another
    controller is removing. Raises StoreUnavailableError.
    """
    async with db.transaction() as connection:
        if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", locks.RETENTION):
            return None
        await connection.execute("SELECT pg_advisory_xact_lock_shared($1)", overdue.stored.lock)
        if await connection.fetchval("SELECT to_regclass($1) IS NULL", table):
            return 0  # it was dropped meanwhile
        removed: int = await connection.fetchval(
            _remove_blocks(table) if overdue.stored is Removable.BLOCKS else _remove_rows(table),
            list(monitor_ids),
            ROWS_AT_ONCE,
            *([overdue.before] if overdue.stored is Removable.BLOCKS else []),
        )
        if not removed and overdue.stored is Removable.BLOCKS:
            return await forget_shapes_of(connection, list(monitor_ids), overdue.before, ROWS_AT_ONCE)
    return removed


def _remove_rows(table: str) -> str:
    return f"""
        WITH removed AS (
          DELETE FROM {table} WHERE ctid = ANY (ARRAY(
            SELECT old.ctid FROM unnest($1::bigint[]) AS own (id)
            CROSS JOIN LATERAL (SELECT ctid FROM {table} WHERE monitor_id = own.id LIMIT $2) AS old
            LIMIT $2
          )) RETURNING 1
        )
        SELECT count(*)::integer FROM removed
        """  # noqa: S608 - the table's name is made of digits


def _remove_blocks(table: str) -> str:
    """No block is of two days, and the moment is a midnight. The last month's partition has later blocks, too."""
    return f"""
        WITH removed AS (
          DELETE FROM {table} WHERE ctid = ANY (ARRAY(
            SELECT old.ctid FROM unnest($1::bigint[]) AS own (id)
            CROSS JOIN LATERAL (SELECT ctid FROM {table} WHERE monitor_id = own.id AND last_at < $3 LIMIT $2) AS old
            LIMIT $2
          )) RETURNING 1
        )
        SELECT count(*)::integer FROM removed
        """  # noqa: S608 - the table's name is made of digits


def _owner(
    overdue: Overdue, of_organizations: Mapping[Removable, str], of_customers: Mapping[Removable, str]
) -> tuple[int, Mapping[Removable, str]]:
    """Whose it is, and which of the statements are about such an owner."""
    if overdue.customer_id is None:
        return overdue.organization_id, of_organizations
    return overdue.customer_id, of_customers
