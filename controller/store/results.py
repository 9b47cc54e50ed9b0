"""Store results: what is new is inserted, closes its gap and becomes the latest state; a second copy does nothing.

A new failure of a monitor with a local retry makes its recheck in the same statement, so there is one, whoever dies;
and so is a look at a monitor noted, when the judge has something to learn from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from controller.decisions.schedule import RECHECK_SECONDS
from controller.store.blind_periods import BLINDED, EXTEND
from controller.store.dispatch import SETTLE_LOCK
from controller.store.looks import LATE, ripe
from controller.store.pool import AWAY, Database
from shared.messages import CheckResult, ResultStatus

_RECENT_SECONDS = 540.0  # below the duplicate window of EVENTS (shared.streams)


class UnstorableError(Exception):
    """PostgreSQL refuses something in this batch for good; the message says what, without the values."""


class StoredResult(NamedTuple):
    """Whose result it was, and whether it was stored now or so short a while ago that its event may be untold."""

    organization: UUID
    customer: UUID
    recent: bool


_INSERT = f"""
WITH given AS (
  SELECT * FROM unnest(
    $1::uuid[], $2::timestamptz[], $3::text[], $4::check_purpose[], $5::check_status[], $6::real[], $7::timestamptz[],
    $8::timestamptz[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[],
    $16::text[], $17::real[], $18::real[], $19::boolean[]
  ) WITH ORDINALITY AS given (
    monitor, due_at, location, purpose, status, duration_ms, started_at, checked_at, agent, address, failure_kind,
    failure, phases, warnings, facts, transcript, loop_lag_ms, kernel_rtt_ms, login_withheld, place
  )
), known AS (
  SELECT given.*, monitor.id AS monitor_id, location.id AS location_id, organization.public_id AS organization,
    customer.public_id AS customer, monitor.retry_on_failure, monitor.interval_seconds, monitor.timeout_seconds,
    monitor.target_changed_at
  FROM given
  JOIN monitor ON monitor.public_id = given.monitor
  JOIN location ON location.code = given.location
  JOIN customer ON customer.id = monitor.customer_id
  JOIN organization ON organization.id = monitor.organization_id
), stored AS (
  INSERT INTO result (monitor_id, due_at, location_id, purpose, status, duration_ms, started_at, agent, address,
    failure, phases, warnings, facts, transcript, loop_lag_ms, kernel_rtt_ms, login_withheld)
  SELECT DISTINCT ON (monitor_id, due_at, location_id, purpose)
    monitor_id, due_at, location_id, purpose, status, duration_ms, started_at, agent, address, failure::json,
    phases::json, warnings::json, facts::json, transcript::json, loop_lag_ms, kernel_rtt_ms, login_withheld
  FROM known ORDER BY monitor_id, due_at, location_id, purpose, place
  ON CONFLICT DO NOTHING
  RETURNING monitor_id, due_at, location_id, purpose
), fresh AS (
  SELECT known.* FROM known JOIN stored USING (monitor_id, due_at, location_id, purpose)
), retried AS (
  INSERT INTO recheck (monitor_id, round_due_at, due_at, location_ids)
  SELECT monitor_id, due_at, now() + make_interval(secs => $21), array_agg(DISTINCT location_id)
  FROM fresh WHERE retry_on_failure AND status = 'failure' AND purpose = 'scheduled' GROUP BY monitor_id, due_at
  RETURNING monitor_id, round_due_at, due_at, location_ids
), linked AS (
  INSERT INTO retry (monitor_id, due_at, location_id, round_due_at)
  SELECT monitor_id, due_at, unnest(location_ids), round_due_at FROM retried ON CONFLICT DO NOTHING
), judged AS (
  SELECT fresh.*, retry.round_due_at IS NOT NULL AS is_retry, COALESCE(retry.round_due_at, fresh.due_at) AS look_due_at,
    CASE WHEN retry.round_due_at IS NULL THEN fresh.purpose ELSE 'scheduled' END AS look_purpose
  FROM fresh
  LEFT JOIN retry ON retry.monitor_id = fresh.monitor_id AND retry.due_at = fresh.due_at
    AND retry.location_id = fresh.location_id AND fresh.purpose = 'recheck'
  WHERE fresh.purpose <> 'triggered' AND now() <= fresh.due_at + make_interval(secs => {LATE})
), looked AS (
  INSERT INTO look (monitor_id, due_at, purpose, ripe_at, check_at)
  SELECT DISTINCT judged.monitor_id, look_due_at, look_purpose, {ripe("look_due_at")}, now()
  FROM judged
  LEFT JOIN standing ON standing.monitor_id = judged.monitor_id
  LEFT JOIN look ON look.monitor_id = judged.monitor_id AND look.due_at = look_due_at AND look.purpose = look_purpose
  WHERE look_due_at >= target_changed_at AND (
    standing.at_rest IS NOT TRUE OR look.monitor_id IS NOT NULL OR is_retry OR status = 'failure'
    OR warnings IS NOT NULL OR (status = 'unknown' AND judged.location_id <> ALL (standing.blind_ids))
  )
  ORDER BY 1, 2, 3
  ON CONFLICT (monitor_id, due_at, purpose) DO UPDATE SET check_at = EXCLUDED.check_at
), blinded AS (
  SELECT {BLINDED}
  FROM (SELECT fresh.*, failure::json ->> 'source' AS reason FROM fresh WHERE status = 'unknown') AS missing
  GROUP BY location_id, reason
), {EXTEND}, closed AS (
  DELETE FROM gap USING stored
  WHERE gap.monitor_id = stored.monitor_id AND gap.from_at = stored.due_at AND gap.to_at = stored.due_at
    AND gap.location_id = stored.location_id AND gap.purpose = stored.purpose
), folded AS (
  INSERT INTO latest AS old (monitor_id, location_id, due_at, status, failure_kind, duration_ms, checked_at)
  SELECT DISTINCT ON (monitor_id, location_id) monitor_id, location_id, due_at, status, failure_kind, duration_ms,
    max(checked_at) OVER (PARTITION BY monitor_id, location_id)
  FROM fresh ORDER BY monitor_id, location_id, due_at DESC
  ON CONFLICT (monitor_id, location_id) DO UPDATE SET due_at = EXCLUDED.due_at, status = EXCLUDED.status,
    failure_kind = EXCLUDED.failure_kind, duration_ms = EXCLUDED.duration_ms,
    checked_at = GREATEST(EXCLUDED.checked_at, old.checked_at)
  WHERE old.due_at < EXCLUDED.due_at
), late AS (
  INSERT INTO rollup_due (monitor_id, hour)
  SELECT DISTINCT monitor_id, date_trunc('hour', due_at, 'UTC') FROM stored
  WHERE due_at < (SELECT closed_until FROM rollup_progress)
)
SELECT known.place, known.organization, known.customer,
  CASE WHEN stored.monitor_id IS NOT NULL THEN true ELSE COALESCE((
    SELECT stored_at > now() - make_interval(secs => $20) FROM result
    WHERE result.monitor_id = known.monitor_id AND result.due_at = known.due_at
      AND result.location_id = known.location_id AND result.purpose = known.purpose
  ), true) END AS recent
FROM known LEFT JOIN stored USING (monitor_id, due_at, location_id, purpose)
"""  # noqa: S608 - constants only


async def store_results(db: Database, results: Sequence[CheckResult]) -> list[StoredResult | None]:
    """Store a batch, whole or not at all; for each what became of it, None for an unknown monitor or location.

    Raises UnstorableError when a result in it can never be stored, StoreUnavailableError when PostgreSQL is away.
    """
    async with db.connection() as connection:
        try:
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock_shared($1)", SETTLE_LOCK)
                columns = zip(*map(_columns, results), strict=True)
                rows = await connection.fetch(_INSERT, *columns, _RECENT_SECONDS, RECHECK_SECONDS)
        except AWAY:
            raise
        except (asyncpg.PostgresError, asyncpg.DataError, ValueError, OverflowError) as error:
            raise UnstorableError(type(error).__name__) from error
    outcomes: list[StoredResult | None] = [None] * len(results)
    for row in rows:
        outcomes[row["place"] - 1] = StoredResult(row["organization"], row["customer"], row["recent"])
    return outcomes


def _columns(result: CheckResult) -> tuple[object, ...]:
    status = result.status
    seen = status is not ResultStatus.UNKNOWN
    return (
        result.monitor_id,
        result.due_at,
        result.location,
        result.purpose.value,
        status.value,
        result.duration_ms,
        result.started_at,
        result.started_at + timedelta(milliseconds=result.duration_ms) if seen else None,
        result.agent,
        result.address,
        result.failure.kind.value if result.failure else None,
        _json(result.failure),
        _json(result.phases) or "[]",
        _json(result.warnings),
        _json(result.facts),
        _json(result.transcript),
        result.loop_lag_ms,
        result.kernel_rtt_ms,
        result.login_withheld,
    )


def _json(value: object) -> str | None:
    return msgspec.json.encode(value).decode() if value else None


async def park(db: Database, subject: str, reason: str, body: bytes) -> None:
    """Keep what could not be stored for somebody to look at. Raises StoreUnavailableError."""
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO parked (subject, reason, body) VALUES ($1, $2, $3)", subject, reason, body
        )
