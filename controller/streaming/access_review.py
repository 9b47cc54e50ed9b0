"""Ends the streams of clients whose access has changed. One query checks the holders of all open streams.

While the database is unavailable nobody's access can change, so streams go on.
"""

from __future__ import annotations

from controller.decisions.access import GLOBAL
from controller.model import Principal
from controller.store.accounts.access import principals_of
from controller.store.platform.pool import Database
from controller.streaming.frames import EndReason
from controller.streaming.hub import StreamHub

REVIEW_SECONDS = 2.0


async def review(database: Database, hub: StreamHub) -> None:
    """End every stream whose credential is invalid or whose access changed. Raises StoreUnavailableError."""
    streams = hub.streams()
    if not streams:
        return
    now = await principals_of(database, {stream.holder.credential for stream in streams})
    for stream in streams:
        holder = now.get(stream.holder.credential)
        if holder is None:
            stream.end(EndReason.REVOKED)
        elif not same_access(stream.holder.principal, holder):
            stream.end(EndReason.ACCESS_CHANGED)


def same_access(then: Principal, now: Principal) -> bool:
    """Whether a stream's holder may still see the same. A global role keeps the organization named at the opening."""
    if (then.role, then.customer_ids) != (now.role, now.customer_ids):
        return False
    return now.role in GLOBAL or then.works_in == now.works_in
