"""How long the checks took on which a verdict change rests."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import msgspec

from controller.model.checks import CheckTiming
from controller.store.platform.pool import Connection
from shared.epoch import to_ms
from shared.wire.events import Evidence
from shared.wire.messages import PhaseTiming
from shared.wire.rounds import Purpose, check_id

_RETRIED_WITHIN = timedelta(minutes=5)
"""A vote may rest on a retry of the round's check."""
_MOST = 500


async def timings_of(
    connection: Connection, monitor_id: int, public_id: UUID, evidence: Evidence | None
) -> dict[UUID, CheckTiming]:
    """By the id of the check; without those that left no result."""
    voting = {vote.check_id: vote.location for vote in evidence.votes if vote.check_id} if evidence else {}
    if evidence is None or not voting:
        return {}
    rows = await connection.fetch(
        """
        SELECT result.due_at, location.code, result.purpose, result.duration_ms,
          COALESCE(phases, unfolded_phases(phase_names, phase_codes, phase_gaps))
        FROM results_of($1, $2, $3::timestamptz + interval '1 millisecond') AS result
        JOIN location ON location.id = result.location_id
        WHERE result.purpose <> 'triggered' AND location.code = ANY ($4)
        ORDER BY result.due_at LIMIT $5
        """,
        monitor_id,
        evidence.due_at,
        evidence.due_at + _RETRIED_WITHIN,
        list(voting.values()),
        _MOST,
    )
    found = {
        check_id(public_id, to_ms(due_at), code, Purpose(purpose)): (duration_ms, phases)
        for due_at, code, purpose, duration_ms, phases in rows
    }
    return {
        check: CheckTiming(duration_ms, msgspec.convert(phases, list[PhaseTiming]))
        for check, (duration_ms, phases) in found.items()
        if check in voting
    }
