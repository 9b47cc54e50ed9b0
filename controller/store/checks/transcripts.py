"""The dialogues of stored results. A check in a block has none."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from controller.decisions.history.history import Position
from controller.store.platform.pool import Database
from shared.wire.messages import TranscriptLine
from shared.wire.rounds import Purpose

_OF_RESULTS = """
SELECT due_at, monitor_id, location_id, purpose, transcript FROM result
JOIN unnest($1::timestamptz[], $2::bigint[], $3::int[], $4::check_purpose[])
  AS named (due_at, monitor_id, location_id, purpose) USING (due_at, monitor_id, location_id, purpose)
WHERE transcript IS NOT NULL
"""


async def of_results(database: Database, results: Sequence[Position]) -> dict[Position, list[TranscriptLine]]:
    """By position; a result without a dialogue is not in it."""
    if not results:
        return {}
    async with database.connection() as connection:
        rows = await connection.fetch(_OF_RESULTS, *map(list, zip(*results, strict=True)))
    return {
        Position(due_at, monitor, location, Purpose(purpose)): msgspec.convert(transcript, list[TranscriptLine])
        for due_at, monitor, location, purpose, transcript in rows
    }
