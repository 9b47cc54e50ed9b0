"""Store results: a new one is inserted, closes its gap and becomes the latest state; a second copy does nothing.

A new failure of a monitor with local retries makes its recheck in the same statement, so there is one even when a
controller dies. The same statement notes an evaluation of the monitor, when the result can change something, and keeps
the newest dialogue of a passing check, when the result has one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from controller.decisions.comparison.server_views import digest_of, findings_of, view_of
from controller.decisions.evaluation.blindness import blind_until
from controller.decisions.schedule.rounds import RECHECK_SECONDS
from controller.store.checks import unpublished_results
from controller.store.checks.dispatch import close_gaps
from controller.store.checks.result_insertion import INSERT_RESULTS
from controller.store.events import sequences
from controller.store.locations import blind_periods
from controller.store.locations.blind_periods import Arrived, Blinded, Sight
from controller.store.platform import locks
from controller.store.platform.pool import AWAY, PLAN_ANEW, Connection, Database, UnstorableError, refused
from shared.epoch import to_ms
from shared.wire.messages import CLOCK_TOLERANCE_MS, CheckResult, ResultStatus
from shared.wire.rounds import phase_hash

_RECENT_SECONDS = 100.0
"""Within the duplicate window of EVENTS (controller.broker.streams), with some seconds to publish again what a
controller of an earlier version may have left."""

_LEFT_SECONDS = 3600.0
"""What was stored longer ago has been published, or its event is of no use any more."""

_WARNED_SECONDS = 3600
"""A server that is warned about has a dialogue in each result; this seldom, one becomes the last good one."""
_UNKNOWN = ResultStatus.UNKNOWN.value
_AHEAD_SECONDS = CLOCK_TOLERANCE_MS / 1000

_BEGIN = """
SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true),
  CASE WHEN $3::timestamptz < now() - interval '1 hour' THEN pg_advisory_xact_lock_shared($2) END,
  pg_advisory_xact_lock_shared($1)
"""
"""A connection keeps its plan of INSERT_RESULTS: planning it takes longer than storing a few results.

