"""Where a server dislikes one of our locations while others pass: noted by the judge, shown to ops."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from controller.decisions.evaluation.quorum import REFUSALS
from controller.store.platform.pool import Connection, Database
from shared.wire.failures import Failure
from shared.wire.rounds import to_datetime

RUN_HOURS = 6
"""A run of such looks has ended when there was none for so long."""


class Dislike(NamedTuple):
    """In the look due then, a location was refused by a server that others could use."""

    monitor_id: int
    location_id: int
    due_ms: int
    failure: Failure


class ProbeProblem(NamedTuple):
    """A run of such looks, from the first to the latest so far. It `lasts` when the location's latest check of the
    monitor met it again. `of` is how many there are at this location, shown or not.
    """

    location_id: int
    monitor_id: int
    monitor_public_id: UUID
    monitor_name: str
    monitor_kind: str
    kind: str
    detail: str
    first_at: datetime
    last_at: datetime
    looks: int
    lasts: bool
    of: int


async def note(connection: Connection, dislikes: Iterable[Dislike]) -> None:
    """In the order of their looks."""
    await connection.executemany(
        f"""
        INSERT INTO probe_problem AS old (monitor_id, location_id, kind, detail, first_at, last_at)
        VALUES ($1, $2, $3, $4, $5, $5)
        ON CONFLICT (monitor_id, location_id) DO UPDATE SET kind = EXCLUDED.kind, detail = EXCLUDED.detail,
          last_at = EXCLUDED.last_at,
          first_at = CASE WHEN old.last_at < EXCLUDED.last_at - interval '{RUN_HOURS} hours'
            THEN EXCLUDED.first_at ELSE old.first_at END,
          looks = CASE WHEN old.last_at < EXCLUDED.last_at - interval '{RUN_HOURS} hours' THEN 1 ELSE old.looks + 1 END
        """,  # noqa: S608 - constants only
        [
            (one.monitor_id, one.location_id, one.failure.kind.value, one.failure.detail, to_datetime(one.due_ms))
            for one in dislikes
        ],
    )


async def forget_old(db: Database) -> None:
    """Runs that have ended. Raises StoreUnavailableError."""
    async with db.connection() as connection:
        await connection.execute(
            f"DELETE FROM probe_problem WHERE last_at < now() - interval '{RUN_HOURS} hours'"  # noqa: S608
        )


async def current(
    connection: Connection, *, organization_id: int | None, customer_ids: Iterable[int] | None, most: int
) -> list[ProbeProblem]:
    """Of each location the latest so many that have not ended, newest first, of the monitors of this organization and
    these customers; None is any.
    """
    rows = await connection.fetch(
        f"""
        SELECT location_id, monitor_id, public_id, name, kind, failure_kind, detail, first_at, last_at, looks, lasts, of
        FROM (
          SELECT problem.location_id, monitor.id AS monitor_id, monitor.public_id, monitor.name, monitor.kind,
            problem.kind AS failure_kind, problem.detail, problem.first_at, problem.last_at, problem.looks,
            COALESCE(latest.failure_kind = ANY ($3::text[]), false) AS lasts,
            count(*) OVER (PARTITION BY problem.location_id) AS of,
            row_number() OVER (PARTITION BY problem.location_id ORDER BY problem.last_at DESC, monitor.id) AS place
          FROM probe_problem AS problem JOIN monitor ON monitor.id = problem.monitor_id
          LEFT JOIN latest ON latest.monitor_id = problem.monitor_id AND latest.location_id = problem.location_id
          WHERE problem.last_at > now() - interval '{RUN_HOURS} hours' AND monitor.deleted_at IS NULL
            AND ($1::bigint IS NULL OR monitor.organization_id = $1)
            AND ($2::bigint[] IS NULL OR monitor.customer_id = ANY ($2))
        ) AS found
        WHERE place <= $4 ORDER BY location_id, place
        """,  # noqa: S608 - constants only
        organization_id,
        None if customer_ids is None else list(customer_ids),
        [kind.value for kind in REFUSALS],
        most,
    )
    return [ProbeProblem(*row) for row in rows]
