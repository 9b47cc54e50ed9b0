"""End the streams of those who may not see any more what they see: all open streams with one look at the database.

While the database is away nobody can take anything from anybody, and streams go on.
"""

from __future__ import annotations

from controller.decisions.access import GLOBAL
from controller.model import Principal
from controller.store.accounts.access import holders
from controller.store.platform.pool import Database
from controller.streaming.frames import EndReason
from controller.streaming.hub import Room

REVIEW_SECONDS = 2.0


async def review(database: Database, room: Room) -> None:
    """Raises StoreUnavailableError."""
    streams = room.streams()
    if not streams:
        return
    now = await holders(database, {stream.holder.credential for stream in streams})
    for stream in streams:
        holder = now.get(stream.holder.credential)
        if holder is None:
            stream.end(EndReason.REVOKED)
        elif not same_access(stream.holder.principal, holder):
            stream.end(EndReason.ACCESS_CHANGED)


def same_access(then: Principal, now: Principal) -> bool:
    """Whether who opened a stream may still see the same. Those who see every organization named the one they meant."""
    if (then.role, then.customer_ids) != (now.role, now.customer_ids):
        return False
    return now.role in GLOBAL or then.works_in == now.works_in