Late results wait for the block that is being made, as they may be in it, and hold nothing meanwhile that others wait
for. No block is made of the last two hours.
"""


class StoredResult(NamedTuple):
    """The organization, customer and kind of a result's monitor. `new`: the result was stored now. `recent`: it was
    stored now, or so recently that a controller of an earlier version may have left its event unpublished. A result
    that was not `expected` is not stored. `sequence` is the number of the event of a `new` one; its copies in the same
    batch have none. `note` says that the event is unpublished (controller.store.checks.unpublished_results).
    """

    organization: UUID
    customer: UUID
    recent: bool
    new: bool
    kind: str
    expected: bool = True
    sequence: int | None = None
    note: int | None = None


async def store_results(
    db: Database,
    results: Sequence[CheckResult],
    confirmed: Sequence[bool] | None = None,
    *,
    own_facts: Collection[str] = (),
) -> list[StoredResult | None]:
    """Store a batch, all of it or nothing; return the outcome of each, None for an unknown monitor or location.

    `confirmed` says of each result whether it is known to be expected (None: all are); the others are stored if the
    arithmetic of rounds expects them. `own_facts` are facts of some kinds only by which their servers are compared.
    Raises UnstorableError when a result in the batch can never be stored,
    StoreUnavailableError when PostgreSQL is unavailable.
    """
    async with db.connection() as connection:
        try:
            async with connection.transaction():
                await connection.execute(
                    _BEGIN, locks.SETTLE, locks.FOLD, min((one.due_at for one in results), default=None)
                )
                columns = zip(*(_readable_columns(result, own_facts) for result in results), strict=True)
                rows = await connection.fetch(
                    INSERT_RESULTS,
                    *columns,
                    confirmed or [True] * len(results),
                    RECHECK_SECONDS,
                    _WARNED_SECONDS,
                    _AHEAD_SECONDS,
                )
                await _follow_up(connection, results, rows)
                numbers = await sequences.of_results(connection, rows)
                noted = await unpublished_results.note(connection, rows, numbers)
                recent = await _recent_copies(connection, rows)
        except AWAY:
            raise
        except (asyncpg.PostgresError, ValueError, OverflowError) as error:
            raise refused(error) from error
    outcomes: list[StoredResult | None] = [None] * len(results)
    for row in rows:
        origin = row["organization"], row["customer"]
        number = numbers.get(row["place"])
        outcomes[row["place"] - 1] = StoredResult(
            *origin,
            row["new"] or row["place"] in recent,
            row["new"],
            row["kind"],
            row["expected"],
            number,
            None if number is None else noted,
        )
    return outcomes


async def _recent_copies(connection: Connection, rows: Sequence[Any]) -> set[int]:
    """The places of the rows that are recent, among those that are not new. Older ones that may have no event are
    noted.
    """
    copies = [row for row in rows if not row["new"] and not row["folded"]]
    if not copies:
        return set()
    recent, left = set[int](), list[tuple[datetime, Any]]()
    for row, (stored_at, age, noted) in zip(
        copies, await unpublished_results.stored_copies(connection, copies), strict=True
    ):
        if stored_at is None or age is None or (not noted and age < _RECENT_SECONDS):
            recent.add(row["place"])
        elif not noted and age <= _LEFT_SECONDS:
            left.append((stored_at, row))
    if left:
        await unpublished_results.note_copies(connection, [row for _, row in left], min(at for at, _ in left))
    return recent


async def _follow_up(connection: Connection, results: Sequence[CheckResult], rows: Sequence[Any]) -> None:
    """Close the gaps of these results, and note where they say that locations are blind, and where that they are not.
    Few results need any of it.
    """
    blinded = _blinded(results, rows)
    arrived = [Arrived(row["location_id"], row["gap_reason"], row["due_at"]) for row in rows if row["gap_reason"]]
    sights = [_sight(row) for row in rows if row["was_blind"] and _shows(row)]
    if not (blinded or arrived or sights):
        return
    await connection.execute(f"{PLAN_ANEW}; SET LOCAL enable_seqscan = on")
    await close_gaps(connection, [row for row in rows if row["gap_reason"]])
    await blind_periods.extend(connection, blinded)
    await blind_periods.take_back(connection, arrived)
    await blind_periods.end(connection, sights)


def _blinded(results: Sequence[CheckResult], rows: Sequence[Any]) -> list[Blinded]:
    """What the new results say that show nothing about the mail server: each makes its location blind for a while."""
    found: dict[tuple[int, str], Blinded] = {}
    for row in rows:
        failure = results[row["place"] - 1].failure if row["status"] == _UNKNOWN and row["new"] else None
        if failure is None:
            continue
        due_at, key = row["due_at"], (row["location_id"], failure.source.value)
        one = Blinded(*key, due_at, blind_until(due_at, row["interval_seconds"]), due_at, 1)
        known = found.get(key, one._replace(checks=0))
        found[key] = Blinded(
            *key,
            min(known.from_at, one.from_at),
            max(known.to_at, one.to_at),
            max(known.missed_at, one.missed_at),
            known.checks + 1,
        )
    return list(found.values())


def _shows(row: Any) -> bool:
    return bool(row["status"] != _UNKNOWN)


def _sight(row: Any) -> Sight:
    return Sight(row["monitor_id"], row["location_id"], row["due_at"], row["checked_at"])


def _readable_columns(result: CheckResult, own_facts: Collection[str]) -> tuple[object, ...]:
    """Raises UnstorableError, so that a result that we cannot read, which an agent may send, holds up no others."""
    try:
        return _columns(result, own_facts)
    except Exception as error:
        raise UnstorableError(f"it cannot be read: {type(error).__name__}") from error


def _columns(result: CheckResult, own_facts: Collection[str]) -> tuple[object, ...]:
    status = result.status
    finished = status is not ResultStatus.UNKNOWN
    high, low = divmod(phase_hash(result.monitor_id), 1 << 32)
    return (
        result.monitor_id,
        result.due_at,
        result.location,
        result.purpose,
        status,
        result.duration_ms,
        result.started_at,
        result.started_at + timedelta(milliseconds=result.duration_ms) if finished else None,
        result.agent,
        result.address,
        result.failure.kind if result.failure else None,
        _json(result.failure),
        _json(result.phases) or "[]",
        _json(result.warnings),
        _json(result.facts),
        _json(result.transcript),
        result.loop_lag_ms,
        result.kernel_rtt_ms,
        result.login_withheld,
        to_ms(result.due_at),
        high,
        low,
        _json(result.detail),
        digest_of(view_of(findings_of(result), own_facts)),
    )


def _json(value: object) -> str | None:
    return msgspec.json.encode(value).decode() if value else None
