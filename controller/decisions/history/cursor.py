"""What a cursor of a history remembers: where the next page begins, and of whose and of which question. Pure."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import msgspec

from controller.decisions.history.history import Period, Position
from controller.errors import InvalidError
from shared.wire.rounds import Purpose, to_datetime, to_ms


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """Moments are milliseconds. `asked` is the fingerprint of the question it belongs to."""

    asked: str
    since_ms: int
    until_ms: int
    due_ms: int
    monitor_id: int
    location_id: int
    purpose: Purpose


def fingerprint(*asked: Any) -> str:
    """The same for the same things asked by somebody with the same reach, whatever the process."""
    return blake2b(msgspec.json.encode(asked), digest_size=16).hexdigest()


def cursor_at(asked: str, walked: Period, position: Position) -> Cursor:
    return Cursor(
        asked,
        to_ms(walked.since),
        to_ms(walked.until),
        to_ms(position.due_at),
        position.monitor_id,
        position.location_id,
        position.purpose,
    )


def resume(stored: object, asked: str) -> tuple[Period, Position]:
    """What a cursor says, decrypted. Raises InvalidError when it is none, or one of another question."""
    try:
        cursor = msgspec.convert(stored, Cursor)
    except msgspec.ValidationError:
        raise InvalidError("cursor", "is not one of this route's answers") from None
    if cursor.asked != asked:
        raise InvalidError("cursor", "belongs to another question: send it with the same parameters and token")
    walked = Period(to_datetime(cursor.since_ms), to_datetime(cursor.until_ms))
    due_at = to_datetime(cursor.due_ms)
    return walked, Position(due_at, cursor.monitor_id, cursor.location_id, cursor.purpose)
