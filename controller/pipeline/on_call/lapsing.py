"""Announce that acknowledgements ended while their incidents are open: in the timeline and on the stream, once each.
Reminders and escalation steps follow by themselves (pipeline.on_call.waiting).
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from controller.store.incidents import acknowledging, events, lapses
from controller.store.platform.pool import Database, StoreUnavailableError

log = structlog.get_logger()

LAPSES_SECONDS = 1.0
_MOST = 200
"""So many are announced in one transaction."""


async def announce_lapses(db: Database) -> int:
    """Announce those that are due and return how many. One that cannot be is logged and tried again. Raises
    StoreUnavailableError.
    """
    made = last = 0
    while found := await lapses.lapsed(db, _MOST, after=last):
        made += await _announce(db, found)
        last = found[-1]
    return made


async def _announce(db: Database, incident_ids: Sequence[int]) -> int:
    """All in one transaction, or when that fails each in its own."""
    try:
        async with db.transaction() as connection:
            await acknowledging.lock_monitors(connection, incident_ids)
            written = await lapses.write_lapses(connection, incident_ids)
            await events.insert_incident_events(connection, written)
    except StoreUnavailableError:
        raise
    except Exception:
        if len(incident_ids) > 1:
            return sum([await _announce(db, [one]) for one in incident_ids])
        log.exception("lapse_failed", incident_id=incident_ids[0])
        return 0
    return len(written)
