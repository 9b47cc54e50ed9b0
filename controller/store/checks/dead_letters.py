"""Messages on RESULTS that were rejected, kept with their reasons for inspection: all are counted, some are stored."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from controller.model.retention import DETAIL_DAYS
from controller.store.platform.pool import Connection, Database

KEPT_AN_HOUR = 20
"""How many of one subject and kind of reason are stored whole, so that one sees what is wrong, but a flood fills no
disk.
"""

LONGEST_REASON = 500
"""Longer reasons are cut: they may quote what was sent."""


class DeadLetter(NamedTuple):
    """`why` is the kind of the reason (metrics.counts.RejectionReason), `reason` its text."""

    subject: str
    why: str
    reason: str
    body: bytes


class DeadLetterCount(NamedTuple):
    """How many messages of one subject were rejected for one kind of reason, and when the last one was."""

    subject: str
    why: str
    messages: int
    last_at: datetime


_STORE = """
WITH given AS (
  SELECT *, row_number() OVER (PARTITION BY subject, why ORDER BY place) AS number
  FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[]) WITH ORDINALITY
    AS given (subject, why, reason, body, place)
), counted AS (
  INSERT INTO dead_letter_count AS old (hour, subject, why, messages, last_at)
  SELECT date_trunc('hour', now(), 'UTC'), subject, why, count(*), now() FROM given
  GROUP BY subject, why ORDER BY subject, why
  ON CONFLICT (hour, subject, why)
    DO UPDATE SET messages = old.messages + excluded.messages, last_at = excluded.last_at
  RETURNING subject, why, messages
), before AS (
  SELECT subject, why, messages - (
    SELECT count(*) FROM given WHERE given.subject = counted.subject AND given.why = counted.why
  ) AS messages
  FROM counted
)
INSERT INTO dead_letter (subject, reason, body)
SELECT subject, reason, body FROM given JOIN before USING (subject, why)
WHERE before.messages + number <= $5 ORDER BY place
"""


async def store_dead_letters(db: Database, messages: Sequence[DeadLetter]) -> None:
    """Raises StoreUnavailableError."""
    async with db.connection() as connection:
        await connection.execute(
            _STORE,
            [message.subject for message in messages],
            [message.why for message in messages],
            [_text(message.reason) for message in messages],
            [message.body for message in messages],
            KEPT_AN_HOUR,
        )


def _text(reason: str) -> str:
    """Make a reason storable: it may quote what was sent, and PostgreSQL accepts neither a NUL nor half a surrogate
    pair.
    """
    return reason[:LONGEST_REASON].replace("\0", "\ufffd").encode(errors="replace").decode()


async def recent_counts(
    connection: Connection, since: datetime, reasons: Collection[str] | None = None
) -> list[DeadLetterCount]:
    """Rejected messages since the beginning of that hour, by subject and kind of reason (None is all), the latest
    first.
    """
    rows = await connection.fetch(
        "SELECT subject, why, sum(messages)::bigint AS messages, max(last_at) AS last_at FROM dead_letter_count"
        " WHERE hour >= date_trunc('hour', $1::timestamptz, 'UTC') AND ($2::text[] IS NULL OR why = ANY ($2))"
        " GROUP BY subject, why ORDER BY last_at DESC, subject, why",
        since,
        None if reasons is None else list(reasons),
    )
    return [DeadLetterCount(*row) for row in rows]


async def forget_old(db: Database) -> None:
    """Delete dead letters that are older than DETAIL_DAYS. Raises StoreUnavailableError."""
    async with db.transaction() as connection:
        await connection.execute(
            "DELETE FROM dead_letter WHERE put_aside_at < now() - make_interval(days => $1)", DETAIL_DAYS
        )
        await connection.execute(
            "DELETE FROM dead_letter_count WHERE hour < now() - make_interval(days => $1)", DETAIL_DAYS
        )
