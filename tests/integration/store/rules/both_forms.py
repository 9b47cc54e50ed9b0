"""Asks the SQL form of a rule for many rows at once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from controller.model import ScheduledMonitor
from controller.store.platform.pool import Database
from shared.epoch import to_datetime

HOUR_MS = 3_600_000
NOON_MS = 1_774_612_800_000
"""Noon of 2026-03-27, two days before clocks change in Europe."""

many_examples = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
moments_ms = st.integers(NOON_MS, NOON_MS + 72 * HOUR_MS)
intervals = st.one_of(st.integers(10, 300), st.integers(10, 86_400))
timeouts = st.integers(1, 299)
deadlines = st.one_of(st.none(), st.integers(1, 3600))

QUESTIONS = {
    "late_at": """
        SELECT late_at(due_at, interval_seconds, timeout_seconds, deadline_seconds) AS answer
        FROM unnest($1::timestamptz[], $2::int[], $3::int[], $4::int[])
          AS given (due_at, interval_seconds, timeout_seconds, deadline_seconds)
        """,
    "history_at": """
        SELECT history_at(due_at, interval_seconds, timeout_seconds, deadline_seconds) AS answer
        FROM unnest($1::timestamptz[], $2::int[], $3::int[], $4::int[])
          AS given (due_at, interval_seconds, timeout_seconds, deadline_seconds)
        """,
    "ripe_at": """
        SELECT ripe_at(due_at, noted_at, interval_seconds, timeout_seconds, deadline_seconds, retries) AS answer
        FROM unnest($1::timestamptz[], $2::timestamptz[], $3::int[], $4::int[], $5::int[], $6::boolean[])
          AS given (due_at, noted_at, interval_seconds, timeout_seconds, deadline_seconds, retries)
        """,
    "blind_until": """
        SELECT blind_until(due_at, interval_seconds) AS answer
        FROM unnest($1::timestamptz[], $2::int[]) AS given (due_at, interval_seconds)
        """,
    "is_result_worth": """
        SELECT is_result_worth(stable, noted, is_retry, status, warned, was_blind) AS answer
        FROM unnest($1::boolean[], $2::boolean[], $3::boolean[], $4::check_status[], $5::boolean[], $6::boolean[])
          AS given (stable, noted, is_retry, status, warned, was_blind)
        """,
    "is_gap_worth": """
        SELECT is_gap_worth(verdict, stable, noted, was_blind) AS answer
        FROM unnest($1::text[], $2::boolean[], $3::boolean[], $4::boolean[])
          AS given (verdict, stable, noted, was_blind)
        """,
    "is_due": """
        SELECT is_due(due_at, due_ms, first_due_at, interval_seconds, hash_high, hash_low) AS answer
        FROM unnest($1::timestamptz[], $2::bigint[], $3::timestamptz[], $4::int[], $5::bigint[], $6::bigint[])
          AS given (due_at, due_ms, first_due_at, interval_seconds, hash_high, hash_low)
        """,
    "may_check": """
        SELECT may_check(location_id, country_code, country_codes::text[], location_ids::int[], home) AS answer
        FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::int[])
          AS given (location_id, country_code, country_codes, location_ids, home)
        """,
    "may_rotate": """
        SELECT may_rotate(rotate_locations, mode, of_monitor, of_customer, of_organization) AS answer
        FROM unnest($1::boolean[], $2::text[], $3::text[], $4::text[], $5::text[])
          AS given (rotate_locations, mode, of_monitor, of_customer, of_organization)
        """,
}
"""By the name of the rule: what asks it of rows whose columns are arrays."""


async def sql_answers(database_url: str, rule: str, rows: Iterable[tuple[object, ...]]) -> list[Any]:
    """The answers of the SQL form, in the order of the rows."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    async with Database.open(database_url, size=1) as database, database.connection() as connection:
        return [row["answer"] for row in await connection.fetch(QUESTIONS[rule], *columns)]


def a_monitor(
    interval: int = 60, timeout: int = 30, deadline: int | None = None, public_id: UUID | None = None, **fields: Any
) -> ScheduledMonitor:
    set_at: datetime = to_datetime(NOON_MS)
    values: dict[str, Any] = {"allowed_check_country_codes": None, "target_changed_at": set_at, "updated_at": set_at}
    return ScheduledMonitor(
        id=1,
        public_id=public_id or UUID(int=7),
        kind="smtp",
        hostname="mail.example.org",
        port=None,
        config={},
        interval_seconds=interval,
        timeout_seconds=timeout,
        evaluation_deadline_seconds=deadline,
        **(values | fields),
    )
