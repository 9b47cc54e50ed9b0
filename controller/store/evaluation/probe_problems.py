"""Servers that refuse one of our locations while others pass: recorded by the evaluator, shown to ops."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from controller.decisions.evaluation.refusals import REFUSALS
from controller.store.platform.pool import Connection, Database
from shared.epoch import to_datetime
from shared.wire.failures import Failure

RUN_HOURS = 6
"""A run of refusals has ended when there was none for this long."""


class ProbeRefusal(NamedTuple):
    """In the evaluation due then, a location was refused by a server that others could use."""

    monitor_id: int
    location_id: int
    due_ms: int
    failure: Failure


class ProbeProblem(NamedTuple):
    """A run of refusals, from the first to the latest so far. It `lasts` when the location's latest check of the
    monitor was refused too. `total` is how many problems this location has, shown or not.
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
    evaluations: int
    lasts: bool
    total: int


async def note(connection: Connection, refusals: Iterable[ProbeRefusal]) -> None:
    """Record refusals in the order of their evaluations."""
    await connection.executemany(
        """
        INSERT INTO probe_problem AS old (monitor_id, location_id, kind, detail, first_at, last_at)
        VALUES ($1, $2, $3, $4, $5, $5)
        ON CONFLICT (monitor_id, location_id) DO UPDATE SET kind = EXCLUDED.kind, detail = EXCLUDED.detail,
          last_at = EXCLUDED.last_at,
          first_at = CASE WHEN old.last_at < EXCLUDED.last_at - make_interval(hours => $6)
            THEN EXCLUDED.first_at ELSE old.first_at END,
          evaluations = CASE WHEN old.last_at < EXCLUDED.last_at - make_interval(hours => $6)
            THEN 1 ELSE old.evaluations + 1 END
        """,
        [
            (
                one.monitor_id,
                one.location_id,
                one.failure.kind.value,
                one.failure.detail,
                to_datetime(one.due_ms),
                RUN_HOURS,
            )
            for one in refusals
        ],
    )


async def forget_old(db: Database) -> None:
    """Delete runs that have ended. Raises StoreUnavailableError."""
    async with db.connection() as connection:
        await connection.execute(
            "DELETE FROM probe_problem WHERE last_at < now() - make_interval(hours => $1)", RUN_HOURS
        )


async def current(
    connection: Connection, *, organization_id: int | None, customer_ids: Iterable[int] | None, most: int
) -> list[ProbeProblem]:
    """The latest problems of each location that have not ended, `most` at most, newest first, for the monitors of this
    organization and these customers; None is any.
    """
    rows = await connection.fetch(
        """
        SELECT location_id, monitor_id, public_id, name, kind, failure_kind, detail, first_at, last_at,
          evaluations, lasts, total
        FROM (
          SELECT problem.location_id, monitor.id AS monitor_id, monitor.public_id, monitor.name, monitor.kind,
            problem.kind AS failure_kind, problem.detail, problem.first_at, problem.last_at, problem.evaluations,
            COALESCE(latest.failure_kind = ANY ($3::text[]), false) AS lasts,
            count(*) OVER (PARTITION BY problem.location_id) AS total,
            row_number() OVER (PARTITION BY problem.location_id ORDER BY problem.last_at DESC, monitor.id) AS place
          FROM probe_problem AS problem JOIN monitor ON monitor.id = problem.monitor_id
          LEFT JOIN latest ON latest.monitor_id = problem.monitor_id AND latest.location_id = problem.location_id
          WHERE problem.last_at > now() - make_interval(hours => $5) AND monitor.deleted_at IS NULL
            AND ($1::bigint IS NULL OR monitor.organization_id = $1)
            AND ($2::bigint[] IS NULL OR monitor.customer_id = ANY ($2))
        ) AS found
        WHERE place <= $4 ORDER BY location_id, place
        """,
        organization_id,
        None if customer_ids is None else list(customer_ids),
        [kind.value for kind in REFUSALS],
        most,
        RUN_HOURS,
    )
    return [ProbeProblem(*row) for row in rows]


class Refusals(NamedTuple):
    """A run of refusals of one location by the server of one monitor."""

    location: str
    country: str
    kind: str
    detail: str
    first_at: datetime
    last_at: datetime
    evaluations: int


async def of_monitor(connection: Connection, monitor_id: int) -> list[Refusals]:
    """The runs that have not ended, by country."""
    rows = await connection.fetch(
        """
        SELECT location.code, location.country_code, problem.kind, detail, first_at, last_at, evaluations
        FROM probe_problem AS problem JOIN location ON location.id = problem.location_id
        WHERE monitor_id = $1 AND last_at > now() - make_interval(hours => $2) AND location.removed_at IS NULL
        ORDER BY country_code, code
        """,
        monitor_id,
        RUN_HOURS,
    )
    return [Refusals(*row) for row in rows]
