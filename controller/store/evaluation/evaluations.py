"""Evaluations that wait, and the outcomes of their checks.

An evaluation is noted together with the result or the gap that makes it necessary (store.checks.results,
store.checks.dispatch), by the rules of controller.decisions.evaluation: late, ripe, worth.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from controller.decisions.evaluation.late import LONGEST_DEADLINE_SECONDS
from controller.decisions.evaluation.votes import CheckOutcome, Retry
from controller.store.platform.pool import Connection, Database
from shared.epoch import to_datetime, to_ms
from shared.wire.failures import CheckWarning, Failure
from shared.wire.messages import ResultStatus
from shared.wire.rounds import Purpose

_LONGEST_RETRY_SECONDS = LONGEST_DEADLINE_SECONDS + 120
"""A retry is due at most so long after its round: shortly after a failing result that is evidence."""

_FORGOTTEN_SECONDS = 2 * LONGEST_DEADLINE_SECONDS + 3600


class DueEvaluation(NamedTuple):
    """An evaluation of a monitor that was noted and not made yet."""

    monitor_id: int
    due_at: datetime
    purpose: Purpose
    ripe_at: datetime


class CheckOutcomes(NamedTuple):
    """The outcomes of an evaluation's checks, and of second tries of those that failed."""

    outcomes: list[CheckOutcome]
    retries: list[Retry]


async def noted(connection: Connection, monitor_ids: Sequence[int]) -> list[DueEvaluation]:
    """All noted evaluations of these monitors in the order of their due moments, locked: a result that arrives now
    waits, and notes its evaluation anew.
    """
    rows = await connection.fetch(
        "SELECT monitor_id, due_at, purpose, ripe_at FROM evaluation WHERE monitor_id = ANY ($1::bigint[])"
        " ORDER BY monitor_id, due_at, purpose FOR UPDATE",
        monitor_ids,
    )
    return [DueEvaluation(monitor, due, Purpose(purpose), ripe_at) for monitor, due, purpose, ripe_at in rows]


async def outcomes_of(connection: Connection, due: Sequence[DueEvaluation]) -> Mapping[DueEvaluation, CheckOutcomes]:
    """The outcomes that are known so far."""
    found: dict[DueEvaluation, CheckOutcomes] = defaultdict(lambda: CheckOutcomes([], []))
    if not due:
        return found
    keys = (
        [evaluation.monitor_id for evaluation in due],
        [evaluation.due_at for evaluation in due],
        [evaluation.purpose for evaluation in due],
    )
    first, last = min(keys[1]), max(keys[1])
    for row in await connection.fetch(_OUTCOMES, *keys, first, last):
        found[due[row["place"] - 1]].outcomes.append(_outcome(row))
    for row in await connection.fetch(_RETRIED, *keys, first, last, float(_LONGEST_RETRY_SECONDS)):
        known = row["status"] is not None or row["missed"]
        retry = Retry(row["location_id"], to_ms(row["due_at"]), _outcome(row) if known else None)
        found[due[row["place"] - 1]].retries.append(retry)
    return found


# The bounds of due_at exclude the partitions of other days. As long as an evaluation is noted, no check of its monitor
# that was due since is put into a block.
_OUTCOMES = """
WITH requested AS (
  SELECT * FROM unnest($1::bigint[], $2::timestamptz[], $3::check_purpose[])
    WITH ORDINALITY AS requested (monitor_id, due_at, purpose, place)
)
SELECT place, location_id, due_at, status, failure, warnings, stored_at
FROM requested JOIN result USING (monitor_id, due_at, purpose)
WHERE result.due_at BETWEEN $4 AND $5
UNION ALL
SELECT place, location_id, due_at, NULL, NULL, NULL, recorded_at
FROM requested JOIN gap ON gap.monitor_id = requested.monitor_id AND from_at = due_at AND to_at = due_at
  AND gap.purpose = requested.purpose
WHERE gap.from_at BETWEEN $4 AND $5
"""

