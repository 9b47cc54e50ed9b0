"""Trials and what they found out, until they expire."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from controller.model.trials import Trial, TrialCheck, TriedServer
from controller.store.platform.pool import Database
from shared.wire.messages import CheckResult

_EXPIRED_AT_ONCE = 1_000


async def insert(database: Database, trial: Trial) -> None:
    """Raises StoreUnavailableError."""
    async with database.transaction() as connection:
        await connection.execute(
            """
            INSERT INTO trial (
              id, organization_id, token_id, account_id, kind, timeout_seconds, due_at, answer_by, expires_at, server
            ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            """,
            trial.id,
            trial.organization_id,
            trial.token_id,
            trial.account_id,
            trial.kind,
            trial.timeout_seconds,
            trial.due_at,
            trial.answer_by,
            trial.expires_at,
            None if trial.server is None else msgspec.json.encode(trial.server),
        )
        await connection.executemany(
            "INSERT INTO trial_check (trial_id, country_code, location_id, reason) VALUES ($1, $2, $3, $4)",
            [(trial.id, check.country_code, check.location_id, check.reason) for check in trial.checks],
        )


async def by_id(database: Database, trial_id: UUID, organization_id: int | None) -> Trial | None:
    """The trial with its checks by country, unless it expired or is of another organization; None is any.

    Raises StoreUnavailableError.
    """
    async with database.connection() as connection:
        row = await connection.fetchrow(
            """
            SELECT
              id, organization_id, token_id, account_id, kind, timeout_seconds, due_at, answer_by, expires_at, server
            FROM trial
            WHERE id = $1 AND ($2::bigint IS NULL OR organization_id = $2) AND expires_at > now()
            """,
            trial_id,
            organization_id,
        )
        if row is None:
            return None
        checks = await connection.fetch(
            """
            SELECT trial_check.country_code, location_id, location.code AS location_code,
              location.name AS location_name, reason, result
            FROM trial_check LEFT JOIN location ON location.id = location_id
            WHERE trial_id = $1 ORDER BY country_code
            """,
            trial_id,
        )
    fields = dict(row)
    server = fields.pop("server")
    tried = None if server is None else msgspec.json.decode(server, type=TriedServer)
    return Trial(**fields, server=tried, checks=[_check(**dict(check)) for check in checks])


def _check(result: bytes | None, **fields: object) -> TrialCheck:
    decoded = None if result is None else msgspec.json.decode(result, type=CheckResult)
    return TrialCheck(**fields, result=decoded)  # type: ignore[arg-type] # the columns are those of the struct


async def store_results(database: Database, results: Sequence[CheckResult]) -> None:
    """Store what trials found out. A result that no trial waits for changes nothing: it expired, it has one already, or
    another location was to run it. Raises StoreUnavailableError.
    """
    if not results:
        return
    async with database.connection() as connection:
        await connection.execute(
            """
            UPDATE trial_check SET result = one.result
            FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::bytea[]) AS one (trial_id, code, due_at, result)
            JOIN location ON location.code = one.code
            JOIN trial ON trial.id = one.trial_id AND trial.due_at = one.due_at AND trial.expires_at > now()
            WHERE trial_check.trial_id = trial.id AND trial_check.location_id = location.id
              AND trial_check.result IS NULL
            """,
            [one.monitor_id for one in results],
            [one.location for one in results],
            [one.due_at for one in results],
            [msgspec.json.encode(one) for one in results],
        )


async def delete(database: Database, trial_id: UUID) -> None:
    """Raises StoreUnavailableError."""
    async with database.connection() as connection:
        await connection.execute("DELETE FROM trial WHERE id = $1", trial_id)


async def forget_expired(database: Database) -> None:
    """Raises StoreUnavailableError."""
    async with database.connection() as connection:
        await connection.execute(
            """
            DELETE FROM trial WHERE id IN (
              SELECT id FROM trial WHERE expires_at <= now() LIMIT $1 FOR UPDATE SKIP LOCKED
            )
            """,
            _EXPIRED_AT_ONCE,
        )
