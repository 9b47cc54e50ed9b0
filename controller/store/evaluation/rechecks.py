"""Pending rechecks. A row is created with the result that causes it, and removed when the broker has its checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from controller.decisions.evaluation.evaluate import PlannedRecheck
from controller.decisions.schedule.rounds import Recheck
from controller.store.platform.pool import Connection
from shared.epoch import to_datetime, to_ms


async def due_rechecks(connection: Connection, until_ms: int, *, at_most: int) -> list[Recheck]:
    """The rechecks due until that moment, the oldest first."""
    rows = await connection.fetch(
        "SELECT id, monitor_id, round_due_at, due_at, location_ids FROM recheck WHERE due_at <= $1"
        " ORDER BY due_at LIMIT $2",
        to_datetime(until_ms),
        at_most,
    )
    return [
        Recheck(number, monitor, to_ms(round_due), to_ms(due), locations)
        for number, monitor, round_due, due, locations in rows
    ]


async def remove_rechecks(connection: Connection, numbers: Sequence[int]) -> None:
    await connection.execute("DELETE FROM recheck WHERE id = ANY ($1::bigint[])", numbers)


async def insert_rechecks(connection: Connection, rounds_ms: Mapping[int, int], due_ms: int) -> None:
    """Have all locations of these monitors check again what the round due at that moment found."""
    if rounds_ms:
        await connection.execute(
            "INSERT INTO recheck (monitor_id, round_due_at, due_at)"
            " SELECT monitor_id, round_due_at, $3 FROM unnest($1::bigint[], $2::timestamptz[])"
            " AS again (monitor_id, round_due_at)",
            list(rounds_ms),
            [to_datetime(moment) for moment in rounds_ms.values()],
            to_datetime(due_ms),
        )


async def insert_regional_rechecks(
    connection: Connection, planned: Iterable[tuple[int, Sequence[PlannedRecheck]]]
) -> None:
    """Add the rechecks of these monitors that may confirm a regional outage."""
    rows = [
        (monitor_id, to_datetime(one.round_due_ms), to_datetime(one.due_ms), one.location_ids)
        for monitor_id, rechecks in planned
        for one in rechecks
    ]
    if rows:
        await connection.executemany(
            "INSERT INTO recheck (monitor_id, round_due_at, due_at, location_ids) VALUES ($1, $2, $3, $4)", rows
        )


async def withdraw_rechecks(connection: Connection, withdrawn: Iterable[tuple[int, Sequence[int]]]) -> None:
    """Remove the rechecks of these monitors due at these moments, as far as they were not dispatched. Local retries
    stay.
    """
    pairs = [(monitor_id, to_datetime(moment)) for monitor_id, moments in withdrawn for moment in moments]
    if pairs:
        await connection.execute(
            """
            DELETE FROM recheck USING unnest($1::bigint[], $2::timestamptz[]) AS withdrawn (monitor_id, due_at)
            WHERE recheck.monitor_id = withdrawn.monitor_id AND recheck.due_at = withdrawn.due_at AND NOT EXISTS (
              SELECT FROM retry WHERE retry.monitor_id = recheck.monitor_id AND retry.due_at = recheck.due_at
            )
            """,
            [monitor_id for monitor_id, _ in pairs],
            [moment for _, moment in pairs],
        )


async def insert_whole_recheck(connection: Connection, monitor_id: int, round_ms: int, due_ms: int) -> None:
    """Have all locations of a monitor check again at that moment, once however often this is called."""
    await connection.execute(
        """
        INSERT INTO recheck (monitor_id, round_due_at, due_at) SELECT $1, $2, $3
        WHERE NOT EXISTS (SELECT FROM recheck WHERE monitor_id = $1 AND due_at = $3 AND location_ids IS NULL)
        """,
        monitor_id,
        to_datetime(round_ms),
        to_datetime(due_ms),
    )