_RETRIED = """
SELECT place, retry.location_id, retry.due_at, result.status, result.failure, result.warnings, result.stored_at,
  gap.monitor_id IS NOT NULL AS missed
FROM unnest($1::bigint[], $2::timestamptz[], $3::check_purpose[])
  WITH ORDINALITY AS requested (monitor_id, due_at, purpose, place)
JOIN retry ON retry.monitor_id = requested.monitor_id AND retry.round_due_at = requested.due_at
  AND requested.purpose = 'scheduled'
LEFT JOIN result ON result.monitor_id = retry.monitor_id AND result.due_at = retry.due_at
  AND result.location_id = retry.location_id AND result.purpose = 'recheck'
  AND result.due_at BETWEEN $4 AND $5::timestamptz + make_interval(secs => $6)
LEFT JOIN gap ON gap.monitor_id = retry.monitor_id AND gap.from_at = retry.due_at AND gap.to_at = retry.due_at
  AND gap.location_id = retry.location_id AND gap.purpose = 'recheck'
  AND gap.from_at BETWEEN $4 AND $5::timestamptz + make_interval(secs => $6)
"""


def _outcome(row: Any) -> CheckOutcome:
    warnings = row["warnings"]
    return CheckOutcome(
        row["location_id"],
        to_ms(row["due_at"]),
        ResultStatus(row["status"]) if row["status"] is not None else None,
        msgspec.convert(row["failure"], Failure | None),
        msgspec.convert(warnings[0], CheckWarning) if warnings else None,
        to_ms(row["stored_at"]) if row["stored_at"] is not None else 0,
    )


async def remove(connection: Connection, due: Sequence[DueEvaluation]) -> None:
    """Remove evaluations that were made, or that are not needed."""
    if due:
        await connection.execute(
            "DELETE FROM evaluation USING unnest($1::bigint[], $2::timestamptz[], $3::check_purpose[])"
            " AS taken (monitor_id, due_at, purpose)"
            " WHERE evaluation.monitor_id = taken.monitor_id AND evaluation.due_at = taken.due_at"
            " AND evaluation.purpose = taken.purpose",
            [evaluation.monitor_id for evaluation in due],
            [evaluation.due_at for evaluation in due],
            [evaluation.purpose for evaluation in due],
        )


async def postpone(connection: Connection, until_ms: Mapping[int, int]) -> None:
    """Try all noted evaluations of a monitor again at that moment, or when another result or gap is stored."""
    if until_ms:
        await connection.execute(
            "UPDATE evaluation SET check_at = later.check_at FROM unnest($1::bigint[], $2::timestamptz[])"
            " AS later (monitor_id, check_at) WHERE evaluation.monitor_id = later.monitor_id",
            list(until_ms),
            [to_datetime(moment) for moment in until_ms.values()],
        )


async def note_since(connection: Connection, after_ms: Mapping[int, int]) -> None:
    """Note the evaluations after that moment for monitors that were stable until then: their results were not worth an
    evaluation before.
    """
    if after_ms:
        since = [to_datetime(moment) for moment in after_ms.values()]
        await connection.execute(_NOTE_SINCE, list(after_ms), since, min(since))


_NOTE_SINCE = """
INSERT INTO evaluation (monitor_id, due_at, purpose, ripe_at, check_at)
SELECT DISTINCT monitor.id, result.due_at, result.purpose,
  ripe_at(result.due_at, now(), interval_seconds, timeout_seconds, evaluation_deadline_seconds, retry_on_failure),
  now()
FROM unnest($1::bigint[], $2::timestamptz[]) AS since (monitor_id, due_at)
JOIN monitor ON monitor.id = since.monitor_id
JOIN result ON result.monitor_id = since.monitor_id AND result.due_at > since.due_at AND result.purpose <> 'triggered'
WHERE result.due_at > $3 AND NOT EXISTS (
  SELECT FROM retry WHERE retry.monitor_id = result.monitor_id AND retry.due_at = result.due_at
    AND retry.location_id = result.location_id AND result.purpose = 'recheck'
)
ORDER BY 1, 2, 3
ON CONFLICT DO NOTHING
"""


async def now(connection: Connection) -> datetime:
    """The moment at which the transaction began, by the database's clock."""
    moment: datetime = await connection.fetchval("SELECT now()")
    return moment


async def waiting(db: Database, at_most: int) -> list[int]:
    """Monitors with a due evaluation, the longest waiting first. Raises StoreUnavailableError."""
    async with db.connection() as connection:
        rows = await connection.fetch(
            "SELECT monitor_id FROM evaluation WHERE check_at <= now()"
            " GROUP BY monitor_id ORDER BY min(check_at) LIMIT $1",
            at_most,
        )
    return [row["monitor_id"] for row in rows]


async def forget_retries(db: Database) -> None:
    """Delete retries that no evaluation reads any more. Raises StoreUnavailableError."""
    async with db.connection() as connection:
        await connection.execute(
            "DELETE FROM retry WHERE due_at < now() - make_interval(secs => $1)", _FORGOTTEN_SECONDS
        )
