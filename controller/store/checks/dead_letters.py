"""Messages on RESULTS that are put aside with their reasons for somebody to look at: all are counted, some are kept."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from controller.store.platform.pool import Connection, Database

KEPT_AN_HOUR = 20
"""How many of one subject and kind of reason are kept whole: enough to see what is wrong, and a flood fills no disk."""

LONGEST_REASON = 500
"""What is longer is cut: it may quote what was sent."""


class ParkedMessage(NamedTuple):
    """`why` is the kind of the reason (metrics.counts.Parked), `reason` says it in words."""

    subject: str
    why: str
    reason: str
    body: bytes


class ParkedTally(NamedTuple):
    """So many of one kind of reason, the last one at that moment."""

    subject: str
    why: str
    messages: int
    last_at: datetime


_PARK = """
WITH given AS (
  SELECT *, row_number() OVER (PARTITION BY subject, why ORDER BY place) AS number
  FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[]) WITH ORDINALITY
    AS given (subject, why, reason, body, place)
), tallied AS (
  INSERT INTO parked_tally AS old (hour, subject, why, messages, last_at)
  SELECT date_trunc('hour', now(), 'UTC'), subject, why, count(*), now() FROM given
  GROUP BY subject, why ORDER BY subject, why
  ON CONFLICT (hour, subject, why)
    DO UPDATE SET messages = old.messages + excluded.messages, last_at = excluded.last_at
  RETURNING subject, why, messages
), before AS (
  SELECT subject, why, messages - (
    SELECT count(*) FROM given WHERE given.subject = tallied.subject AND given.why = tallied.why
  ) AS messages
  FROM tallied
)
INSERT INTO parked (subject, reason, body)
SELECT subject, reason, body FROM given JOIN before USING (subject, why)
WHERE before.messages + number <= $5 ORDER BY place
"""


async def park(db: Database, messages: Sequence[ParkedMessage]) -> None:
    """Raises StoreUnavailableError."""
    async with db.connection() as connection:
        await connection.execute(
            _PARK,
            [message.subject for message in messages],
            [message.why for message in messages],
            [_text(message.reason) for message in messages],
            [message.body for message in messages],
            KEPT_AN_HOUR,
        )


def _text(reason: str) -> str:
    """PostgreSQL takes neither a NUL nor half a surrogate pair, and a reason may quote what was sent."""
    return reason[:LONGEST_REASON].replace("\0", "\ufffd").encode(errors="replace").decode()


async def lately(connection: Connection, since: datetime, whys: Collection[str] | None = None) -> list[ParkedTally]:
    """What was put aside since then, from the beginning of that hour on: by subject and kind of reason (None is all),
    the latest first.
    """
    rows = await connection.fetch(
        "SELECT subject, why, sum(messages)::bigint AS messages, max(last_at) AS last_at FROM parked_tally"
        " WHERE hour >= date_trunc('hour', $1::timestamptz, 'UTC') AND ($2::text[] IS NULL OR why = ANY ($2))"
        " GROUP BY subject, why ORDER BY last_at DESC, subject, why",
        since,
        None if whys is None else list(whys),
    )
    return [ParkedTally(*row) for row in rows]


async def forget(connection: Connection, keep_days: int) -> None:
    """What was put aside longer ago than that."""
    await connection.execute("DELETE FROM parked WHERE parked_at < now() - make_interval(days => $1)", keep_days)
    await connection.execute("DELETE FROM parked_tally WHERE hour < now() - make_interval(days => $1)", keep_days)
