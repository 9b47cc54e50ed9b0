"""Store results: what is new is inserted, closes its gap and becomes the latest state; a second copy does nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from controller.store.dispatch import SETTLE_LOCK
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


_INSERT = """
WITH given AS (
  SELECT * FROM unnest(
    $1::uuid[], $2::timestamptz[], $3::text[], $4::check_purpose[], $5::check_status[], $6::real[], $7::timestamptz[],
    $8::timestamptz[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[]
  ) WITH ORDINALITY AS given (
    monitor, due_at, location, purpose, status, duration_ms, started_at, checked_at, agent, address, failure_kind,
    failure, phases, warnings, facts, place
  )
), known AS (
  SELECT given.*, monitor.id AS monitor_id, location.id AS location_id, organization.public_id AS organization,
    customer.public_id AS customer
  FROM given
  JOIN monitor ON monitor.public_id = given.monitor
  JOIN location ON location.code = given.location
  JOIN customer ON customer.id = monitor.customer_id
  JOIN organization ON organization.id = monitor.organization_id
), stored AS (
  INSERT INTO result (monitor_id, due_at, location_id, purpose, status, duration_ms, started_at, agent, address,
    failure, phases, warnings, facts)
  SELECT DISTINCT ON (monitor_id, due_at, location_id, purpose)
    monitor_id, due_at, location_id, purpose, status, duration_ms, started_at, agent, address, failure::json,
    phases::json, warnings::json, facts::json
  FROM known ORDER BY monitor_id, due_at, location_id, purpose, place
  ON CONFLICT DO NOTHING
  RETURNING monitor_id, due_at, location_id, purpose
), fresh AS (
  SELECT known.* FROM known JOIN stored USING (monitor_id, due_at, location_id, purpose)
), closed AS (
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
)
SELECT known.place, known.organization, known.customer,
  CASE WHEN stored.monitor_id IS NOT NULL THEN true ELSE COALESCE((
    SELECT stored_at > now() - make_interval(secs => $16) FROM result
    WHERE result.monitor_id = known.monitor_id AND result.due_at = known.due_at
      AND result.location_id = known.location_id AND result.purpose = known.purpose
  ), true) END AS recent
FROM known LEFT JOIN stored USING (monitor_id, due_at, location_id, purpose)
"""


async def store_results(db: Database, results: Sequence[CheckResult]) -> list[StoredResult | None]:
    """Store a batch, whole or not at all; for each what became of it, None for an unknown monitor or location.

    Raises UnstorableError when a result in it can never be stored, StoreUnavailableError when PostgreSQL is away.
    """
    async with db.connection() as connection:
        try:
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock_shared($1)", SETTLE_LOCK)
                rows = await connection.fetch(_INSERT, *zip(*map(_columns, results), strict=True), _RECENT_SECONDS)
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
    )


def _json(value: object) -> str | None:
    return msgspec.json.encode(value).decode() if value else None


async def park(db: Database, subject: str, reason: str, body: bytes) -> None:
    """Keep what could not be stored for somebody to look at. Raises StoreUnavailableError."""
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO parked (subject, reason, body) VALUES ($1, $2, $3)", subject, reason, body
        )
