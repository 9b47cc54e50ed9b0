"""Events that were decided in a transaction: written there, numbered and published from here, and then kept for replay.
Each reaches EVENTS once even when a controller dies in between: a repeat has the same message id and number.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple
from uuid import UUID

from controller.store.platform import locks
from controller.store.platform.pool import Connection, Database
from shared.wire import subjects

_FROZEN_SECONDS = 60
_AT_ONCE = 1000
"""The parameters of so many events are encoded on the event loop within a few milliseconds."""

_NUMBER = """
WITH waiting AS (
  SELECT id, COALESCE(NULLIF(split_part(subject, '.', 4), $2), split_part(subject, '.', 3))::uuid AS owner
  FROM event_outbox WHERE sequence IS NULL ORDER BY id LIMIT $1
), taken AS (
  INSERT INTO event_sequence (owner, last)
  SELECT owner, count(*) FROM waiting GROUP BY owner ORDER BY owner
  ON CONFLICT (owner) DO UPDATE SET last = event_sequence.last + EXCLUDED.last
  RETURNING owner, last
), numbered AS (
  SELECT id, last - count(*) OVER (PARTITION BY owner) + row_number() OVER (PARTITION BY owner ORDER BY id) AS sequence
  FROM waiting JOIN taken USING (owner)
)
UPDATE event_outbox SET sequence = numbered.sequence FROM numbered WHERE event_outbox.id = numbered.id
"""

_KEEP = """
WITH published AS (
  DELETE FROM event_outbox WHERE id = ANY ($1::bigint[])
)
INSERT INTO kept_event (organization, subject, body)
SELECT split_part(subject, '.', 3)::uuid, subject, body FROM unnest($2::text[], $3::bytea[]) AS kept (subject, body)
"""


class NewEvent(NamedTuple):
    """An event to publish: `body` is a JSON object, as shared.wire.json_times encodes it."""

    message_id: UUID
    subject: str
    body: bytes


class Outgoing(NamedTuple):
    """An event that waits to be published; its body has its number."""

    id: int
    message_id: UUID
    subject: str
    body: bytes


async def insert(connection: Connection, events: Sequence[NewEvent]) -> None:
    """Have these events published, in this order, once the transaction of the connection has committed."""
    for first in range(0, len(events), _AT_ONCE):
        some = events[first : first + _AT_ONCE]
        await connection.execute(
            "INSERT INTO event_outbox (message_id, subject, body)"
            " SELECT * FROM unnest($1::uuid[], $2::text[], $3::bytea[])",
            *(list(column) for column in zip(*some, strict=True)),
        )


@asynccontextmanager
async def unpublished_events(db: Database, at_most: int) -> AsyncIterator[tuple[Connection, list[Outgoing]]]:
    """The oldest unpublished events, and the connection to remove them with. None while another controller publishes,
    so that the events of a monitor are published in order. Raises StoreUnavailableError.

    A controller that freezes inside the block loses its transaction.
    """
    await _number(db, at_most)
    async with db.transaction() as connection:
        waiting = await connection.fetchval("SELECT EXISTS (SELECT FROM event_outbox WHERE sequence IS NOT NULL)")
        if not waiting or not await _alone(connection):
            yield connection, []
            return
        rows = await connection.fetch(
            "SELECT id, message_id, subject, body, sequence FROM event_outbox WHERE sequence IS NOT NULL"
            " ORDER BY id LIMIT $1",
            at_most,
        )
        yield connection, [_outgoing(*row) for row in rows]


async def remove(connection: Connection, published: Sequence[Outgoing]) -> None:
    """Remove events that the broker has, and keep those that a replay needs: gaps are kept as such."""
    kept = [event for event in published if subjects.parts_of_event(event.subject)[3] != "gap"]
    await connection.execute(
        _KEEP, [event.id for event in published], [event.subject for event in kept], [event.body for event in kept]
    )


async def _number(db: Database, at_most: int) -> None:
    """Give the oldest events their numbers, in a transaction that ends before any of them is published."""
    async with db.transaction() as connection:
        waiting = await connection.fetchval("SELECT EXISTS (SELECT FROM event_outbox WHERE sequence IS NULL)")
        if waiting and await _alone(connection):
            await connection.execute(_NUMBER, at_most, subjects.NOBODY)


async def _alone(connection: Connection) -> bool:
    """Whether no other controller publishes until this transaction ends."""
    if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", locks.EVENT_RELAY):
        return False
    await connection.execute(
        "SELECT set_config('idle_in_transaction_session_timeout', $1, true)", f"{_FROZEN_SECONDS}s"
    )
    return True


def _outgoing(number: int, message_id: UUID, subject: str, body: bytes, sequence: int) -> Outgoing:
    return Outgoing(number, message_id, subject, b'%b,"sequence":%d}' % (body[:-1], sequence))
