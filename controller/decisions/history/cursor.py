"""The content of a cursor of a history: where the next page begins, and to which query and caller it belongs. Pure."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import msgspec

from controller.decisions.history.history import Period, Position
from controller.errors import InvalidError
from shared.epoch import to_datetime, to_ms
from shared.wire.rounds import Purpose


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """Moments are milliseconds. `query` is the fingerprint of the query that the cursor belongs to."""

    query: str
    since_ms: int
    until_ms: int
    due_ms: int
    monitor_id: int
    location_id: int
    purpose: Purpose


def fingerprint(*query: Any) -> str:
    """The same for the same query by a caller with the same access, in every process."""
    return blake2b(msgspec.json.encode(query), digest_size=16).hexdigest()


def cursor_at(query: str, walked: Period, position: Position) -> Cursor:
    return Cursor(
        query,
        to_ms(walked.since),
        to_ms(walked.until),
        to_ms(position.due_at),
        position.monitor_id,
        position.location_id,
        position.purpose,
    )


def resume(stored: object, query: str) -> tuple[Period, Position]:
    """The content of a decrypted cursor. Raises InvalidError when it is no cursor, or one of another query."""
    try:
        cursor = msgspec.convert(stored, Cursor)
    except msgspec.ValidationError:
        raise InvalidError("cursor", "must be the nextCursor of an answer of this route") from None
    if cursor.query != query:
        raise InvalidError("cursor", "belongs to another query: send it with the same parameters and token")
    walked = Period(to_datetime(cursor.since_ms), to_datetime(cursor.until_ms))
    due_at = to_datetime(cursor.due_ms)
    return walked, Position(due_at, cursor.monitor_id, cursor.location_id, cursor.purpose)
