"""Failures that opened no incident: recorded by the evaluator, shown to who asks why nobody was notified."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from controller.decisions.evaluation.unconfirmed import PassedAgain, UnconfirmedFailure
from controller.model import UnconfirmedRun
from controller.model.retention import UNCONFIRMED_DAYS
from controller.store.platform.pool import Connection, Database
from shared.epoch import to_datetime
from shared.wire.events import Evidence

RUN_MINUTES = 15
"""Failures of a monitor that follow each other within this time are one row, even if it passed in between. So a monitor
that fails all the time writes four rows an hour at most.
"""

KEPT_OF_A_MONITOR = 200

_NOTE = """
WITH folded AS (
  UPDATE unconfirmed_failure AS old SET last_at = GREATEST(last_at, $2), evaluations = evaluations + 1,
    ended_at = NULL, ended_by = NULL, failing = GREATEST(failing, $3),
    reason = CASE WHEN $3 >= failing AND $7 THEN $4 ELSE reason END,
    missing = CASE WHEN $3 >= failing THEN $5 ELSE missing END,
    evidence = CASE WHEN $3 >= failing AND $7 THEN $6 ELSE evidence END
  WHERE id = (
    SELECT id FROM unconfirmed_failure
    WHERE monitor_id = $1 AND last_at >= $2::timestamptz - make_interval(mins => $8)
      AND ended_by IS DISTINCT FROM 'incident'
    ORDER BY last_at DESC LIMIT 1
  )
  RETURNING id
)
INSERT INTO unconfirmed_failure (monitor_id, first_at, last_at, failing, reason, missing, evidence)
SELECT $1, $2, $2, $3, $4, $5, $6 WHERE NOT EXISTS (SELECT FROM folded)
"""


async def note(connection: Connection, failures: Sequence[tuple[int, UnconfirmedFailure]]) -> None:
    """Record failures by the id of their monitor, those of a monitor in order. Reason and evidence stay those of the
    latest evaluation that was whole.
    """
    if failures:
        await connection.executemany(
            _NOTE,
            [
                (
                    monitor_id,
                    to_datetime(one.due_ms),
                    one.failing,
                    one.reason,
                    one.missing,
                    one.evidence,
                    one.whole,
                    RUN_MINUTES,
                )
                for monitor_id, one in failures
            ],
        )


async def note_passed(connection: Connection, passed: Mapping[int, PassedAgain]) -> None:
    """Record that nothing fails any more at these monitors."""
    if passed:
        await connection.execute(
            """
            UPDATE unconfirmed_failure AS old SET ended_at = passed.at, ended_by = passed.purpose
            FROM unnest($1::bigint[], $2::timestamptz[], $3::text[]) AS passed (monitor_id, at, purpose)
            WHERE old.monitor_id = passed.monitor_id AND old.ended_at IS NULL AND old.last_at < passed.at
            """,
            list(passed),
            [to_datetime(one.due_ms) for one in passed.values()],
            [one.purpose.value for one in passed.values()],
        )


async def note_incidents(connection: Connection, outage_started_ms: Mapping[int, int]) -> None:
    """Forget the failures that led to an incident; a row that began earlier says that an incident ended it."""
    if outage_started_ms:
        numbers, since = list(outage_started_ms), [to_datetime(at) for at in outage_started_ms.values()]
        await connection.execute(_FORGET_OUTAGES, numbers, since)
        await connection.execute(_END_BY_OUTAGES, numbers, since)


_FORGET_OUTAGES = """
DELETE FROM unconfirmed_failure AS old USING unnest($1::bigint[], $2::timestamptz[]) AS outage (monitor_id, began)
WHERE old.monitor_id = outage.monitor_id AND old.first_at >= outage.began
"""
_END_BY_OUTAGES = """
UPDATE unconfirmed_failure AS old SET ended_at = outage.began, ended_by = 'incident'
FROM unnest($1::bigint[], $2::timestamptz[]) AS outage (monitor_id, began)
WHERE old.monitor_id = outage.monitor_id AND old.last_at >= outage.began
"""


async def forget_old(db: Database) -> None:
    """Delete what is older than UNCONFIRMED_DAYS, and of each monitor all but the latest KEPT_OF_A_MONITOR.

    Raises StoreUnavailableError.
    """
    async with db.connection() as connection:
        await connection.execute(
            """
            DELETE FROM unconfirmed_failure WHERE last_at < now() - make_interval(days => $1) OR id IN (
              SELECT id FROM (
                SELECT id, row_number() OVER (PARTITION BY monitor_id ORDER BY last_at DESC) AS place
                FROM unconfirmed_failure
              ) AS numbered WHERE place > $2
            )
            """,
            UNCONFIRMED_DAYS,
            KEPT_OF_A_MONITOR,
        )


class RunsFound(NamedTuple):
    """Some rows, and how many there are."""

    runs: list[UnconfirmedRun]
    total: int


async def runs(
    connection: Connection,
    organization_id: int | None,
    customer_ids: frozenset[int] | None,
    monitor: UUID | None,
    *,
    limit: int,
    offset: int,
) -> RunsFound:
    """The latest first, of this organization, these customers and this monitor; None is any."""
    rows = await connection.fetch(
        """
        SELECT run.first_at, run.last_at, run.evaluations, run.failing, run.reason, run.missing, run.evidence,
          run.ended_at, run.ended_by, monitor.public_id AS monitor_public_id, monitor.name AS monitor_name,
          monitor.kind AS monitor_kind, count(*) OVER () AS total
        FROM unconfirmed_failure AS run JOIN monitor ON monitor.id = run.monitor_id
        WHERE monitor.deleted_at IS NULL AND ($1::bigint IS NULL OR monitor.organization_id = $1)
          AND ($2::bigint[] IS NULL OR monitor.customer_id = ANY ($2)) AND ($3::uuid IS NULL OR monitor.public_id = $3)
        ORDER BY run.last_at DESC, run.id DESC LIMIT $4 OFFSET $5
        """,
        organization_id,
        None if customer_ids is None else sorted(customer_ids),
        monitor,
        limit,
        offset,
    )
    found = []
    for row in rows:
        values = dict(row)
        del values["total"]
        found.append(UnconfirmedRun(**{**values, "evidence": msgspec.convert(row["evidence"], Evidence)}))
    return RunsFound(found, rows[0]["total"] if rows else 0)
