"""Many monitors at once: rows as the API would insert them, but with first rounds spread over the interval."""

from __future__ import annotations

from uuid import uuid4

import asyncpg

from shared.clock import now_ms
from shared.epoch import to_datetime
from shared.wire.rounds import next_due_ms

_SETTLE_IN_MS = 3_000
_COLUMNS = (
    *("public_id", "organization_id", "customer_id", "kind", "name", "hostname", "port", "status"),
    *("interval_seconds", "timeout_seconds", "config", "target_changed_at"),
)


async def insert(database_url: str, count: int, *, port: int, interval_seconds: int) -> None:
    """Insert plain SMTP monitors of 127.0.0.1 for the first customer; the first is due in some seconds."""
    connection = await asyncpg.connect(database_url)
    try:
        first = await connection.fetchrow("SELECT id, organization_id FROM customer ORDER BY id LIMIT 1")
        assert first, "no customer"
        customer, organization = first
        after_ms = now_ms() + _SETTLE_IN_MS
        records = []
        for number in range(count):
            identity = uuid4()
            due = to_datetime(next_due_ms(identity, interval_seconds * 1000, 0, after_ms))
            fields = (identity, organization, customer, "smtp", f"bench {number}", "127.0.0.1", port, "active")
            records.append((*fields, interval_seconds, min(10, interval_seconds), '{"ignoreTls":true}', due))
        await connection.copy_records_to_table("monitor", records=records, columns=_COLUMNS)
        await connection.execute(
            "ANALYZE monitor"
        )  # autovacuum does it only within a minute, and until then query plans are bad
    finally:
        await connection.close()


async def disable(database_url: str) -> None:
    """Disable every monitor."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("UPDATE monitor SET status = 'disabled'")
    finally:
        await connection.close()
